// Reaches the database, however long it takes, and finds out whether the mapping fits.

import type { Database } from './database.ts'
import { inspectAtStart } from './inspect-accounts.ts'
import type { Inspection } from './inspect-table.ts'
import type { UsersMapping } from './mapping.ts'

const RETRY_MS = 1000

/**
 * Tries until the database answers or `signal` says to stop. Of several servers it ends at one that can
 * be written, if there is one now.
 *
 * @param onFailure is given what the driver threw at each try
 * @returns undefined when it was told to stop
 */
export async function reachTable(
  database: Pick<Database, 'probe' | 'aside'>,
  mapping: UsersMapping,
  signal: AbortSignal,
  onFailure: (error: unknown) => void,
): Promise<Inspection | undefined> {
  while (!signal.aborted) {
    try {
      await database.probe()
      const { db, close } = database.aside()
      return await inspectAtStart(db, mapping).finally(close)
    } catch (error) {
      if (signal.aborted) return undefined
      onFailure(error)
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
    }
  }
  return undefined
}
