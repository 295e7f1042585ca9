// Whether several accounts have one address.

import { sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { type Finding, reportOk, reportWarning } from '../../core/finding.ts'
import { nameFailure } from '../failures.ts'
import { conditionSql, tableSql, type UsersMapping } from '../mapping.ts'

const NAME = 'duplicate-addresses'
const STATEMENT_TIMED_OUT = '57014'

/**
 * Addresses that differ in ASCII letter case only are one, as they are for the look-up. Accounts that
 * are not eligible get no mail, and may share them.
 */
export async function checkDuplicates(
  db: PostgresJsDatabase,
  mapping: UsersMapping,
): Promise<Finding[]> {
  const query = sql`
    SELECT count(*)::int AS count FROM (
      SELECT FROM ${tableSql(mapping)}
      WHERE ${sql.identifier(mapping.emailAddress)} IS NOT NULL AND ${conditionSql(mapping.eligibleSql)}
      GROUP BY lower(${sql.identifier(mapping.emailAddress)}::text COLLATE "C") HAVING count(*) > 1
    ) AS shared`
  try {
    // A pooler may have dropped the limit that connections are opened with.
    const [row] = await db.transaction(async (transaction) => {
      await transaction.execute(sql`SET LOCAL statement_timeout = '10s'`)
      return transaction.execute<{ count: number }>(query)
    })
    const count = row?.count ?? 0
    if (count === 0) return [reportOk(NAME, 'no two accounts share an address')]
    const says = `${count} addresses are those of several accounts, when letter case does not count: each of these accounts, five at most, gets a mail of its own`
    const remedy = 'merge them and add a unique index on lower(address), or leave it so'
    return [reportWarning(NAME, says, remedy)]
  } catch (error) {
    if (nameFailure(error) !== STATEMENT_TIMED_OUT) throw error
    const says = 'there are too many addresses to compare them in ten seconds'
    const remedy = 'see that a unique index on lower(address) rules duplicates out'
    return [reportOk(NAME, says, remedy)]
  }
}
