// What the catalogue has of a table or view: its whole name, and its columns' types.

import { type SQL, sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { renderSql, type TableName, tableSql } from './mapping.ts'

/** The types of columns that hold texts, by name. */
export const TEXT_TYPES = ['text', 'varchar', 'bpchar', 'citext']

/** The oid of a relation, as SQL. It takes no right on the schema, where that is named. */
export function oidSql({ schema, table }: TableName): SQL {
  if (schema === undefined) return sql`to_regclass(${renderSql(tableSql({ schema, table }))})`
  return sql`(SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = ${schema} AND c.relname = ${table})`
}

/** Reads a name with its schema, whether or not that is searched. */
export async function readRelationName(
  db: PostgresJsDatabase,
  name: TableName,
): Promise<TableName & { schema: string }> {
  const [row] = await db.execute<{ schema: string; table: string }>(sql`
    SELECT n.nspname AS schema, c.relname AS table
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = ${oidSql(name)}`)
  if (!row) throw new Error('the table has gone in the meantime')
  return { schema: row.schema, table: row.table }
}

/** Reads the types of columns by name, those of domains as what they are made of. */
export async function readColumnTypes(
  db: PostgresJsDatabase,
  name: TableName,
): Promise<ReadonlyMap<string, string>> {
  const rows = await db.execute<{ name: string; type: string }>(sql`
    SELECT a.attname AS name, coalesce(b.typname, t.typname) AS type
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_type b ON b.oid = t.typbasetype
    WHERE a.attrelid = ${oidSql(name)} AND a.attnum > 0 AND NOT a.attisdropped`)
  return new Map(rows.map(({ name, type }) => [name, type]))
}
