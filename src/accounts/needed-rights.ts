// All rights that Rekey's database role needs, with the names that the catalogue has for everything.

import { sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import {
  mappingVariables,
  renderSql,
  type TableName,
  tableSql,
  type UsersMapping,
} from './mapping.ts'
import {
  findOperatorRights,
  listOperatorVariables,
  type OperatorRights,
} from './operator-rights.ts'
import {
  chooseLockColumn,
  type LockColumn,
  listMappingRights,
  mergeRights,
  type TableRights,
} from './rights.ts'
import { ID_TYPES, readColumns } from './table-columns.ts'

/** Every right, and what else the role has to get past. */
export interface NeededRights extends OperatorRights {
  readonly tables: readonly TableRights[]
  /** Schemas into which not everybody may look. */
  readonly schemas: readonly string[]
  /** The database's name, where not everybody may connect to it. */
  readonly closedDatabase: string | undefined
  /** Tables of the mapping whose rows are seen by policies only. */
  readonly underRowSecurity: readonly TableName[]
}

/** Lists what is known without a database: the mapping's own rights. */
export function assumeRights(mapping: UsersMapping, reason: string): NeededRights {
  const tables = listMappingRights(mapping)
  const schemas = tables.flatMap(({ name }) => name.schema ?? [])
  return {
    tables,
    schemas: [...new Set(schemas)],
    closedDatabase: undefined,
    functions: [],
    sequences: [],
    opaque: [],
    unknown: listOperatorVariables(mapping).map((variable) => ({ variable, reason })),
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
  const users = await readColumns(db, mapping, mappingVariables.table)
  if ('status' in users) return assumeRights(mapping, users.says)
  const { passwordTable } = mapping
  const second = passwordTable
    ? await readColumns(db, passwordTable, mappingVariables.passwordTable)
    : users
  if ('status' in second) return assumeRights(mapping, second.says)
  const idType = ID_TYPES[users.get(mapping.id)?.type ?? ''] ?? 'text'
  const own: TableRights[] = []
  const underRowSecurity: TableName[] = []
  for (const rights of listMappingRights(mapping)) {
    const { hasRowSecurity, ...name } = await readRelation(db, rights.name)
    own.push({ ...rights, name })
    if (hasRowSecurity) underRowSecurity.push(name)
  }
  const operator = await findOperatorRights(db, mapping, idType)
  const tables = mergeRights([...own, ...operator.tables])
  const lock = chooseLockColumn(mapping)
  if (lock && tables[0]) tables[0] = dropSpareLock(tables[0], lock)
  const objects = [...operator.functions, ...operator.opaque, ...operator.sequences]
  const schemas = [...tables.map(({ name }) => name.schema), ...objects.map(({ schema }) => schema)]
  return {
    ...operator,
    tables,
    schemas: await findClosedSchemas(db, schemas),
    closedDatabase: await findClosedDatabase(db),
    underRowSecurity,
  }
}

/** Where the operator's SQL writes a column of the table, that locks its rows too. */
function dropSpareLock(table: TableRights, { column }: LockColumn): TableRights {
  const written = table.columns.UPDATE.filter((name) => name !== column)
  if (written.length === 0) return table
  return { ...table, columns: { ...table.columns, UPDATE: written } }
}

async function readRelation(db: PostgresJsDatabase, name: TableName) {
  const [row] = await db.execute<{ schema: string; table: string; hasRowSecurity: boolean }>(sql`
    SELECT n.nspname AS schema, c.relname AS table, c.relrowsecurity AS "hasRowSecurity"
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = to_regclass(${renderSql(tableSql(name))})`)
  if (!row) throw new Error('the table has gone in the meantime')
  return { schema: row.schema, table: row.table, hasRowSecurity: row.hasRowSecurity }
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
