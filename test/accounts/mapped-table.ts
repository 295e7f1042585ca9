// Makes a host's users table after a mapping, with names and types as the test wants them.

import type { Sql } from 'postgres'
import { type Database, openDatabase } from '../../src/accounts/database.ts'
import { inspectTable, type TableFacts } from '../../src/accounts/inspect-table.ts'
import { renderSql, tableSql, type UsersMapping } from '../../src/accounts/mapping.ts'
import { createPostgresAccounts } from '../../src/accounts/postgres-accounts.ts'
import type { Accounts } from '../../src/ports.ts'
import { createDatabase, type TestDatabase } from '../support/database.ts'

export type Row = Readonly<Record<string, unknown>>
type ColumnKey = Exclude<keyof UsersMapping, 'schema' | 'table' | 'eligibleSql' | 'loginColumns'>

export const plainMapping = {
  schema: undefined,
  table: 'users',
  id: 'id',
  emailAddress: 'email',
  passwordHash: 'password_hash',
  hashLength: 97,
  eligibleSql: 'active',
  loginColumns: ['username', 'staff_no'],
  name: 'full_name',
  locale: 'locale',
  lastLogin: 'last_login',
  changedAt: 'changed_at',
  epoch: 'token_version',
} as const satisfies UsersMapping

/** With everything in its names that SQL would stumble over without quotes. */
export const awkwardMapping = {
  ...plainMapping,
  schema: 'Acme Corp',
  table: 'Users; "of" us.all',
  id: 'User ID',
  emailAddress: 'E-Mail',
  passwordHash: 'Pass"Word',
  eligibleSql: '"is Active" -- and nothing else',
  loginColumns: ['select', 'Größe'],
  name: 'Full.Name',
  locale: "loc'ale",
  lastLogin: 'last$1Login',
  changedAt: 'changed?At',
  epoch: ' épôque ',
} as const satisfies UsersMapping

export interface MappedTable {
  readonly sql: Sql
  readonly mapping: UsersMapping
  readonly facts: TableFacts
  readonly accounts: Accounts
  readonly database: TestDatabase
  /** Stores a row by the keys of the mapping, `active`, and `logins` in their order. */
  store(row: Readonly<Record<string, unknown>>): Promise<string>
  /** @returns The whole row as it stands, or undefined. */
  row(id: string): Promise<Row | undefined>
  end(): Promise<void>
}

/** @param types Column types by key of the mapping, where they are not the usual ones. */
export async function createMappedTable(
  mapping: UsersMapping,
  types: Partial<Record<ColumnKey | 'login', string>> = {},
): Promise<MappedTable> {
  const database = await createDatabase()
  const { sql } = database
  const name = renderSql(tableSql(mapping))
  const quote = (column: string) => `"${column.replaceAll('"', '""')}"`
  const active = mapping.eligibleSql?.match(/^"([^"]*)"/)?.[1] ?? mapping.eligibleSql ?? 'active'
  const [first, second] = mapping.loginColumns
  const columns: [string | undefined, string][] = [
    [mapping.id, `${types.id ?? 'bigint'} primary key`],
    [mapping.emailAddress, types.emailAddress ?? 'text'],
    [mapping.passwordHash, types.passwordHash ?? 'text'],
    [active, 'boolean default true'],
    [first, types.login ?? 'text'],
    [second, types.login ?? 'text'],
    [mapping.name, types.name ?? 'text'],
    [mapping.locale, types.locale ?? 'text'],
    [mapping.lastLogin, types.lastLogin ?? 'timestamptz'],
    [mapping.changedAt, types.changedAt ?? 'timestamptz'],
    [mapping.epoch, types.epoch ?? 'integer default 1'],
    ['untouched', "text default 'as it was'"],
  ]
  if (mapping.schema !== undefined) await sql`create schema ${sql(mapping.schema)}`
  if (Object.values(types).includes('citext')) await sql`create extension citext`
  const definitions = columns.flatMap(([column, type]) =>
    column === undefined ? [] : [`${quote(column)} ${type}`],
  )
  await sql.unsafe(`create table ${name} (${definitions.join(', ')})`)
  await sql.unsafe(`create index on ${name} (lower(${quote(mapping.emailAddress)}))`)

  const opened: Database = openDatabase({
    url: database.url,
    ca: undefined,
    poolMax: 2,
    prepare: true,
  })
  const facts = await inspectTable(opened.db, mapping)
  return {
    sql,
    mapping,
    facts,
    database,
    accounts: createPostgresAccounts(opened, mapping, facts),
    async store({ active: isActive, logins, ...row }) {
      const byName = Object.entries(row).map(([key, value]) => [mapping[key as ColumnKey], value])
      if (isActive !== undefined) byName.push([active, isActive])
      for (const [index, login] of Object.entries((logins as unknown[]) ?? [])) {
        byName.push([mapping.loginColumns[Number(index)], login])
      }
      const names = byName.map(([column]) => quote(String(column)))
      const values = byName.map(([, value]) => value as string)
      // As text, since the driver would cut a time to milliseconds.
      const marks = byName.map(([column], index) =>
        column === mapping.lastLogin ? `$${index + 1}::text::timestamptz` : `$${index + 1}`,
      )
      const [stored] = await sql.unsafe(
        `insert into ${name} (${names.join(', ')}) values (${marks.join(', ')}) returning ${quote(mapping.id)}::text as id`,
        values,
      )
      return stored?.['id']
    },
    async row(id) {
      const [row] = await sql.unsafe(
        `select * from ${name} where ${quote(mapping.id)}::text = $1`,
        [id],
      )
      return row
    },
    async end() {
      await opened.close()
      await database.drop()
    },
  }
}
