// All rights that Rekey's database role needs, with the names that the catalogue has for everything.

import { sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { renderSql, tableSql, type UsersMapping } from './mapping.ts'
import {
  findOperatorRights,
  listOperatorVariables,
  type OperatorRights,
} from './operator-rights.ts'
import { readRelationName } from './relations.ts'
import {
  chooseLockColumn,
  type LockColumn,
  listMappingRights,
  mergeRights,
  type TableRights,
} from './rights.ts'
import { ID_TYPES, readMappedColumns } from './table-columns.ts'

/** Every right, and what else the role has to get past. */
export interface NeededRights extends OperatorRights {
  readonly tables: readonly TableRights[]
  /** Which column of the first table is to be updated only so that its rows can be locked, if one is. */
  readonly lock: LockColumn | undefined
  /** Schemas into which not everybody may look. */
  readonly schemas: readonly string[]
  /** The database's name, where not everybody may connect to it. */
  readonly closedDatabase: string | undefined
  /** Those of the tables whose rows are seen by policies only. */
  readonly underRowSecurity: readonly TableRights[]
}

/** Lists what is known without a database: the mapping's own rights. */
export function assumeRights(mapping: UsersMapping, reason: string): NeededRights {
  const rights = addLock(mergeRights(listMappingRights(mapping)), mapping)
  const schemas = rights.tables.flatMap(({ name }) => name.schema ?? [])
  return {
    ...rights,
    schemas: [...new Set(schemas)],
    closedDatabase: undefined,
    functions: [],
    sequences: [],
    unread: [],
    unknown: listOperatorVariables(mapping).map((variable) => ({
      variable,
      reason,
      isWrong: false,
    })),
    underRowSecurity: [],
  }
}

/**
 * Lists the rights, with those that the operator's own SQL needs.
 *
 * @throws whatever the driver throws when the database cannot be reached
 */
export async function findNeededRights(
  db: PostgresJsDatabase,
  mapping: UsersMapping,
): Promise<NeededRights> {
  const columns = await readMappedColumns(db, mapping)
  if ('faults' in columns) {
    return assumeRights(mapping, columns.faults.map(({ says }) => says).join('; '))
  }
  const idType = ID_TYPES[columns.users.get(mapping.id)?.type ?? ''] ?? 'text'
  const own: TableRights[] = []
  for (const rights of listMappingRights(mapping)) {
    own.push({ ...rights, name: await readRelationName(db, rights.name) })
  }
  const operator = await findOperatorRights(db, mapping, idType)
  const { tables, lock } = addLock(mergeRights([...own, ...operator.tables]), mapping)
  const objects = [...operator.functions, ...operator.unread, ...operator.sequences]
  // Of what is searched by, the values are cast to the column's type.
  const searched = [mapping.emailAddress, ...mapping.loginColumns]
  const schemas = [
    ...tables.map(({ name }) => name.schema),
    ...objects.map(({ schema }) => schema),
    ...searched.map((column) => columns.users.get(column)?.typeSchema),
  ]
  return {
    ...operator,
    tables,
    lock,
    schemas: await findClosedSchemas(db, schemas),
    closedDatabase: await findClosedDatabase(db),
    underRowSecurity: await listUnderRowSecurity(db, tables),
  }
}

/** Adds the right to lock the rows of the first table. Whoever may write a column of it has that. */
export function addLock(
  tables: readonly TableRights[],
  mapping: UsersMapping,
): Pick<NeededRights, 'tables' | 'lock'> {
  const [users, ...others] = tables
  if (!users || users.columns.UPDATE.length > 0) return { tables, lock: undefined }
  const lock = chooseLockColumn(mapping)
  const columns = { ...users.columns, UPDATE: [lock.column] }
  return { tables: [{ ...users, columns }, ...others], lock }
}

async function listUnderRowSecurity(
  db: PostgresJsDatabase,
  tables: readonly TableRights[],
): Promise<TableRights[]> {
  const names = tables.map(({ name }) => renderSql(tableSql(name)))
  const rows = await db.execute<{ index: number }>(sql`
    SELECT (index - 1)::int AS index
    FROM jsonb_array_elements_text(${JSON.stringify(names)}::jsonb) WITH ORDINALITY AS named (name, index)
    JOIN pg_class c ON c.oid = to_regclass(name) AND c.relrowsecurity
    ORDER BY index`)
  return rows.flatMap(({ index }) => tables[index] ?? [])
}

async function findClosedSchemas(
  db: PostgresJsDatabase,
  schemas: readonly (string | undefined)[],
): Promise<string[]> {
  const rows = await db.execute<{ name: string }>(sql`
    SELECT nspname AS name FROM pg_namespace
    WHERE nspname IN (SELECT jsonb_array_elements_text(${JSON.stringify(schemas)}::jsonb))
      AND NOT has_schema_privilege('public', oid, 'USAGE')
    ORDER BY nspname`)
  return rows.map(({ name }) => name)
}

async function findClosedDatabase(db: PostgresJsDatabase): Promise<string | undefined> {
  const [row] = await db.execute<{ name: string }>(sql`
    SELECT datname AS name FROM pg_database
    WHERE datname = current_database() AND NOT has_database_privilege('public', oid, 'CONNECT')`)
  return row?.name
}
