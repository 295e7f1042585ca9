// Chooses how addresses are looked up, by the index that there is for it.

import { sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { type Finding, reportFault, reportOk, reportWarning } from '../core/finding.ts'
import { addressSql, type QueryFacts } from './account-queries.ts'
import { isServedByIndex } from './index-use.ts'
import type { TableFacts } from './inspect-table.ts'
import { mappingVariables, renderSql, tableSql, type UsersMapping } from './mapping.ts'

/**
 * How addresses are compared, which follows the index that there is.
 *
 * `lower`: by an index on lower(address). `plain`: by one on the column as it is. Of a citext column
 * that finds every spelling; of any other the one that was typed and the lower-cased one.
 */
export type LookUp = 'lower' | 'plain'

/** With more rows than this, reading them all for each request would be an outage waiting. */
const MOST_ROWS_WITHOUT_INDEX = 10_000
const NAME = 'look-up'

/**
 * Chooses the best way that an index serves.
 *
 * @param facts what the catalogue says of the address column
 * @returns how the look-up is made, and what the operator has to hear of it
 */
export async function findLookUp(
  db: PostgresJsDatabase,
  mapping: UsersMapping,
  facts: Omit<TableFacts, 'lookUp'>,
): Promise<{ lookUp: LookUp; finding: Finding }> {
  const isServed = (lookUp: LookUp) =>
    isServedByIndex(db, mapping, addressSql(mapping, { ...facts, lookUp }, sql`'["a@b.c"]'`))
  const served = (lookUp: LookUp) => {
    const says = `an index serves the look-up by address (${lookUp})`
    return { lookUp, finding: reportOk(NAME, says) }
  }
  if (await isServed('lower')) return served('lower')
  const variable = mappingVariables.emailAddress
  const remedy = createIndex(mapping, facts)
  if (await isServed('plain')) {
    // What citext folds by is the database's own collation.
    if (facts.emailIsCitext && !facts.folding.isForced) return served('plain')
    const says = `${variable}: its index knows letter case, so an address is found as it was typed or in small letters, and not in every spelling`
    return { lookUp: 'plain', finding: reportWarning(NAME, says, remedy) }
  }
  const [counted] = await db.execute<{ isLarge: boolean }>(
    sql`SELECT count(*) > ${MOST_ROWS_WITHOUT_INDEX} AS "isLarge" FROM (SELECT FROM ${tableSql(mapping)} LIMIT ${MOST_ROWS_WITHOUT_INDEX + 1}) AS rows`,
  )
  const says = `${variable}: no index serves the look-up by address, so each look-up reads the whole table`
  const finding =
    counted?.isLarge && !mapping.allowSeqScan
      ? reportFault(NAME, says, `${remedy} (or set ALLOW_SEQ_SCAN=true)`)
      : reportWarning(NAME, says, remedy)
  return { lookUp: 'lower', finding }
}

function createIndex(mapping: UsersMapping, { folding }: Pick<QueryFacts, 'folding'>): string {
  const column = renderSql(sql`${sql.identifier(mapping.emailAddress)}`)
  return `CREATE INDEX CONCURRENTLY ON ${renderSql(tableSql(mapping))} (lower(${column}${folding.isForced ? ' COLLATE "C"' : ''}))`
}
