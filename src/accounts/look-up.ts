// Chooses how addresses are looked up, by the index that there is for it.

import { sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { type Finding, reportOk, reportWarning } from '../core/finding.ts'
import { writeIndexRemedies } from './index-remedies.ts'
import { mappingVariables, tableSql, type UsersMapping } from './mapping.ts'
import { findWay, reportScan, reportUnknown } from './plan-search.ts'
import { type AddressColumn, type LookUp, type PlannedSearch, searchByAddress } from './search.ts'

const NAME = 'look-up'
/** How many addresses are looked at to see whether they are in small letters. */
const SAMPLE_SIZE = 10_000

/**
 * Chooses the best way that an index serves.
 *
 * @returns how the look-up is made, and what the operator has to hear of it
 */
export async function findLookUp(
  db: PostgresJsDatabase,
  mapping: UsersMapping,
  column: AddressColumn,
): Promise<{ lookUp: LookUp; planned: PlannedSearch; findings: readonly Finding[] }> {
  const plan = async (lookUp: LookUp) => {
    const search = searchByAddress(mapping, column, lookUp)
    const way = await findWay(db, search, mapping.eligibleSql)
    return { lookUp, way, planned: { search, way: way === 'unknown' ? 'index' : way } as const }
  }
  const lower = await plan('lower')
  const serves = ({ lookUp, way }: typeof lower) => {
    const whose = way === 'partial-index' ? ' of eligible rows' : ''
    return reportOk(NAME, `an index${whose} serves the look-up by address (${lookUp})`)
  }
  if (lower.way === 'unknown') {
    return { ...lower, findings: [reportUnknown(NAME, 'the look-up by address')] }
  }
  if (lower.way !== 'scan') return { ...lower, findings: [serves(lower)] }
  const variable = mappingVariables.emailAddress
  const plain = await plan('plain')
  if (plain.way === 'scan' || plain.way === 'unknown') {
    const says = `${variable}: no index serves the look-up by address, so each look-up reads the whole table`
    const { search } = lower.planned
    return { ...lower, findings: await reportScan(db, search, mapping, NAME, says) }
  }
  if (column.ignoresCase || (await hasSmallLetters(db, mapping))) {
    return { ...plain, findings: [serves(plain)] }
  }
  const says = `${variable}: its index knows letter case, so an address is found as it was typed or in small letters, and not in every spelling`
  const remedies = await writeIndexRemedies(db, lower.planned.search)
  const findings = remedies.map((remedy) => reportWarning(NAME, says, remedy))
  return { ...plain, findings }
}

/** Where the host keeps addresses in small letters, an index that knows letter case is enough. */
async function hasSmallLetters(
  db: PostgresJsDatabase,
  { addressesAreLower, emailAddress, ...table }: UsersMapping,
): Promise<boolean> {
  if (!addressesAreLower) return false
  const column = sql.identifier(emailAddress)
  const [sample] = await db.execute<{ isSmall: boolean }>(sql`
    SELECT coalesce(bool_and(address !~ '[A-Z]'), true) AS "isSmall"
    FROM (SELECT ${column}::text COLLATE "C" AS address FROM ${tableSql(table)} LIMIT ${SAMPLE_SIZE}) AS sample`)
  return sample?.isSmall === true
}
