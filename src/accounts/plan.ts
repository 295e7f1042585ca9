// Has PostgreSQL plan a statement, which needs every name and every right that it has and runs nothing.

import { type SQL, sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'

/** A node of a plan, as far as it is read here. */
export interface PlanNode {
  readonly 'Node Type': string
  /** Of the table that it reads, if it reads one. */
  readonly Schema?: string
  readonly 'Relation Name'?: string
  readonly Alias?: string
  readonly 'Index Name'?: string
  readonly 'Index Cond'?: string
  /** What it gives, as SQL. Not of each kind of node. */
  readonly Output?: readonly string[]
  readonly Plans?: readonly PlanNode[]
}

/**
 * Stands for any value. It is a parameter, so the server takes one statement only; and no constant, so
 * nothing is planned away with it.
 */
export const NOTHING = sql`(SELECT ${null}::text)`

/** @returns the plan, by its topmost nodes. @throws whatever the driver throws, as for the statement */
export async function planStatement(
  db: Pick<PostgresJsDatabase, 'execute'>,
  statement: SQL,
): Promise<PlanNode[]> {
  const [row] = await db.execute<{ 'QUERY PLAN': readonly { Plan: PlanNode }[] }>(
    sql`EXPLAIN (VERBOSE, FORMAT JSON) ${statement}`,
  )
  return (row?.['QUERY PLAN'] ?? []).map(({ Plan }) => Plan)
}

/** Lists a node and all below it. One without a table of its own is given that of the node above. */
export function listNodes(node: PlanNode): PlanNode[] {
  const { Schema = '', Alias = '', Plans = [] } = node
  return [node, ...Plans.flatMap((below) => listNodes({ Schema, Alias, ...below }))]
}

/** An expression of a plan, without the table's alias before its columns. */
export function withoutAlias(expression: string, alias: string): string {
  const plain = RegExp.escape(alias)
  const quoted = RegExp.escape(alias.replaceAll('"', '""'))
  const texts = "'(?:[^']|'')*'"
  const prefix = new RegExp(`(${texts})|(?<![\\w".$])(?:${plain}|"${quoted}")\\.`, 'g')
  return expression.replaceAll(prefix, (_, text: string | undefined) => text ?? '')
}
