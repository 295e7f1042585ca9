// Finds out by PostgreSQL's own plan whether an index takes it to the rows.

import { type SQL, sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { type TableName, tableSql } from './mapping.ts'
import { listNodes, type PlanNode, planStatement, withoutAlias } from './plan.ts'

/** `unknown` where the rows do not come from tables of this database. */
export type IndexUse = 'served' | 'unserved' | 'unknown'

/** How a plan shows the array that a search compares its key with, by version. */
const WANTED = /ANY \(+(?:InitPlan|\$\d)/

/**
 * Says whether indexes that begin with the key of a condition serve it.
 *
 * @param condition as `searchSql` writes it
 */
export async function judgeIndexUse(
  db: PostgresJsDatabase,
  table: TableName,
  condition: SQL,
): Promise<IndexUse> {
  const plan = await db.transaction(async (transaction) => {
    // Small tables are read and joined as a whole, even where there is an index.
    for (const whole of ['seqscan', 'hashjoin', 'mergejoin']) {
      await transaction.execute(sql.raw(`SET LOCAL enable_${whole} = off`))
    }
    return planStatement(transaction, sql`SELECT FROM ${tableSql(table)} WHERE ${condition}`)
  })
  const reads = plan
    .flatMap(listNodes)
    .filter(({ 'Relation Name': relation }) => relation !== undefined)
  if (reads.length === 0 || reads.some((node) => node['Node Type'] === 'Foreign Scan')) {
    return 'unknown'
  }
  const served = await Promise.all(plan.map((node) => isServed(db, node)))
  return served.every(Boolean) ? 'served' : 'unserved'
}

async function isServed(db: PostgresJsDatabase, node: PlanNode): Promise<boolean> {
  const { 'Node Type': type, 'Relation Name': relation, Schema = '', Alias = '', Plans = [] } = node
  if (type === 'Bitmap Index Scan' || (relation !== undefined && type !== 'Bitmap Heap Scan')) {
    return leadsToRows(db, node)
  }
  const below = Plans.filter(
    (plan) => !/^(?:Init|Sub)Plan$/.test(plan['Parent Relationship'] ?? ''),
  )
  const served = await Promise.all(below.map((plan) => isServed(db, { Schema, Alias, ...plan })))
  // What is joined has only to be found by one side. Of partitions each is read by itself.
  const isJoin = /Join$|^Nested Loop$|^BitmapAnd$/.test(type)
  return isJoin ? served.some(Boolean) : served.length > 0 && served.every(Boolean)
}

async function leadsToRows(db: PostgresJsDatabase, node: PlanNode): Promise<boolean> {
  const { 'Index Name': index, 'Index Cond': condition = '', Schema = '', Alias = '' } = node
  if (index === undefined || !WANTED.test(condition)) return false
  const [found] = await db.execute<{ keys: number; first: string }>(sql`
    SELECT i.indnkeyatts::int AS keys, pg_get_indexdef(c.oid, 1, false) AS first
    FROM pg_class c JOIN pg_index i ON i.indexrelid = c.oid JOIN pg_am a ON a.oid = c.relam
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = ${Schema} AND c.relname = ${index} AND a.amname IN ('btree', 'hash')`)
  if (!found) return false
  // An index with something else in front is read from end to end, also when it has the column.
  const { keys, first } = found
  return keys === 1 || bare(withoutAlias(condition, Alias)).startsWith(`${bare(first)} `)
}

/** An expression without what PostgreSQL adds to it in one place and leaves out in another. */
export function bare(expression: string): string {
  return expression.replaceAll(/ COLLATE (?:"[^"]*"|[\w.])+|::"?\w+"?(?: varying)?|[()]/g, '')
}
