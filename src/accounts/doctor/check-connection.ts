// Whether the database answers, and is one that can be written.

import { sql } from 'drizzle-orm'
import { type Finding, reportFault, reportOk, reportWarning } from '../../core/finding.ts'
import type { Database } from '../database.ts'
import { explainFailure } from '../explain-failure.ts'
import { READ_ONLY } from '../read-only.ts'

const NAME = 'connection'
const OLDEST = 13

/** @returns findings; with a fault nothing else can be asked of the database */
export async function checkConnection(database: Database): Promise<Finding[]> {
  const { db, limitsStatements } = database
  let facts: { version: number; isReadOnly: boolean; timeout: string; role: string } | undefined
  try {
    await database.findServer()
    const rows = await db.execute<NonNullable<typeof facts>>(sql`
      SELECT current_setting('server_version_num')::int / 10000 AS version,
        current_setting('transaction_read_only') = 'on' AS "isReadOnly",
        current_setting('statement_timeout') AS timeout, quote_ident(current_user) AS role`)
    facts = rows[0]
  } catch (error) {
    const { says, remedy } = explainFailure(error)
    return [reportFault(NAME, `the database cannot be used: ${says}`, remedy)]
  }
  if (!facts)
    return [
      reportFault(NAME, 'the database gives no answer', 'name a PostgreSQL server in DATABASE_URL'),
    ]
  const { version, isReadOnly, timeout, role } = facts
  if (version < OLDEST) {
    const says = `PostgreSQL ${version} is older than what Rekey needs`
    return [reportFault(NAME, says, `upgrade to ${OLDEST} or newer`)]
  }
  if (isReadOnly) return [READ_ONLY]
  const answers = reportOk(NAME, `PostgreSQL ${version} answers, and can be written`)
  if (limitsStatements || timeout !== '0') return [answers]
  const says =
    'no statement that takes too long is ended: with DATABASE_PREPARE=false Rekey sets no limit itself'
  const remedy = `ALTER ROLE ${role} SET statement_timeout = '4s'`
  return [answers, reportWarning('statement-timeout', says, remedy)]
}
