// Whether any account may reset its password at all.

import { sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { type Finding, reportOk, reportWarning } from '../../core/finding.ts'
import { conditionSql, tableSql, type UsersMapping } from '../mapping.ts'

const NAME = 'eligibility'

/** @param sampleSize how many rows are looked at */
export async function checkEligibility(
  db: PostgresJsDatabase,
  mapping: UsersMapping,
  sampleSize: number,
): Promise<Finding[]> {
  if (mapping.eligibleSql === undefined) return [reportOk(NAME, 'every account may reset')]
  const [row] = await db.execute<{ all: number; eligible: number }>(sql`
    SELECT count(*)::int AS all, (count(*) FILTER (WHERE eligible))::int AS eligible FROM (
      SELECT ${conditionSql(mapping.eligibleSql)} AS eligible FROM ${tableSql(mapping)}
      LIMIT ${sampleSize}) AS sample`)
  const { all = 0, eligible = 0 } = row ?? {}
  const says = `of ${all} accounts that were looked at, ${eligible} may reset their passwords`
  return all > 0 && eligible === 0
    ? [reportWarning(NAME, says, 'correct USERS_ELIGIBLE_SQL, unless this is meant')]
    : [reportOk(NAME, says)]
}
