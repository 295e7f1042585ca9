// Bounds the wait for an answer.

/**
 * Settles as the work does, but not later than the deadline. The work itself goes on.
 *
 * @throws Error when there is no answer in time
 */
export function withDeadline<T>(work: Promise<T>, ms: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('no answer in time')), ms)
  })
  return Promise.race([work, tooLate]).finally(() => clearTimeout(timer))
}
