// Makes Rekey's own users table from the migrations in `drizzle/`, once each.

import { fileURLToPath } from 'node:url'
import { sql } from 'drizzle-orm'
import { migrate } from 'drizzle-orm/postgres-js/migrator'
import type { Database } from './database.ts'

/** Where it is written down which migrations ran, beside the host's tables and out of their way. */
const JOURNAL = { migrationsSchema: 'rekey', migrationsTable: 'migrations' }

/**
 * Brings the table up to date. Does nothing to a table of that name that it did not make.
 *
 * @returns false when there is such a table
 * @throws Error when it made the table once, and somebody has dropped it since
 */
export async function migrateOwnTable({ db }: Database, directory: URL): Promise<boolean> {
  const [before] = await db.execute<{ isForeign: boolean }>(sql`
    SELECT to_regclass('users') IS NOT NULL AND to_regclass('rekey.migrations') IS NULL
      AS "isForeign"`)
  if (before?.isForeign) return false
  await migrate(db, { migrationsFolder: fileURLToPath(directory), ...JOURNAL })
  const [after] = await db.execute<{ isGone: boolean }>(
    sql`SELECT to_regclass('users') IS NULL AS "isGone"`,
  )
  if (after?.isGone) {
    throw new Error('it was made once and is gone: DROP SCHEMA rekey CASCADE, then migrate again')
  }
  return true
}
