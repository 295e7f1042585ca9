// Reads from PostgreSQL's catalogue what a rule speaks of: tables, columns, sequences and functions.

import { sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import type { TableName } from './mapping.ts'

/** Something in a schema, by its name as SQL, which has the schema in it. */
export interface SchemaObject extends Record<string, unknown> {
  readonly schema: string
  readonly name: string
}

type Catalogue = Pick<PostgresJsDatabase, 'execute'>

/** @param relation its oid */
export async function readTableName(catalogue: Catalogue, relation: string): Promise<TableName> {
  const [row] = await catalogue.execute<{ schema: string; table: string }>(sql`
    SELECT n.nspname AS schema, c.relname AS table
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = ${relation}::oid`)
  return { schema: row?.schema, table: row?.table ?? '' }
}

/** @param numbers 0 stands for the whole row; none at all for whichever column there is */
export async function readColumnNames(
  catalogue: Catalogue,
  relation: string,
  numbers: readonly number[],
): Promise<string[]> {
  const rows = await catalogue.execute<{ name: string; number: number }>(sql`
    SELECT attname AS name, attnum AS number FROM pg_attribute
    WHERE attrelid = ${relation}::oid AND NOT attisdropped ORDER BY attnum < 0, attnum`)
  const isAsked = ({ number }: { number: number }) =>
    numbers.includes(number) || (number > 0 && numbers.includes(0))
  const asked = numbers.length === 0 ? rows.slice(0, 1) : rows.filter(isAsked)
  return asked.map(({ name }) => name)
}

/** Sequences that the columns take their defaults from which an INSERT leaves out. */
export async function readDefaults(
  catalogue: Catalogue,
  relation: string,
  inserted: readonly number[],
): Promise<SchemaObject[]> {
  const rows = await catalogue.execute<SchemaObject & { column: number }>(sql`
    SELECT n.nspname AS schema, format('%I.%I', n.nspname, s.relname) AS name, d.adnum AS column
    FROM pg_attrdef d
    JOIN pg_depend p ON p.classid = 'pg_attrdef'::regclass AND p.objid = d.oid
      AND p.refclassid = 'pg_class'::regclass
    JOIN pg_class s ON s.oid = p.refobjid AND s.relkind = 'S'
    JOIN pg_namespace n ON n.oid = s.relnamespace
    WHERE d.adrelid = ${relation}::oid`)
  return rows
    .filter(({ column }) => !inserted.includes(column))
    .map(({ schema, name }) => ({ schema, name }))
}

/** Sequences that the rule names itself. */
export async function readNamedSequences(
  catalogue: Catalogue,
  rule: string,
): Promise<SchemaObject[]> {
  const rows = await catalogue.execute<SchemaObject>(sql`
    SELECT n.nspname AS schema, format('%I.%I', n.nspname, s.relname) AS name
    FROM pg_depend d
    JOIN pg_class s ON s.oid = d.refobjid AND s.relkind = 'S'
    JOIN pg_namespace n ON n.oid = s.relnamespace
    WHERE d.classid = 'pg_rewrite'::regclass AND d.objid = ${rule}::oid
      AND d.refclassid = 'pg_class'::regclass`)
  return [...rows]
}

interface FunctionTraits {
  readonly isOpenToAll: boolean
  readonly runsAsCaller: boolean
}

/** Functions that the rule calls, as far as they need a right or ask for some. */
export async function readFunctions(catalogue: Catalogue, rule: string) {
  const rows = await catalogue.execute<SchemaObject & FunctionTraits>(sql`
    SELECT n.nspname AS schema,
      format('%I.%I(%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes)) AS name,
      has_function_privilege('public', p.oid, 'EXECUTE') AS "isOpenToAll",
      NOT p.prosecdef AND l.lanname NOT IN ('internal', 'c') AS "runsAsCaller"
    FROM pg_depend d
    JOIN pg_proc p ON p.oid = d.refobjid
    JOIN pg_namespace n ON n.oid = p.pronamespace
    JOIN pg_language l ON l.oid = p.prolang
    WHERE d.classid = 'pg_rewrite'::regclass AND d.objid = ${rule}::oid
      AND d.refclassid = 'pg_proc'::regclass`)
  const pick = (isPicked: (row: (typeof rows)[number]) => boolean) =>
    rows.filter(isPicked).map(({ schema, name }) => ({ schema, name }))
  return {
    functions: pick(({ isOpenToAll }) => !isOpenToAll),
    unread: pick(({ runsAsCaller }) => runsAsCaller),
  }
}
