// How many hashes are made at once, and how many may wait for it.

import { RekeyError } from '../errors.ts'

/** Runs work a few at a time, in order. */
export interface HashLine {
  /** @throws RekeyError `unavailable` when the line is full */
  run<T>(work: () => Promise<T>): Promise<T>
}

/**
 * Makes a line.
 *
 * @param atOnce as many as the machine has cores: more would only make all of them slower
 * @param mayWait beyond that, work is refused
 */
export function createHashLine(atOnce: number, mayWait: number): HashLine {
  let running = 0
  const waiting: (() => void)[] = []
  return {
    async run(work) {
      if (running < atOnce) {
        running += 1
      } else if (waiting.length < mayWait) {
        // Whoever finishes hands its place over, so `running` stays as it is.
        await new Promise<void>((resolve) => waiting.push(resolve))
      } else {
        throw new RekeyError('unavailable', 'the hashing line is full', { retryAfterSeconds: 2 })
      }
      try {
        return await work()
      } finally {
        const next = waiting.shift()
        if (next) next()
        else running -= 1
      }
    },
  }
}
