// Which table and columns of the host hold the accounts, and their names as SQL.

import { type SQL, sql } from 'drizzle-orm'
import { PgDialect } from 'drizzle-orm/pg-core'

/** The operator's USERS_* settings. Names are as the catalogue spells them; no quotes. */
export interface UsersMapping {
  readonly schema: string | undefined
  readonly table: string
  readonly id: string
  readonly emailAddress: string
  readonly passwordHash: string
  /** Characters that the password column must hold at the least. */
  readonly hashLength: number
  /** A boolean expression over the row. */
  readonly eligibleSql: string | undefined
  readonly loginColumns: readonly string[]
  readonly name: string | undefined
  readonly locale: string | undefined
  readonly lastLogin: string | undefined
  readonly changedAt: string | undefined
  readonly epoch: string | undefined
}

/** The variable that names each part of the mapping, for messages to the operator. */
export const mappingVariables = {
  table: 'USERS_TABLE',
  id: 'USERS_ID_COLUMN',
  emailAddress: 'USERS_EMAIL_COLUMN',
  passwordHash: 'USERS_PASSWORD_COLUMN',
  eligibleSql: 'USERS_ELIGIBLE_SQL',
  loginColumns: 'USERS_LOGIN_COLUMNS',
  name: 'USERS_NAME_COLUMN',
  locale: 'USERS_LOCALE_COLUMN',
  lastLogin: 'USERS_LAST_LOGIN_COLUMN',
  changedAt: 'USERS_CHANGED_AT_COLUMN',
  epoch: 'USERS_EPOCH_COLUMN',
} as const

/** The table's quoted name. */
export function tableSql(mapping: UsersMapping): SQL {
  const table = sql.identifier(mapping.table)
  return mapping.schema === undefined
    ? sql`${table}`
    : sql`${sql.identifier(mapping.schema)}.${table}`
}

/** The eligibility of a row: never NULL. */
export function eligibleSql(mapping: UsersMapping): SQL {
  // The line break ends a comment that the operator's expression may close with.
  return mapping.eligibleSql === undefined
    ? sql`true`
    : sql`((${sql.raw(mapping.eligibleSql)}\n) IS TRUE)`
}

/** A piece of SQL without parameters as text, for the catalogue and for messages. */
export function renderSql(statement: SQL): string {
  return new PgDialect().sqlToQuery(statement).sql
}
