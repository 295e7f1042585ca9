// Finds out how addresses can be looked up: which index serves, by asking PostgreSQL for its plan.

import { sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { addressSql, type QueryFacts } from './account-queries.ts'
import type { TableFacts } from './inspect-table.ts'
import { mappingVariables, renderSql, tableSql, type UsersMapping } from './mapping.ts'

/**
 * How addresses are compared, which follows the index that there is.
 *
 * `lower`: by an index on lower(address). `plain`: by one on the column as it is. Of a citext column
 * that finds every spelling; of any other the one that was typed and the lower-cased one.
 */
export type LookUp = 'lower' | 'plain'

/** How the look-up is made, and what the operator has to hear of it. */
export interface LookUpFinding {
  readonly lookUp: LookUp
  readonly fault?: string
  readonly warning?: string
}

/** With more rows than this, reading them all for each request would be an outage waiting. */
const MOST_ROWS_WITHOUT_INDEX = 10_000

/**
 * Chooses the best way that an index serves.
 *
 * @param facts what the catalogue says of the address column
 */
export async function findLookUp(
  db: PostgresJsDatabase,
  mapping: UsersMapping,
  facts: Omit<TableFacts, 'lookUp' | 'faults' | 'warnings'>,
): Promise<LookUpFinding> {
  const isServed = (lookUp: LookUp) => usesIndex(db, mapping, { ...facts, lookUp })
  if (await isServed('lower')) return { lookUp: 'lower' }
  if (await isServed('plain')) {
    // What citext folds by is the database's own collation.
    if (facts.emailIsCitext && !facts.folding.isForced) return { lookUp: 'plain' }
    const warning = `${mappingVariables.emailAddress}: its index knows letter case, so an address is found as it was typed or in small letters. To find every spelling: ${createIndex(mapping, facts)}`
    return { lookUp: 'plain', warning }
  }
  const [counted] = await db.execute<{ isLarge: boolean }>(
    sql`SELECT count(*) > ${MOST_ROWS_WITHOUT_INDEX} AS "isLarge" FROM (SELECT FROM ${tableSql(mapping)} LIMIT ${MOST_ROWS_WITHOUT_INDEX + 1}) AS rows`,
  )
  const advice = `no index serves the look-up by address, so each look-up reads the whole table. Run: ${createIndex(mapping, facts)}`
  const text = `${mappingVariables.emailAddress}: ${advice}`
  return counted?.isLarge && !mapping.allowSeqScan
    ? { lookUp: 'lower', fault: `${text} (or set ALLOW_SEQ_SCAN=true)` }
    : { lookUp: 'lower', warning: text }
}

/** Says whether an index that begins with the address takes PostgreSQL to the rows. */
async function usesIndex(
  db: PostgresJsDatabase,
  mapping: UsersMapping,
  facts: QueryFacts,
): Promise<boolean> {
  const condition = addressSql(mapping, facts, sql`'["a@b.c"]'`)
  const plan = await db.transaction(async (transaction) => {
    // A small table is read as a whole even where there is an index.
    await transaction.execute(sql`SET LOCAL enable_seqscan = off`)
    const [row] = await transaction.execute<{ 'QUERY PLAN': unknown }>(
      sql`EXPLAIN (FORMAT JSON) SELECT FROM ${tableSql(mapping)} WHERE ${condition}`,
    )
    return listNodes(row?.['QUERY PLAN'])
  })
  const scans = plan.filter(({ 'Node Type': type = '' }) =>
    /^(?:Seq|Index|Index Only|Bitmap Index) Scan$/.test(type),
  )
  const isServed = scans.map(async ({ 'Index Name': index, 'Index Cond': condition }) => {
    if (index === undefined || condition === undefined) return false
    // An index with something else in front is read from end to end, also when it has the address.
    const first = await db.execute<{ definition: string }>(sql`
      SELECT pg_get_indexdef(oid, 1, false) AS definition FROM pg_class
      WHERE relname = ${index} AND relkind IN ('i', 'I')`)
    return first.some(({ definition }) => bare(condition).startsWith(`${bare(definition)} `))
  })
  return scans.length > 0 && (await Promise.all(isServed)).every(Boolean)
}

/** An expression without what PostgreSQL adds to it in one place and leaves out in another. */
function bare(expression: string): string {
  return expression.replaceAll(/ COLLATE (?:"[^"]*"|[\w.])+|::"?\w+"?(?: varying)?|[()]/g, '')
}

type PlanNode = Readonly<Partial<Record<'Node Type' | 'Index Name' | 'Index Cond', string>>>

/** Every node of a plan as EXPLAIN gives it, wherever it hangs. */
function listNodes(plan: unknown): PlanNode[] {
  if (typeof plan !== 'object' || plan === null) return []
  return [plan, ...Object.values(plan).flatMap(listNodes)]
}

function createIndex(mapping: UsersMapping, { folding }: Pick<QueryFacts, 'folding'>): string {
  const column = renderSql(sql`${sql.identifier(mapping.emailAddress)}`)
  return `CREATE INDEX CONCURRENTLY ON ${renderSql(tableSql(mapping))} (lower(${column}${folding.isForced ? ' COLLATE "C"' : ''}))`
}
