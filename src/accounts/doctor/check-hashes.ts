// Counts the formats of the stored hashes in a sample, and measures what would be written beside them.

import { sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { type Finding, reportFault, reportOk, reportWarning } from '../../core/finding.ts'
import {
  conditionSql,
  mappingVariables,
  quoteName,
  tableSql,
  type UsersMapping,
} from '../mapping.ts'
import { readMappedColumns, widenColumn } from '../table-columns.ts'

const NAME = 'hash-formats'

/** How hashes are told apart. */
export interface HashCensus {
  /** How many rows are looked at. */
  readonly sampleSize: number
  /** The format's name; `none` where there is no password, `unknown` for one that nothing reads. */
  readonly nameFormat: (passwordHash: string | null) => string
  /** Characters of the hash that a reset would write in this one's format; 0 where it would not. */
  readonly measureReset: (passwordHash: string | null) => number
  /** Whether PASSWORD_HASH names the format to be written. */
  readonly isFormatNamed: boolean
}

export async function checkHashes(
  db: PostgresJsDatabase,
  mapping: UsersMapping,
  census: HashCensus,
): Promise<Finding[]> {
  const { passwordTable, passwordHash } = mapping
  const { sampleSize, nameFormat, measureReset, isFormatNamed } = census
  const rows = await db.execute<{ hash: string | null }>(sql`
    SELECT ${sql.identifier(passwordHash)}::text AS hash FROM ${tableSql(passwordTable ?? mapping)}
    WHERE ${conditionSql(passwordTable?.filterSql)} LIMIT ${sampleSize}`)
  const hashes = rows.map(({ hash }) => hash)
  const longest = hashes.reduce((most, hash) => Math.max(most, measureReset(hash)), 0)
  return [
    judgeFormats(hashes, nameFormat, isFormatNamed),
    ...(await findWidthFault(db, mapping, longest)),
  ]
}

function judgeFormats(
  hashes: readonly (string | null)[],
  nameFormat: HashCensus['nameFormat'],
  isFormatNamed: boolean,
): Finding {
  const counts = new Map<string, number>()
  for (const hash of hashes) {
    const name = nameFormat(hash)
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  const unknown = counts.get('unknown') ?? 0
  const census = [...counts].sort(([, a], [, b]) => b - a).map(([name, n]) => `${n} ${name}`)
  const says = `of ${hashes.length} rows that were looked at, the hashes are: ${census.join(', ') || 'none'}`
  if (unknown === 0) return reportOk(NAME, says)
  if (isFormatNamed) {
    const remedy = 'see that the application reads what PASSWORD_HASH names beside them'
    return reportOk(NAME, `${says}; the unknown ones are replaced`, remedy)
  }
  const remedy =
    'set PASSWORD_HASH to a format that the application reads too, or let the application rehash them'
  const known = hashes.length - unknown - (counts.get('none') ?? 0)
  return known === 0
    ? reportFault(NAME, `${says}; no password can be reset`, remedy)
    : reportWarning(NAME, `${says}; accounts with an unknown one are left alone`, remedy)
}

/** Raised parameters may have a digit more than those of the row. */
async function findWidthFault(
  db: PostgresJsDatabase,
  mapping: UsersMapping,
  longest: number,
): Promise<Finding[]> {
  const { passwordHash, passwordTable } = mapping
  const columns = await readMappedColumns(db, mapping)
  const column = 'faults' in columns ? undefined : columns.passwords.get(passwordHash)
  if (!column?.width || column.width >= longest) return []
  const says = `${mappingVariables.passwordHash}: the column ${quoteName(passwordHash)} holds ${column.width} characters, a reset would write ${longest}`
  return [reportFault('hash-width', says, widenColumn(passwordTable ?? mapping, column))]
}
