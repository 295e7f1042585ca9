// Whether several accounts have one address, and whether any account may reset its password at all.

import { sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { type Finding, reportOk, reportWarning } from '../../core/finding.ts'
import { nameFailure } from '../database.ts'
import { conditionSql, tableSql, type UsersMapping } from '../mapping.ts'

const STATEMENT_TIMED_OUT = '57014'

/** Addresses that differ in ASCII letter case only are one, as they are for the look-up. */
export async function checkDuplicates(
  db: PostgresJsDatabase,
  mapping: UsersMapping,
): Promise<Finding[]> {
  const name = 'duplicate-addresses'
  const query = sql`
    SELECT count(*)::int AS count FROM (
      SELECT FROM ${tableSql(mapping)} WHERE ${sql.identifier(mapping.emailAddress)} IS NOT NULL
      GROUP BY lower(${sql.identifier(mapping.emailAddress)}::text COLLATE "C") HAVING count(*) > 1
    ) AS shared`
  try {
    // A pooler may have dropped the limit that connections are opened with.
    const [row] = await db.transaction(async (transaction) => {
      await transaction.execute(sql`SET LOCAL statement_timeout = '10s'`)
      return transaction.execute<{ count: number }>(query)
    })
    const count = row?.count ?? 0
    if (count === 0) return [reportOk(name, 'no two accounts share an address')]
    const says = `${count} addresses are those of several accounts, when letter case does not count: each of these accounts, five at most, gets a mail of its own`
    const remedy = 'merge them and add a unique index on lower(address), or leave it so'
    return [reportWarning(name, says, remedy)]
  } catch (error) {
    if (nameFailure(error) !== STATEMENT_TIMED_OUT) throw error
    const says = 'there are too many addresses to compare them in ten seconds'
    return [reportOk(name, says, 'a unique index on lower(address) rules duplicates out')]
  }
}

/** @param sampleSize how many rows are looked at */
export async function checkEligibility(
  db: PostgresJsDatabase,
  mapping: UsersMapping,
  sampleSize: number,
): Promise<Finding[]> {
  const name = 'eligibility'
  if (mapping.eligibleSql === undefined) return [reportOk(name, 'every account may reset')]
  const [row] = await db.execute<{ all: number; eligible: number }>(sql`
    SELECT count(*)::int AS all, (count(*) FILTER (WHERE eligible))::int AS eligible FROM (
      SELECT ${conditionSql(mapping.eligibleSql)} AS eligible FROM ${tableSql(mapping)}
      LIMIT ${sampleSize}) AS sample`)
  const { all = 0, eligible = 0 } = row ?? {}
  const says = `${eligible} of ${all} accounts may reset their passwords`
  return all > 0 && eligible === 0
    ? [reportWarning(name, says, 'correct USERS_ELIGIBLE_SQL, unless this is meant')]
    : [reportOk(name, says)]
}
