// How long an ending process waits for the work that it has accepted.

/** Waits until the work is done, or the time is over. */
export async function waitWithin(seconds: number, work: Promise<unknown>): Promise<void> {
  const { promise: over, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, seconds * 1000)
  try {
    await Promise.race([work, over])
  } finally {
    clearTimeout(timer)
  }
}
