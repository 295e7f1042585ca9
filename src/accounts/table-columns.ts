// Holds the columns that the operator has mapped against those that PostgreSQL's catalogue knows.

import { sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { describeFailure } from './database.ts'
import {
  mappingVariables,
  renderSql,
  type TableName,
  tableSql,
  type UsersMapping,
} from './mapping.ts'

/** A column as the catalogue has it. */
export interface ColumnRow extends Record<string, unknown> {
  name: string
  type: string
  /** With its schema, where that is not on the search path. */
  fullType: string
  /** Most characters, for types that have a limit. */
  width: number | null
  /** As SQL; null for the database's own, and for types that have none. */
  collation: string | null
  selectable: boolean
  updatable: boolean
  /** Computed from other columns, so that nobody can write it. */
  generated: boolean
}

/** The columns of a table by name. */
export type Columns = ReadonlyMap<string, ColumnRow>

/** The SQL type to cast an id to, by the name of its column's type. */
export const ID_TYPES: Readonly<Record<string, string>> = {
  uuid: 'uuid',
  int2: 'smallint',
  int4: 'integer',
  int8: 'bigint',
  text: 'text',
  varchar: 'text',
  bpchar: 'bpchar',
}
const TEXT_TYPES = ['text', 'varchar', 'bpchar', 'citext']

/** @returns the columns, or why there are none */
export async function readColumns(
  db: PostgresJsDatabase,
  name: TableName,
): Promise<Columns | string> {
  try {
    const columns = await db.execute<ColumnRow>(sql`
      SELECT a.attname AS name, t.typname AS type, format_type(t.oid, -1) AS "fullType",
        CASE WHEN t.typname IN ('varchar', 'bpchar') AND greatest(a.atttypmod, domain.typtypmod) > 4
          THEN greatest(a.atttypmod, domain.typtypmod) - 4 END AS width,
        (SELECT format('%I.%I', n.nspname, c.collname) FROM pg_collation c
          JOIN pg_namespace n ON n.oid = c.collnamespace
          WHERE c.oid = a.attcollation AND c.collname <> 'default') AS collation,
        has_column_privilege(a.attrelid, a.attnum, 'SELECT') AS selectable,
        has_column_privilege(a.attrelid, a.attnum, 'UPDATE') AS updatable,
        a.attgenerated <> '' AS generated
      FROM pg_attribute a
      JOIN pg_type domain ON domain.oid = a.atttypid
      JOIN pg_type t ON t.oid = CASE WHEN domain.typtype = 'd' THEN domain.typbasetype ELSE domain.oid END
      WHERE a.attrelid = to_regclass(${renderSql(tableSql(name))}) AND a.attnum > 0 AND NOT a.attisdropped`)
    if (columns.length === 0) return 'there is no table or view of this name'
    return new Map(columns.map((column) => [column.name, column]))
  } catch (error) {
    // A schema that the role may not look into, or that is not there.
    const refusal = describeFailure(error)
    if (!/^(?:42501|3F000|42P01) /.test(refusal)) throw error
    return refusal
  }
}

/** @param passwords the columns of the table that holds the hashes, which may be the same */
export function columnFaults(mapping: UsersMapping, users: Columns, passwords: Columns): string[] {
  const faults: string[] = []
  const judge = (
    variable: string,
    name: string | undefined,
    needs: { types?: readonly string[]; update?: boolean; isUnread?: boolean },
    columns = users,
  ) => {
    if (name === undefined) return
    const column = columns.get(name)
    if (!column) {
      faults.push(`${variable}: the table has no such column`)
    } else if (!column.selectable && !needs.isUnread) {
      faults.push(`${variable}: the database role lacks SELECT on the column`)
    } else if (needs.update && column.generated) {
      faults.push(`${variable}: the column is computed from others, so nobody can write it`)
    } else if (needs.update && !column.updatable) {
      faults.push(`${variable}: the database role lacks UPDATE on the column`)
    } else if (needs.types && !needs.types.includes(column.type)) {
      faults.push(
        `${variable}: type ${column.type} does not fit, ${needs.types.join(' or ')} would`,
      )
    }
  }
  judge(mappingVariables.id, mapping.id, {})
  const idColumn = users.get(mapping.id)
  if (idColumn && !(idColumn.type in ID_TYPES)) {
    faults.push(`${mappingVariables.id}: ids of type ${idColumn.type} are not supported`)
  }
  judge(mappingVariables.emailAddress, mapping.emailAddress, { types: TEXT_TYPES })
  const hashNeeds = { types: TEXT_TYPES, update: true }
  judge(mappingVariables.passwordHash, mapping.passwordHash, hashNeeds, passwords)
  judge(mappingVariables.userColumn, mapping.passwordTable?.userColumn, {}, passwords)
  for (const name of mapping.loginColumns) {
    judge(mappingVariables.loginColumns, name, { types: TEXT_TYPES })
  }
  judge(mappingVariables.name, mapping.name, { types: TEXT_TYPES })
  judge(mappingVariables.locale, mapping.locale, { types: TEXT_TYPES })
  judge(mappingVariables.lastLogin, mapping.lastLogin, {})
  judge(mappingVariables.changedAt, mapping.changedAt, {
    types: ['timestamptz', 'timestamp'],
    update: true,
    isUnread: true,
  })
  judge(mappingVariables.epoch, mapping.epoch, { types: ['int2', 'int4', 'int8'], update: true })
  // What locks a row is not the right to read it.
  if (mapping.passwordTable && ![...users.values()].some(({ updatable }) => updatable)) {
    faults.push(
      `${mappingVariables.table}: the database role lacks UPDATE on every column, so it can lock no row`,
    )
  }
  const width = passwords.get(mapping.passwordHash)?.width
  if (width && width < mapping.hashLength) {
    faults.push(
      `${mappingVariables.passwordHash}: holds ${width} characters, a hash needs ${mapping.hashLength}`,
    )
  }
  return faults
}
