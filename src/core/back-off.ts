// How long to wait before something is tried again.

import { randomInt } from 'node:crypto'

/**
 * Twice as long after each failure, up to a bound, and up to half as long again by chance, so that what
 * failed together is not tried together.
 *
 * @param failures in a row, at least one
 * @param firstMs after the first one
 * @param longestMs before chance comes in
 * @returns milliseconds
 */
export function backOffMs(failures: number, firstMs: number, longestMs: number): number {
  const grownMs = firstMs * 2 ** (failures - 1)
  return Math.min(grownMs, longestMs) * (1 + randomInt(1000) / 2000)
}
