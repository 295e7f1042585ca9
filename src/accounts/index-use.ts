// Finds out whether an index takes PostgreSQL to rows, by asking it for its plan.

import { type SQL, sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { type TableName, tableSql } from './mapping.ts'

/**
 * Says whether an index that begins with what the condition is about serves it.
 *
 * @param condition about one column or expression of the table
 */
export async function isServedByIndex(
  db: PostgresJsDatabase,
  table: TableName,
  condition: SQL,
): Promise<boolean> {
  const plan = await db.transaction(async (transaction) => {
    // A small table is read as a whole even where there is an index.
    await transaction.execute(sql`SET LOCAL enable_seqscan = off`)
    const [row] = await transaction.execute<{ 'QUERY PLAN': unknown }>(
      sql`EXPLAIN (FORMAT JSON) SELECT FROM ${tableSql(table)} WHERE ${condition}`,
    )
    return listNodes(row?.['QUERY PLAN'])
  })
  const scans = plan.filter(({ 'Node Type': type = '' }) =>
    /^(?:Seq|Index|Index Only|Bitmap Index) Scan$/.test(type),
  )
  const isServed = scans.map(async ({ 'Index Name': index, 'Index Cond': served }) => {
    if (index === undefined || served === undefined) return false
    // An index with something else in front is read from end to end, also when it has the column.
    const first = await db.execute<{ definition: string }>(sql`
      SELECT pg_get_indexdef(oid, 1, false) AS definition FROM pg_class
      WHERE relname = ${index} AND relkind IN ('i', 'I')`)
    return first.some(({ definition }) => bare(served).startsWith(`${bare(definition)} `))
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
