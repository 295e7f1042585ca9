// The monotonic clock of the limits: setting the system's clock does not move it.

const { timeOrigin } = performance

/**
 * Tells the time at which the process began, plus what has passed since.
 *
 * @returns unix milliseconds; never less than before
 */
export function steadyClock(): number {
  return Math.floor(timeOrigin + performance.now())
}
