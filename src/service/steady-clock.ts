// The clock of limits: one that nobody sets.

const { timeOrigin } = performance

/**
 * Tells the time as a process does that looked at the clock once, when it began, and has counted since.
 *
 * @returns unix milliseconds; never less than before
 */
export function steadyClock(): number {
  return Math.floor(timeOrigin + performance.now())
}
