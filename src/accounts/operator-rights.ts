// Asks PostgreSQL which rights the operator's own SQL needs.
//
// It is made a rule of a temporary table, which is rolled back and never runs. PostgreSQL keeps a rule
// parsed, and with each table in it the privileges and columns that it will check: the very list,
// whatever the SQL looks like. Making the rule needs no right on any other table.

import { type SQL, sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { describeFailure, isRefusal, nameFailure } from './failures.ts'
import {
  afterResetSql,
  conditionSql,
  listConditions,
  mappingVariables,
  tableSql,
  type UsersMapping,
} from './mapping.ts'
import { type ColumnPrivilege, mergeRights, type TableRights } from './rights.ts'
import {
  readColumnNames,
  readDefaults,
  readFunctions,
  readNamedSequences,
  readTableName,
  type SchemaObject,
} from './rule-objects.ts'
import { readTableChecks } from './rule-tree.ts'

/** What the operator's SQL needs beside the columns of the mapping. */
export interface OperatorRights {
  readonly tables: readonly TableRights[]
  /** Functions that not everybody may run. */
  readonly functions: readonly SchemaObject[]
  /** Sequences that it names, or that an INSERT takes its defaults from. */
  readonly sequences: readonly SchemaObject[]
  /**
   * Functions that run with the rights of their caller. What their bodies need is unknown: PostgreSQL
   * reads these when they run.
   */
  readonly unread: readonly SchemaObject[]
  /** Variables whose SQL PostgreSQL could not be asked about, and why. */
  readonly unknown: readonly UnknownRights[]
}

/** SQL of the operator of which PostgreSQL could not say what it needs. */
export interface UnknownRights {
  readonly variable: string
  readonly reason: string
  /** Whether it names what is not there, or is no SQL, so that nothing could be granted for it. */
  readonly isWrong: boolean
}

interface Statement {
  readonly variable: string
  readonly body: SQL
}

/** Of a table, column, type, function or schema that is not there, and of what is no SQL. */
const WRONG = ['42P01', '42703', '42704', '42883', '3F000', '42601']
/** What a replica says that can only be read. */
const READ_ONLY = '25006'
const UNREADABLE = 'this version keeps its rules in a form that Rekey does not know'

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
  for (const { variable, body } of listStatements(mapping, idType)) {
    const unknownFor = (reason: string, isWrong = false) => ({
      ...nothing,
      unknown: [{ variable, reason, isWrong }],
    })
    try {
      found.push((await readRights(db, body)) ?? unknownFor(UNREADABLE))
    } catch (error) {
      const code = nameFailure(error)
      if (!isRefusal(error) && code !== READ_ONLY) throw error
      found.push(unknownFor(describeFailure(error), WRONG.includes(code)))
    }
  }
  return {
    tables: mergeRights(found.flatMap(({ tables }) => tables)),
    functions: mergeObjects(found.flatMap(({ functions }) => functions)),
    sequences: mergeObjects(found.flatMap(({ sequences }) => sequences)),
    unread: mergeObjects(found.flatMap(({ unread }) => unread)),
    unknown: found.flatMap(({ unknown }) => unknown),
  }
}

function mergeObjects(objects: readonly SchemaObject[]): SchemaObject[] {
  return [...new Map(objects.map((object) => [object.name, object])).values()]
}

/** The variables that hold SQL of the operator. */
export function listOperatorVariables(mapping: UsersMapping): string[] {
  return listStatements(mapping, 'text').map(({ variable }) => variable)
}

const nothing = { tables: [], functions: [], sequences: [], unread: [], unknown: [] }

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

/** @returns undefined where PostgreSQL's answer cannot be read */
async function readRights(db: PostgresJsDatabase, body: SQL): Promise<OperatorRights | undefined> {
  let rights: OperatorRights | undefined
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
      const checks = rule && readTableChecks(rule.tree, rule.table)
      if (!checks) throw rollback
      for (const { relation, privileges, selected, inserted, updated } of checks) {
        const read = (privilege: ColumnPrivilege, numbers: readonly number[]) =>
          privileges.has(privilege) ? readColumnNames(transaction, relation, numbers) : []
        tables.push({
          name: await readTableName(transaction, relation),
          columns: {
            SELECT: await read('SELECT', selected),
            INSERT: await read('INSERT', inserted),
            UPDATE: await read('UPDATE', updated),
          },
          deletes: privileges.has('DELETE'),
        })
        if (privileges.has('INSERT')) {
          sequences.push(...(await readDefaults(transaction, relation, inserted)))
        }
      }
      sequences.push(...(await readNamedSequences(transaction, rule.oid)))
      const functions = await readFunctions(transaction, rule.oid)
      rights = { ...functions, tables, sequences, unknown: [] }
      throw rollback
    })
  } catch (error) {
    if (error !== rollback) throw error
  }
  return rights
}
