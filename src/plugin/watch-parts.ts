// Asks parts of an application's own: waits only so long, and says in the log what fails.

import type { FastifyBaseLogger } from 'fastify'
import { withDeadline } from '../deadline.ts'
import { RekeyError } from '../errors.ts'

const RETRY_AFTER_SECONDS = 5
const ANSWER_MS = 10_000

export interface Watch {
  /** Waits for a part's answer. @throws RekeyError `unavailable` when there is none */
  ask<T>(part: string, work: () => T | PromiseLike<T>): Promise<T>
  /** The same for an answer that is there at once. @param judge throws for one that is none */
  askAtOnce<T>(part: string, work: () => T, judge?: (answer: T) => void): T
  /** Says in the log that a part fails. */
  report(part: string, err: unknown): void
}

/** Makes what watches over parts. What fails is logged without its message, which may hold anything. */
export function watchParts(logger: FastifyBaseLogger): Watch {
  const report: Watch['report'] = (part, err) =>
    logger.error({ part, err }, 'a part of the application fails')
  const refuse = (part: string, err: unknown) => {
    report(part, err)
    const options = { retryAfterSeconds: RETRY_AFTER_SECONDS, cause: err }
    return new RekeyError('unavailable', `${part} fails`, options)
  }
  return {
    report,
    async ask(part, work) {
      try {
        const answer = Promise.resolve().then(work)
        return await withDeadline(answer, ANSWER_MS)
      } catch (error) {
        throw refuse(part, error)
      }
    },
    askAtOnce(part, work, judge) {
      try {
        const answer = work()
        if (answer instanceof Promise) {
          // One that nobody waits for ends the process where it rejects.
          answer.catch(() => {})
          throw new TypeError('a promise, and no answer')
        }
        judge?.(answer)
        return answer
      } catch (error) {
        throw refuse(part, error)
      }
    },
  }
}
