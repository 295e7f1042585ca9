// Counts the formats of the stored hashes in a sample.

import { sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { type Finding, reportFault, reportOk, reportWarning } from '../../core/finding.ts'
import { conditionSql, tableSql, type UsersMapping } from '../mapping.ts'

const NAME = 'hash-formats'

/** How hashes are told apart. */
export interface HashCensus {
  /** How many rows are looked at. */
  readonly sampleSize: number
  /** The format's name; `none` where there is no password, `unknown` for one that nothing reads. */
  readonly nameFormat: (passwordHash: string | null) => string
  /** Whether PASSWORD_HASH names the format to be written. */
  readonly isFormatNamed: boolean
}

export async function checkHashes(
  db: PostgresJsDatabase,
  mapping: UsersMapping,
  { sampleSize, nameFormat, isFormatNamed }: HashCensus,
): Promise<Finding[]> {
  const { passwordTable, passwordHash } = mapping
  const rows = await db.execute<{ hash: string | null }>(sql`
    SELECT ${sql.identifier(passwordHash)}::text AS hash FROM ${tableSql(passwordTable ?? mapping)}
    WHERE ${conditionSql(passwordTable?.filterSql)} LIMIT ${sampleSize}`)
  const counts = new Map<string, number>()
  for (const { hash } of rows) {
    const name = nameFormat(hash)
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  const unknown = counts.get('unknown') ?? 0
  const census = [...counts].sort(([, a], [, b]) => b - a).map(([name, n]) => `${n} ${name}`)
  const says = `of ${rows.length} hashes that were looked at: ${census.join(', ') || 'none'}`
  if (unknown === 0) return [reportOk(NAME, says)]
  if (isFormatNamed) {
    const remedy = 'see that the application reads what PASSWORD_HASH names beside them'
    return [reportOk(NAME, `${says}; the unknown ones are replaced`, remedy)]
  }
  const remedy =
    'set PASSWORD_HASH to a format that the application reads too, or let the application rehash them'
  const known = rows.length - unknown - (counts.get('none') ?? 0)
  return known === 0
    ? [reportFault(NAME, `${says}; no password can be reset`, remedy)]
    : [reportWarning(NAME, `${says}; accounts with an unknown one are left alone`, remedy)]
}
