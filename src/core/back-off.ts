// How long to wait before something is tried again.

import { randomInt } from 'node:crypto'

/**
 * Twice as long after each failure, and up to half as long again by chance, so that what failed together
 * is not tried together.
 *
 * @param failures in a row, at least one
 * @param firstMs the least after the first one
 * @param longestMs never longer, whatever chance says
 * @returns milliseconds
 */
export function backOffMs(failures: number, firstMs: number, longestMs: number): number {
  const mostMs = Math.min(firstMs * 2 ** (failures - 1) * 1.5, longestMs)
  return mostMs * (1 - randomInt(1000) / 3000)
}
