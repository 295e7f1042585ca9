// Gathers the faults of variables, so that all of them are reported at once.

import { messageOf } from '../errors.ts'
import type { Environment } from './environment.ts'

type Name = keyof Environment

export interface Judge {
  /** Makes something of a variable; what it returns for one at fault is never used. */
  readonly attempt: <T>(name: Name, make: () => T) => T
  /**
   * @param name the variable whose fault it is, and behind it those that the rule depends on: while one
   *   of these cannot be read, nobody knows whether the rule is kept
   */
  readonly check: (
    name: Name | readonly [Name, ...Name[]],
    isRight: boolean,
    expected: string,
  ) => void
}

/** @param faults of reading, by name, to which those are added that are found; the first of a variable counts */
export function createJudge(faults: Map<string, string>): Judge {
  const unreadable = new Set(faults.keys())
  const attempt = <T>(name: Name, make: () => T): T => {
    try {
      if (!faults.has(name)) return make()
    } catch (error) {
      faults.set(name, messageOf(error))
    }
    return undefined as T
  }
  return {
    attempt,
    check: (names, isRight, expected) => {
      const [name, ...others] = [names].flat() as [Name, ...Name[]]
      if (isRight || others.some((other) => unreadable.has(other))) return
      attempt(name, () => {
        throw new TypeError(expected)
      })
    },
  }
}
