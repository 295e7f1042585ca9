// Holds the columns that the operator has mapped against those that PostgreSQL's catalogue knows.

import { sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { type Finding, reportFault } from '../core/finding.ts'
import { describeFailure, nameFailure } from './failures.ts'
import {
  mappingVariables,
  quoteName,
  renderSql,
  type TableName,
  tableSql,
  type UsersMapping,
} from './mapping.ts'
import { reportMissingColumn, reportMissingTable } from './missing-names.ts'
import { TEXT_TYPES } from './relations.ts'
import { writeViewRemedies } from './view-remedies.ts'

/** A column as the catalogue has it. */
export interface ColumnRow extends Record<string, unknown> {
  name: string
  type: string
  /** With its schema, where that is not searched. As text, where the role may not look into that. */
  fullType: string
  typeSchema: string
  /** Most characters, for types that have a limit. */
  width: number | null
  /** Digits behind the second, for times that keep fewer than there are. */
  digits: number | null
  /** As SQL; null for the database's own, and for types that have none. */
  collation: string | null
  selectable: boolean
  updatable: boolean
  /** What computes it from other columns, so that it cannot be written. */
  computed: 'table' | 'view' | null
  isOfView: boolean
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
/** What to do where a right is missing. */
export const GRANTS_REMEDY = 'run what `rekey grants` prints, as the owner of the tables'
/** Says what to do where hashes do not fit into a column. */
export function widenColumn(table: TableName, { name, isOfView }: ColumnRow): string {
  return isOfView
    ? 'drop the view, widen the column behind it with ALTER TABLE ... ALTER COLUMN ... TYPE text, and make the view again'
    : `ALTER TABLE ${renderSql(tableSql(table))} ALTER COLUMN ${quoteName(name)} TYPE text`
}
/** Bits of `pg_trigger.tgtype`. */
const INSTEAD_OF_UPDATE = 64 + 16

/** The columns of the users table and of the table that holds the hashes, which may be the same. */
export interface MappedColumns {
  readonly users: Columns
  readonly passwords: Columns
}

/** @returns the columns, or the faults because of which there are none */
export async function readMappedColumns(
  db: PostgresJsDatabase,
  mapping: UsersMapping,
): Promise<MappedColumns | { readonly faults: readonly Finding[] }> {
  const users = await readColumns(db, mapping, mapping, mappingVariables.table)
  const { passwordTable } = mapping
  const passwords = passwordTable
    ? await readColumns(db, mapping, passwordTable, mappingVariables.passwordTable)
    : users
  if (!('status' in users || 'status' in passwords)) return { users, passwords }
  return { faults: [...new Set([users, passwords])].filter((read) => 'status' in read) }
}

/**
 * @param variable names the table in the configuration
 * @returns the columns, or the fault because of which there are none
 */
async function readColumns(
  db: PostgresJsDatabase,
  mapping: UsersMapping,
  name: TableName,
  variable: string,
): Promise<Columns | Finding> {
  try {
    const columns = await db.execute<ColumnRow>(sql`
      SELECT a.attname AS name, t.typname AS type, n.nspname AS "typeSchema",
        CASE WHEN has_schema_privilege(n.oid, 'USAGE') THEN format_type(t.oid, -1) ELSE 'text' END AS "fullType",
        CASE WHEN t.typname IN ('varchar', 'bpchar') AND greatest(a.atttypmod, domain.typtypmod) > 4
          THEN greatest(a.atttypmod, domain.typtypmod) - 4 END AS width,
        CASE WHEN t.typname IN ('timestamp', 'timestamptz') AND greatest(a.atttypmod, domain.typtypmod) BETWEEN 0 AND 5
          THEN greatest(a.atttypmod, domain.typtypmod) END AS digits,
        (SELECT format('%I.%I', n.nspname, c.collname) FROM pg_collation c
          JOIN pg_namespace n ON n.oid = c.collnamespace
          WHERE c.oid = a.attcollation AND c.collname <> 'default') AS collation,
        has_column_privilege(a.attrelid, a.attnum, 'SELECT') AS selectable,
        has_column_privilege(a.attrelid, a.attnum, 'UPDATE') AS updatable,
        CASE WHEN a.attgenerated <> '' THEN 'table'
          WHEN relation.relkind = 'v' AND NOT pg_column_is_updatable(a.attrelid, a.attnum, false)
            AND NOT EXISTS (SELECT FROM pg_trigger
              WHERE tgrelid = a.attrelid AND (tgtype & ${INSTEAD_OF_UPDATE}) = ${INSTEAD_OF_UPDATE})
          THEN 'view' END AS computed,
        relation.relkind = 'v' AS "isOfView"
      FROM pg_attribute a
      JOIN pg_class relation ON relation.oid = a.attrelid
      JOIN pg_type domain ON domain.oid = a.atttypid
      JOIN pg_type t ON t.oid = CASE WHEN domain.typtype = 'd' THEN domain.typbasetype ELSE domain.oid END
      JOIN pg_namespace n ON n.oid = t.typnamespace
      WHERE a.attrelid = to_regclass(${renderSql(tableSql(name))}) AND a.attnum > 0 AND NOT a.attisdropped`)
    if (columns.length === 0) return await reportMissingTable(db, mapping, name, variable)
    return new Map(columns.map((column) => [column.name, column]))
  } catch (error) {
    if (nameFailure(error) !== '42501') throw error
    return reportFault('rights', `${variable}: ${describeFailure(error)}`, GRANTS_REMEDY)
  }
}

/** @returns a fault for each table or column that is not there */
export async function findMissingNames(
  db: PostgresJsDatabase,
  mapping: UsersMapping,
): Promise<Finding[]> {
  const columns = await readMappedColumns(db, mapping)
  const faults = 'faults' in columns ? columns.faults : await findColumnFaults(db, mapping, columns)
  return faults.filter(({ name }) => name === 'table' || name === 'column')
}

/** @returns each column that is missing, of another kind, or without a right */
export async function findColumnFaults(
  db: PostgresJsDatabase,
  mapping: UsersMapping,
  { users, passwords }: MappedColumns,
): Promise<Finding[]> {
  const viewRemedies = await writeViewRemedies(db, mapping, { users, passwords })
  const { id, passwordTable } = mapping
  const faults: Finding[] = []
  const judge = (
    variable: string,
    name: string | undefined,
    needs: { types?: readonly string[]; update?: boolean; isUnread?: boolean },
    columns = users,
  ) => {
    if (name === undefined) return
    const add = (topic: string, says: string, remedy: string) =>
      faults.push(reportFault(topic, `${variable}: ${says}`, remedy))
    const column = columns.get(name)
    const quoted = quoteName(name)
    if (!column) {
      faults.push(reportMissingColumn(name, variable, columns.keys()))
    } else if (!column.selectable && !needs.isUnread) {
      add('rights', `the database role lacks SELECT on the column ${quoted}`, GRANTS_REMEDY)
    } else if (needs.update && column.computed) {
      const remedy =
        column.computed === 'table'
          ? `set ${variable} to the column that ${quoted} is computed from`
          : (viewRemedies.get(variable) ??
            'map the table itself, or give the view an INSTEAD OF UPDATE trigger that writes it')
      add('type', `the column ${quoted} is computed, so nobody can write it`, remedy)
    } else if (needs.update && !column.updatable) {
      add('rights', `the database role lacks UPDATE on the column ${quoted}`, GRANTS_REMEDY)
    } else if (needs.types && !needs.types.includes(column.type)) {
      const says = `the column ${quoted} is of type ${column.type}, where ${needs.types.join(' or ')} would fit`
      const orElse = needs.update ? '' : ', or map a view that casts it'
      const remedy =
        viewRemedies.get(variable) ?? `set ${variable} to a column of such a type${orElse}`
      add('type', says, remedy)
    }
  }
  const text = { types: TEXT_TYPES }
  judge(mappingVariables.id, id, { types: Object.keys(ID_TYPES) })
  judge(mappingVariables.emailAddress, mapping.emailAddress, text)
  judge(
    mappingVariables.passwordHash,
    mapping.passwordHash,
    { types: TEXT_TYPES, update: true },
    passwords,
  )
  judge(mappingVariables.userColumn, passwordTable?.userColumn, {}, passwords)
  for (const name of mapping.loginColumns) judge(mappingVariables.loginColumns, name, text)
  judge(mappingVariables.name, mapping.name, text)
  judge(mappingVariables.locale, mapping.locale, text)
  judge(mappingVariables.lastLogin, mapping.lastLogin, {})
  judge(mappingVariables.changedAt, mapping.changedAt, {
    types: ['timestamptz', 'timestamp'],
    update: true,
    isUnread: !mapping.readsChangedAt,
  })
  judge(mappingVariables.epoch, mapping.epoch, { types: ['int2', 'int4', 'int8'], update: true })
  // What locks a row is not the right to read it.
  if (passwordTable && ![...users.values()].some(({ updatable }) => updatable)) {
    const says = `${mappingVariables.table}: the database role lacks UPDATE on every column, so it can lock no row`
    faults.push(reportFault('rights', says, GRANTS_REMEDY))
  }
  const hash = passwords.get(mapping.passwordHash)
  if (hash?.width && hash.width < mapping.hashLength) {
    const { width } = hash
    const says = `${mappingVariables.passwordHash}: the column ${quoteName(mapping.passwordHash)} holds ${width} characters, a hash needs ${mapping.hashLength}`
    faults.push(reportFault('hash-width', says, widenColumn(passwordTable ?? mapping, hash)))
  }
  return faults
}
