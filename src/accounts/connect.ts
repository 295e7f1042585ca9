// Reaches the database, however long it takes, and finds out whether the mapping fits.

import { inspectTable, type TableFacts } from './catalogue.ts'
import { type Database, describeFailure, withDeadline } from './database.ts'
import type { UsersMapping } from './mapping.ts'

const RETRY_MS = 1000

/**
 * Tries until the database answers or `signal` says to stop.
 *
 * @param onFailure is told of each failed try, without anything secret
 * @returns undefined when it was told to stop
 */
export async function reachTable(
  { db }: Database,
  mapping: UsersMapping,
  signal: AbortSignal,
  onFailure: (reason: string) => void,
): Promise<TableFacts | undefined> {
  while (!signal.aborted) {
    try {
      return await withDeadline(inspectTable(db, mapping))
    } catch (error) {
      if (signal.aborted) return undefined
      onFailure(describeFailure(error))
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
    }
  }
  return undefined
}
