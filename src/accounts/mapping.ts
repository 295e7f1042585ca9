// Which tables and columns of the host hold the accounts, and their names as SQL.

import { type SQL, sql } from 'drizzle-orm'
import { PgDialect } from 'drizzle-orm/pg-core'

/** A table by its name and, where it is not on the search path, its schema. */
export interface TableName {
  readonly schema: string | undefined
  readonly table: string
}

/** The operator's USERS_* settings. Names are as the catalogue spells them; no quotes. */
export interface UsersMapping extends TableName {
  readonly id: string
  readonly emailAddress: string
  /** A column of the table, or of the password table where there is one. */
  readonly passwordHash: string
  readonly passwordTable: PasswordTable | undefined
  /** Characters that the password column must hold at the least. */
  readonly hashLength: number
  /** A boolean expression over the row. */
  readonly eligibleSql: string | undefined
  /** Whether the host keeps addresses in small letters, whatever its users type. */
  readonly addressesAreLower: boolean
  readonly loginColumns: readonly string[]
  readonly name: string | undefined
  readonly locale: string | undefined
  readonly lastLogin: string | undefined
  readonly changedAt: string | undefined
  /** Whether that column is read too, to refuse the JWTs of before a change. */
  readonly readsChangedAt: boolean
  readonly epoch: string | undefined
  /** AFTER_RESET_SQL, split where the account's id belongs. */
  readonly afterReset: readonly string[] | undefined
  /** Whether a large table without an index may be read as a whole for each request. */
  readonly allowSeqScan: boolean
}

/** A second table that holds the hashes: one row of it for each account that has a password. */
export interface PasswordTable extends TableName {
  /** The column that holds the account's id. */
  readonly userColumn: string
  /** A boolean expression over the row, where other rows than those of passwords are in the table. */
  readonly filterSql: string | undefined
}

/** The variable that names each part of the mapping, for messages to the operator. */
export const mappingVariables = {
  table: 'USERS_TABLE',
  id: 'USERS_ID_COLUMN',
  emailAddress: 'USERS_EMAIL_COLUMN',
  passwordHash: 'USERS_PASSWORD_COLUMN',
  passwordTable: 'USERS_PASSWORD_TABLE',
  userColumn: 'USERS_PASSWORD_USER_COLUMN',
  filterSql: 'USERS_PASSWORD_FILTER_SQL',
  eligibleSql: 'USERS_ELIGIBLE_SQL',
  loginColumns: 'USERS_LOGIN_COLUMNS',
  name: 'USERS_NAME_COLUMN',
  locale: 'USERS_LOCALE_COLUMN',
  lastLogin: 'USERS_LAST_LOGIN_COLUMN',
  changedAt: 'USERS_CHANGED_AT_COLUMN',
  epoch: 'USERS_EPOCH_COLUMN',
  afterReset: 'AFTER_RESET_SQL',
} as const

export type MappingVariable = (typeof mappingVariables)[keyof typeof mappingVariables]

/** A table's quoted name. */
export function tableSql(name: TableName): SQL {
  const table = sql.identifier(name.table)
  return name.schema === undefined ? sql`${table}` : sql`${sql.identifier(name.schema)}.${table}`
}

/** An operator's boolean expression over a row: never NULL. */
export function conditionSql(expression: string | undefined): SQL {
  // The line break ends a comment that the expression may close with.
  return expression === undefined ? sql`true` : sql`((${sql.raw(expression)}\n) IS TRUE)`
}

/** The same in a WHERE, where NULL is not true either: only so an index on such rows can serve. */
export function trueSql(expression: string | undefined): SQL {
  return expression === undefined ? sql`true` : sql`(${sql.raw(expression)}\n)`
}

/** The operator's boolean expressions, each with its variable and the table whose rows it judges. */
export function listConditions(mapping: UsersMapping) {
  const { eligibleSql, passwordTable } = mapping
  const conditions = [
    { variable: mappingVariables.eligibleSql, table: mapping, expression: eligibleSql },
    {
      variable: mappingVariables.filterSql,
      table: passwordTable ?? mapping,
      expression: passwordTable?.filterSql,
    },
  ]
  return conditions.filter(({ expression }) => expression !== undefined)
}

/** AFTER_RESET_SQL with an account's id where it belongs. */
export function afterResetSql(statement: readonly string[], id: SQL): SQL {
  return sql.join(statement.map(sql.raw), id)
}

/** A piece of SQL without parameters as text, for the catalogue and for messages. */
export function renderSql(statement: SQL): string {
  return new PgDialect().sqlToQuery(statement).sql
}

/** The name of a column as its reader is told of it: `first_name` is `first name`. */
export function nameInWords(column: string): string {
  return column.replaceAll('_', ' ')
}

/** An identifier as SQL, in quotes. */
export function quoteName(name: string): string {
  return renderSql(sql`${sql.identifier(name)}`)
}
