// Gives the driver no more statements than it has connections, so that one which was given up while
// it waited is never run later.

import { withDeadline } from '../deadline.ts'

/**
 * Runs a statement as soon as a connection is free for it.
 *
 * @param limitMs how long it may wait for its turn and its answer together, where less than usual
 */
export type StatementLine = <T>(statement: () => Promise<T>, limitMs?: number) => Promise<T>

/**
 * Makes a line.
 *
 * @param connections how many statements may be with the driver at once
 * @param usualLimitMs how long one waits for its turn and its answer together. Nobody knows then
 *   whether one that had its turn has run
 */
export function createStatementLine(connections: number, usualLimitMs: number): StatementLine {
  let free = connections
  const waiting = new Set<() => void>()

  const takeTurn = (waitMs: number) =>
    new Promise<void>((resolve, reject) => {
      const giveUp = () => {
        waiting.delete(enter)
        reject(new Error('no connection is free'))
      }
      const timer = setTimeout(giveUp, waitMs)
      const enter = () => {
        waiting.delete(enter)
        clearTimeout(timer)
        resolve()
      }
      waiting.add(enter)
    })
  const leave = () => {
    const [enter] = waiting
    // Whoever leaves hands its place over, so `free` stays as it is.
    if (enter) enter()
    else free += 1
  }

  return async (statement, limitMs = usualLimitMs) => {
    let leftMs = limitMs
    if (free > 0) free -= 1
    else {
      const begun = performance.now()
      await takeTurn(limitMs)
      leftMs -= performance.now() - begun
    }
    const answer = statement()
    // However late it comes: until then the statement has its connection.
    answer.then(leave, leave)
    return withDeadline(answer, Math.max(leftMs, 0))
  }
}
