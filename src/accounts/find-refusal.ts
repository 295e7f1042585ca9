// Turns PostgreSQL's refusal of a statement into a fault of the mapping.

import type { Finding } from '../core/finding.ts'
import { describeFailure, isRefusal, nameFailure } from './failures.ts'

const LACKS_RIGHT = '42501'

/**
 * Tries a statement.
 *
 * @param report makes the fault of what PostgreSQL says, and of whether a right is what is missing
 * @returns the fault, if there is one
 * @throws whatever the driver throws that is no refusal
 */
export async function findRefusal(
  statement: () => Promise<unknown>,
  report: (failure: string, lacksRight: boolean) => Finding,
): Promise<Finding[]> {
  try {
    await statement()
    return []
  } catch (error) {
    if (!isRefusal(error)) throw error
    return [report(describeFailure(error), nameFailure(error) === LACKS_RIGHT)]
  }
}
