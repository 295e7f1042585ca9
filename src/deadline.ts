// Bounds a wait for work, which itself goes on.

const OVERDUE = 'no answer in time'

/** Says whether something was thrown because work took longer than `withDeadline` allows. */
export function isOverdue(error: unknown): boolean {
  return error instanceof Error && error.message === OVERDUE
}

/** How long a request waits for its answer, by default: with all around it, it is answered within five seconds. */
const REPLY_MS = 4900

/** @returns how long is left, in milliseconds, which is less than nothing once the time is over */
export function startDeadline(ms = REPLY_MS): { leftMs(): number } {
  const endsAt = performance.now() + ms
  return { leftMs: () => endsAt - performance.now() }
}

/**
 * Settles as the work does, or rejects when it takes longer.
 *
 * @throws Error when there is no answer in time
 */
export async function withDeadline<T>(work: Promise<T>, ms: number): Promise<T> {
  const { promise: tooLate, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(OVERDUE)), ms)
  try {
    return await Promise.race([work, tooLate])
  } finally {
    clearTimeout(timer)
  }
}

/** Settles as the work does, or with nothing when it takes longer. */
export async function waitWithin(work: Promise<void>, ms: number): Promise<void> {
  const { promise: over, resolve } = Promise.withResolvers<void>()
  const timer = setTimeout(resolve, ms)
  try {
    await Promise.race([work, over])
  } finally {
    clearTimeout(timer)
  }
}
