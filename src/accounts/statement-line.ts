// Gives the driver no more statements than it has connections, so that one which was given up while
// it waited is never run later.

import { withDeadline } from '../deadline.ts'

/**
 * Runs a statement as soon as a connection is free for it.
 *
 * @param answerMs where it takes longer than others may
 */
export type StatementLine = <T>(statement: () => Promise<T>, answerMs?: number) => Promise<T>

/**
 * Makes a line.
 *
 * @param connections how many statements may be with the driver at once
 * @param waitMs how long one waits for its turn before it is given up
 * @param usualAnswerMs how long one waits for its answer; nobody knows then whether it has run
 */
export function createStatementLine(
  connections: number,
  waitMs: number,
  usualAnswerMs: number,
): StatementLine {
  let free = connections
  const waiting = new Set<() => void>()

  const takeTurn = () =>
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

  return async (statement, answerMs = usualAnswerMs) => {
    if (free > 0) free -= 1
    else await takeTurn()
    const answer = statement()
    // However late it comes: until then the statement has its connection.
    answer.then(leave, leave)
    return withDeadline(answer, answerMs)
  }
}
