// Bounds a wait for work, which itself goes on.

const OVERDUE = 'no answer in time'

/** Says whether something was thrown because work took longer than `withDeadline` allows. */
export function isOverdue(error: unknown): boolean {
  return error instanceof Error && error.message === OVERDUE
}

/** How long a request waits for the database, all in all: so it is answered within five seconds. */
const REPLY_MS = 4900

/** Starts the `Deadline` of a reply, as the ports have it. */
export function startDeadline(ms = REPLY_MS) {
  let endsAt = performance.now() + ms
  return {
    leftMs: () => endsAt - performance.now(),
    async exempt<T>(work: Promise<T>): Promise<T> {
      const begun = performance.now()
      try {
        return await work
      } finally {
        endsAt += performance.now() - begun
      }
    },
  }
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
