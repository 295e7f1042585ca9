// Has PostgreSQL plan a statement, which needs every name and every right that it has and runs nothing.

import { type SQL, sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'

/** A node of a plan, as far as it is read here. */
export type PlanNode = Readonly<Partial<Record<'Node Type' | 'Index Name' | 'Index Cond', string>>>

/**
 * Stands for any value. It is a parameter, so the server takes one statement only; and no constant, so
 * nothing is planned away with it.
 */
export const NOTHING = sql`(SELECT ${null}::text)`

/** @returns every node, wherever it hangs. @throws whatever the driver throws, as for the statement */
export async function planStatement(
  db: Pick<PostgresJsDatabase, 'execute'>,
  statement: SQL,
): Promise<PlanNode[]> {
  const [row] = await db.execute<{ 'QUERY PLAN': unknown }>(sql`EXPLAIN (FORMAT JSON) ${statement}`)
  return listNodes(row?.['QUERY PLAN'])
}

function listNodes(plan: unknown): PlanNode[] {
  if (typeof plan !== 'object' || plan === null) return []
  return [plan, ...Object.values(plan).flatMap(listNodes)]
}
