// Asks PostgreSQL which rights the operator's own SQL needs.
//
// It is made a rule of a temporary table, which is rolled back and never runs. PostgreSQL keeps a rule
// parsed, and with each table in it the privileges and columns that it will check: the very list,
// whatever the SQL looks like. Making the rule needs no right on any other table.

import { type SQL, sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { describeFailure, isRefusal, nameFailure } from './database.ts'
import {
  afterResetSql,
  conditionSql,
  listConditions,
  mappingVariables,
  tableSql,
  type UsersMapping,
} from './mapping.ts'
import type { TableRights } from './rights.ts'

/** What the operator's SQL needs beside the columns of the mapping. */
export interface OperatorRights {
  readonly tables: readonly TableRights[]
  /** Functions that not everybody may run. */
  readonly functions: readonly SchemaObject[]
  /** Sequences that an INSERT takes its defaults from. */
  readonly sequences: readonly SchemaObject[]
  /** Functions that run with the caller's rights, and whose bodies PostgreSQL does not read. */
  readonly opaque: readonly SchemaObject[]
  /** Variables whose SQL PostgreSQL could not be asked about, and why. */
  readonly unknown: readonly { readonly variable: string; readonly reason: string }[]
}

/** Something in a schema, by its name as SQL, which has the schema in it. */
export interface SchemaObject extends Record<string, unknown> {
  readonly schema: string
  readonly name: string
}

interface Statement {
  readonly variable: string
  readonly body: SQL
}

/** Of an entry in a parsed body: table, privileges as bits, and columns as bits. */
const CHECKS =
  /:relid (\d+)(?:(?!:relid )[\s\S])*?:requiredPerms (\d+) :checkAsUser \d+ :selectedCols \(b([ \d]*)\) :insertedCols \(b([ \d]*)\) :updatedCols \(b([ \d]*)\)/g
const BITS = { INSERT: 1, SELECT: 2, UPDATE: 4, DELETE: 8 }
/** What a column's number is counted from, so that those of system columns are not negative. */
const FIRST_COLUMN = -7
/** What a replica says that can only be read. */
const READ_ONLY = '25006'

/**
 * @param idType the SQL type of ids
 * @throws whatever the driver throws when the database cannot be reached
 */
export async function findOperatorRights(
  db: PostgresJsDatabase,
  mapping: UsersMapping,
  idType: string,
): Promise<OperatorRights> {
  const found: OperatorRights[] = []
  for (const statement of listStatements(mapping, idType)) {
    try {
      found.push(await readRights(db, statement.body))
    } catch (error) {
      const reason = describeFailure(error)
      if (!isRefusal(error) && nameFailure(error) !== READ_ONLY) throw error
      found.push({ ...nothing, unknown: [{ variable: statement.variable, reason }] })
    }
  }
  const all = <T>(pick: (rights: OperatorRights) => readonly T[]) => [
    ...new Set(found.flatMap(pick)),
  ]
  return {
    tables: all(({ tables }) => tables),
    functions: all(({ functions }) => functions),
    sequences: all(({ sequences }) => sequences),
    opaque: all(({ opaque }) => opaque),
    unknown: all(({ unknown }) => unknown),
  }
}

/** The variables that hold SQL of the operator. */
export function listOperatorVariables(mapping: UsersMapping): string[] {
  return listStatements(mapping, 'text').map(({ variable }) => variable)
}

const nothing = { tables: [], functions: [], sequences: [], opaque: [], unknown: [] }

function listStatements(mapping: UsersMapping, idType: string): Statement[] {
  const { afterReset } = mapping
  const statements: Statement[] = listConditions(mapping).map(
    ({ variable, table, expression }) => ({
      variable,
      body: sql`SELECT FROM ${tableSql(table)} WHERE ${conditionSql(expression)}`,
    }),
  )
  if (afterReset) {
    const body = afterResetSql(afterReset, sql`NULL::${sql.raw(idType)}`)
    statements.push({ variable: mappingVariables.afterReset, body })
  }
  return statements
}

async function readRights(db: PostgresJsDatabase, body: SQL): Promise<OperatorRights> {
  let rights: OperatorRights = nothing
  const rollback = new Error('nothing of it is to stay')
  try {
    await db.transaction(async (transaction) => {
      await transaction.execute(sql`CREATE TEMPORARY TABLE rekey_asks ()`)
      await transaction.execute(
        sql`CREATE RULE rekey_uses AS ON INSERT TO pg_temp.rekey_asks DO ALSO ${body}`,
      )
      const [rule] = await transaction.execute<{ oid: string; table: string; tree: string }>(sql`
        SELECT oid::text, ev_class::oid::text AS table, ev_action::text AS tree FROM pg_rewrite
        WHERE ev_class = 'pg_temp.rekey_asks'::regclass`)
      const tables: TableRights[] = []
      const sequences: SchemaObject[] = []
      for (const check of rule?.tree.matchAll(CHECKS) ?? []) {
        const [, relation = '', privileges, ...columns] = check
        const [selected, inserted, updated] = columns.map(columnNumbers)
        const asked = Number(privileges)
        const read = (bit: number, numbers: readonly number[] | undefined) =>
          asked & bit ? readColumnNames(transaction, relation, numbers ?? []) : []
        // A rule may speak of the table that it belongs to; this one does not.
        if (asked === 0 || relation === rule?.table) continue
        tables.push({
          name: await readName(transaction, relation),
          columns: {
            SELECT: await read(BITS.SELECT, selected),
            INSERT: await read(BITS.INSERT, inserted),
            UPDATE: await read(BITS.UPDATE, updated),
          },
          deletes: (asked & BITS.DELETE) !== 0,
        })
        if (asked & BITS.INSERT) {
          sequences.push(...(await readSequences(transaction, relation, inserted ?? [])))
        }
      }
      const functions = await readFunctions(transaction, rule?.oid ?? '0')
      rights = { ...functions, tables, sequences, unknown: [] }
      throw rollback
    })
  } catch (error) {
    if (error !== rollback) throw error
  }
  return rights
}

function columnNumbers(bits: string | undefined): number[] {
  return (bits?.match(/\d+/g) ?? []).map((bit) => Number(bit) + FIRST_COLUMN)
}

type Catalogue = Pick<PostgresJsDatabase, 'execute'>

async function readName(catalogue: Catalogue, relation: string) {
  const [row] = await catalogue.execute<{ schema: string; table: string }>(sql`
    SELECT n.nspname AS schema, c.relname AS table
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = ${relation}::oid`)
  return { schema: row?.schema, table: row?.table ?? '' }
}

/** @param numbers 0 stands for the whole row; none at all for whichever column there is */
async function readColumnNames(
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

async function readSequences(
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

async function readFunctions(catalogue: Catalogue, rule: string) {
  const rows = await catalogue.execute<SchemaObject & { isOpen: boolean; isOpaque: boolean }>(sql`
    SELECT n.nspname AS schema,
      format('%I.%I(%s)', n.nspname, p.proname, oidvectortypes(p.proargtypes)) AS name,
      has_function_privilege('public', p.oid, 'EXECUTE') AS "isOpen",
      NOT p.prosecdef AND l.lanname NOT IN ('internal', 'c') AS "isOpaque"
    FROM pg_depend d
    JOIN pg_proc p ON p.oid = d.refobjid
    JOIN pg_namespace n ON n.oid = p.pronamespace
    JOIN pg_language l ON l.oid = p.prolang
    WHERE d.classid = 'pg_rewrite'::regclass AND d.objid = ${rule}::oid
      AND d.refclassid = 'pg_proc'::regclass`)
  const pick = (isPicked: (row: (typeof rows)[number]) => boolean) =>
    rows.filter(isPicked).map(({ schema, name }) => ({ schema, name }))
  return { functions: pick(({ isOpen }) => !isOpen), opaque: pick(({ isOpaque }) => isOpaque) }
}
