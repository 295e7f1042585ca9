// Makes a host's users table after a mapping, with names and types as the test wants them.

import type { Sql } from 'postgres'
import { type Database, openDatabase } from '../../src/accounts/database.ts'
import { renderSql, tableSql, type UsersMapping } from '../../src/accounts/mapping.ts'
import { createPostgresAccounts } from '../../src/accounts/postgres-accounts.ts'
import type { Accounts } from '../../src/ports.ts'
import { createDatabase, type TestDatabase } from '../support/database.ts'
import { type Inspected, inspect } from './inspected.ts'

export type Row = Readonly<Record<string, unknown>>
type ColumnKey = Exclude<
  keyof UsersMapping,
  | 'schema'
  | 'table'
  | 'eligibleSql'
  | 'addressesAreLower'
  | 'loginColumns'
  | 'passwordTable'
  | 'afterReset'
  | 'allowSeqScan'
>

export const plainMapping = {
  schema: undefined,
  table: 'users',
  id: 'id',
  emailAddress: 'email',
  passwordHash: 'password_hash',
  passwordTable: undefined,
  hashLength: 97,
  eligibleSql: 'active',
  addressesAreLower: false,
  loginColumns: ['username', 'staff_no'],
  name: 'full_name',
  locale: 'locale',
  lastLogin: 'last_login',
  changedAt: 'changed_at',
  readsChangedAt: false,
  epoch: 'token_version',
  afterReset: undefined,
  allowSeqScan: false,
} as const satisfies UsersMapping

/** With the columns that there must be, and no others. */
export const leastMapping = {
  ...plainMapping,
  eligibleSql: undefined,
  loginColumns: [],
  name: undefined,
  locale: undefined,
  lastLogin: undefined,
  changedAt: undefined,
  epoch: undefined,
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

export const twoTablesMapping = {
  ...plainMapping,
  passwordTable: {
    schema: undefined,
    table: 'credentials',
    userColumn: 'user_id',
    filterSql: "kind = 'password' -- of all kinds",
  },
} as const satisfies UsersMapping

export const awkwardTwoTablesMapping = {
  ...awkwardMapping,
  passwordTable: {
    schema: 'Acme Corp',
    table: 'rekey "owner"',
    userColumn: 'User"s ID',
    filterSql: undefined,
  },
} as const satisfies UsersMapping

export interface MappedTable {
  readonly sql: Sql
  readonly mapping: UsersMapping
  readonly inspected: Inspected
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
  const { passwordTable } = mapping
  const passwords = passwordTable && renderSql(tableSql(passwordTable))
  const columns: [string | undefined, string][] = [
    [mapping.id, `${types.id ?? 'bigint'} primary key`],
    [mapping.emailAddress, types.emailAddress ?? 'text'],
    [passwordTable ? undefined : mapping.passwordHash, types.passwordHash ?? 'text'],
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
  for (const login of mapping.loginColumns) {
    await sql.unsafe(`create index on ${name} (${quote(login)})`)
  }
  if (passwordTable) {
    const user = quote(passwordTable.userColumn)
    await sql.unsafe(
      `create table ${passwords} (${user} ${types.id ?? 'bigint'}, kind text default 'password', ${quote(mapping.passwordHash)} text)`,
    )
    await sql.unsafe(`create index on ${passwords} (${user})`)
  }

  const opened: Database = openDatabase({
    url: database.url,
    ca: undefined,
    poolMax: 2,
    prepare: true,
  })
  const inspected = await inspect(opened.db, mapping)
  return {
    sql,
    mapping,
    inspected,
    database,
    accounts: createPostgresAccounts(opened, mapping, inspected.facts()),
    async store({ active: isActive, logins, ...row }) {
      const byName = Object.entries(row)
        .filter(([key]) => !(passwordTable && key === 'passwordHash'))
        .map(([key, value]) => [mapping[key as ColumnKey], value])
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
      if (passwordTable && 'passwordHash' in row) {
        const { userColumn: user } = passwordTable
        await sql.unsafe(
          `insert into ${passwords} (${quote(user)}, ${quote(mapping.passwordHash)})
           select ${quote(mapping.id)}, $2 from ${name} where ${quote(mapping.id)}::text = $1`,
          [stored?.['id'], row['passwordHash'] as string],
        )
      }
      return stored?.['id']
    },
    async row(id) {
      const join = passwordTable
        ? `left join ${passwords} on ${quote(passwordTable.userColumn)} = ${quote(mapping.id)}`
        : ''
      const [row] = await sql.unsafe(
        `select * from ${name} ${join} where ${quote(mapping.id)}::text = $1`,
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
