// Gathers the faults of variables, so that all of them are reported at once.

import { messageOf } from '../errors.ts'
import type { Environment } from './environment.ts'

export interface Judge {
  /** Makes something of a variable; what it returns for one at fault is never used. */
  readonly attempt: <T>(name: keyof Environment, make: () => T) => T
  readonly check: (name: keyof Environment, isRight: boolean, expected: string) => void
}

/** @param faults by name, to which those are added that are found; the first of a variable counts */
export function createJudge(faults: Map<string, string>): Judge {
  const attempt = <T>(name: keyof Environment, make: () => T): T => {
    try {
      if (!faults.has(name)) return make()
    } catch (error) {
      faults.set(name, messageOf(error))
    }
    return undefined as T
  }
  return {
    attempt,
    check: (name, isRight, expected) =>
      attempt(name, () => {
        if (!isRight) throw new TypeError(expected)
      }),
  }
}
