// Says in words why the database cannot be used, to those who run a command.

import { type FailureWords, findWords } from './failure-words.ts'
import { describeFailure, nameFailure } from './failures.ts'

/** What it is, by its code, and what to do about it. */
export function explainFailure(error: unknown): FailureWords {
  const code = nameFailure(error)
  const words = findWords(code)
  if (words) return { says: `${code}, ${words.says}`, remedy: words.remedy }
  return {
    says: describeFailure(error),
    remedy: 'look the code up, and correct DATABASE_URL or the server',
  }
}

/** The same in a line. */
export function explainFailureInLine(error: unknown): string {
  const { says, remedy } = explainFailure(error)
  return `${says} -> ${remedy}`
}
