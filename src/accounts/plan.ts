// Has PostgreSQL plan a statement, which needs every name and every right that it has and runs nothing.

import { type SQL, sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import type { TableName } from './mapping.ts'

/** A node of a plan, as far as it is read here. */
export interface PlanNode {
  readonly 'Node Type': string
  readonly 'Parent Relationship'?: string
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

/** Lists a node and all below it. */
export function listNodes(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(listNodes)]
}

/** What a statement selects, as the table has it that it is read from. */
export interface PlacedKey {
  readonly name: TableName
  /** Tells two mentions of one table apart. */
  readonly at: string
  readonly expression: string
}

/** Follows what a plan gives to each table that it is read from. */
export function listKeys(node: PlanNode): PlacedKey[] {
  const { Output: [output] = [], Plans = [] } = node
  if (output === undefined) return Plans.flatMap(listKeys)
  const nodes = listNodes(node)
  return nodes.flatMap(({ Schema, Alias = '', 'Relation Name': table }) => {
    if (table === undefined) return []
    // A partition is numbered, and what is made of its columns may bear the name of the whole.
    const whole = Alias.replace(/_\d+$/, '')
    const at = nodes.some((other) => other.Alias === whole) ? Alias : whole
    const expression = withoutAlias(withoutAlias(output, Alias), at)
    if (Plans.length > 0 && expression === output) return []
    return [{ name: { schema: Schema, table }, at, expression }]
  })
}

/** An expression of a plan, without the table's alias before its columns. */
export function withoutAlias(expression: string, alias: string): string {
  const plain = RegExp.escape(alias)
  const quoted = RegExp.escape(alias.replaceAll('"', '""'))
  const texts = "'(?:[^']|'')*'"
  const prefix = new RegExp(`(${texts})|(?<![\\w".$])(?:${plain}|"${quoted}")\\.`, 'g')
  return expression.replaceAll(prefix, (_, text: string | undefined) => text ?? '')
}
