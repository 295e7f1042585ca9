// Tells the texts that can be an id from all others.

import { sql } from 'drizzle-orm'
import type { Database } from './database.ts'
import { asUnavailable, isRowFault } from './failures.ts'

/**
 * Asks the database whether it takes a text for an id, of whichever row.
 *
 * @param idType the SQL type of ids
 * @throws RekeyError `unavailable`
 */
export async function isIdText(
  { db, read }: Pick<Database, 'db' | 'read'>,
  idType: string,
  text: string,
): Promise<boolean> {
  try {
    await read(() => db.execute(sql`SELECT ${text}::text::${sql.raw(idType)}`))
    return true
  } catch (error) {
    if (isRowFault(error)) return false
    throw asUnavailable(error)
  }
}
