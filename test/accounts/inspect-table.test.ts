// Which mappings do not fit, and how each misfit is named.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Database, openDatabase } from '../../src/accounts/database.ts'
import { inspectTable } from '../../src/accounts/inspect-table.ts'
import type { UsersMapping } from '../../src/accounts/mapping.ts'
import { createPostgresAccounts } from '../../src/accounts/postgres-accounts.ts'
import { createDatabase, type TestDatabase } from '../support/database.ts'
import { plainMapping } from './mapped-table.ts'

let database: TestDatabase
let opened: Database

beforeAll(async () => {
  database = await createDatabase()
  const { sql } = database
  await sql`create domain short_text as varchar(50)`
  await sql`create domain user_id as uuid`
  await sql`create schema hidden`
  await sql`create table hidden.users (id int, email text, password_hash text)`
  await sql`
    create table users (
      id bigint primary key, email text, password_hash text, active boolean, username text,
      staff_no text, full_name text, locale text, last_login timestamptz, changed_at timestamptz,
      token_version integer, uid user_id, amount numeric, born date, narrow varchar(60),
      narrow_padded char(96), narrow_domain short_text, wide varchar(97), plain varchar,
      info jsonb, dropped text)`
  await sql`alter table users drop column dropped`
  await sql`create index on users (lower(email))`
  await sql`create view some_users as select * from users`
  await sql`create table partitioned (like users) partition by range (id)`
  await sql.unsafe(`create role reader_of_${databaseName()} login password 'reader'`)
  await sql.unsafe(`grant select on users to reader_of_${databaseName()}`)
  await sql.unsafe(`grant update (token_version) on users to reader_of_${databaseName()}`)
  opened = openDatabase({ url: database.url, ca: undefined, poolMax: 1, prepare: true })
})

afterAll(async () => {
  await opened?.close()
  await database?.sql.unsafe(`drop owned by reader_of_${databaseName()}`)
  await database?.sql.unsafe(`drop role reader_of_${databaseName()}`)
  await database?.drop()
})

const databaseName = () => new URL(database.url).pathname.slice(1)
const faultsOf = async (mapping: Partial<UsersMapping>, db = opened.db) =>
  (await inspectTable(db, { ...plainMapping, ...mapping })).faults
const noColumn = (variable: string) => `${variable}: the table has no such column`
const noText = (variable: string, type: string) =>
  `${variable}: type ${type} does not fit, text or varchar or bpchar or citext would`

test('a mapping that fits has no fault', async () => {
  expect(await faultsOf({})).toEqual([])
})

test.each<[string, Partial<UsersMapping>, readonly string[]]>([
  ['no such table', { table: 'people' }, ['USERS_TABLE: there is no table or view of this name']],
  ['no such schema', { schema: 'other' }, ['USERS_TABLE: there is no table or view of this name']],
  [
    'the table in other letter case',
    { table: 'Users' },
    ['USERS_TABLE: there is no table or view of this name'],
  ],
  [
    'a table that closes the statement',
    { table: 'users; drop table users' },
    ['USERS_TABLE: there is no table or view of this name'],
  ],
  [
    'no such columns',
    { id: 'a', emailAddress: 'b', passwordHash: 'c' },
    ['USERS_ID_COLUMN', 'USERS_EMAIL_COLUMN', 'USERS_PASSWORD_COLUMN'].map(noColumn),
  ],
  [
    'no such further columns',
    {
      loginColumns: ['d', 'username', 'e'],
      name: 'f',
      locale: 'g',
      lastLogin: 'h',
      changedAt: 'i',
      epoch: 'j',
    },
    [
      'USERS_LOGIN_COLUMNS',
      'USERS_LOGIN_COLUMNS',
      'USERS_NAME_COLUMN',
      'USERS_LOCALE_COLUMN',
      'USERS_LAST_LOGIN_COLUMN',
      'USERS_CHANGED_AT_COLUMN',
      'USERS_EPOCH_COLUMN',
    ].map(noColumn),
  ],
  ['a column in other letter case', { emailAddress: 'Email' }, [noColumn('USERS_EMAIL_COLUMN')]],
  [
    'a column that was dropped',
    { name: '........pg.dropped.21........' },
    [noColumn('USERS_NAME_COLUMN')],
  ],
  ['a system column', { lastLogin: 'xmin' }, [noColumn('USERS_LAST_LOGIN_COLUMN')]],
  [
    'texts that are none',
    {
      emailAddress: 'info',
      passwordHash: 'id',
      loginColumns: ['amount'],
      name: 'born',
      locale: 'active',
    },
    [
      noText('USERS_EMAIL_COLUMN', 'jsonb'),
      noText('USERS_PASSWORD_COLUMN', 'int8'),
      noText('USERS_LOGIN_COLUMNS', 'numeric'),
      noText('USERS_NAME_COLUMN', 'date'),
      noText('USERS_LOCALE_COLUMN', 'bool'),
    ],
  ],
  [
    'a time that is a day',
    { changedAt: 'born' },
    ['USERS_CHANGED_AT_COLUMN: type date does not fit, timestamptz or timestamp would'],
  ],
  [
    'a version that is a text',
    { epoch: 'email' },
    ['USERS_EPOCH_COLUMN: type text does not fit, int2 or int4 or int8 would'],
  ],
  [
    'ids that are amounts',
    { id: 'amount' },
    ['USERS_ID_COLUMN: ids of type numeric are not supported'],
  ],
  [
    'a narrow hash column',
    { passwordHash: 'narrow' },
    ['USERS_PASSWORD_COLUMN: holds 60 characters, a hash needs 97'],
  ],
  [
    'a narrow padded one',
    { passwordHash: 'narrow_padded' },
    ['USERS_PASSWORD_COLUMN: holds 96 characters, a hash needs 97'],
  ],
  [
    'a narrow one by its domain',
    { passwordHash: 'narrow_domain' },
    ['USERS_PASSWORD_COLUMN: holds 50 characters, a hash needs 97'],
  ],
  [
    'an expression without its column',
    { eligibleSql: 'is_active' },
    ['USERS_ELIGIBLE_SQL: 42703 column "is_active" does not exist'],
  ],
  [
    'an expression that is a number',
    { eligibleSql: 'id' },
    ['USERS_ELIGIBLE_SQL: 42804 argument of IS TRUE must be type boolean, not type bigint'],
  ],
  [
    'an expression that is none',
    { eligibleSql: 'active AND' },
    ['USERS_ELIGIBLE_SQL: 42601 syntax error at or near ")"'],
  ],
  [
    'two statements',
    { eligibleSql: 'true) ; drop table users; --' },
    ['USERS_ELIGIBLE_SQL: 42601 syntax error at or near ";"'],
  ],
  [
    'a word about all rows',
    { eligibleSql: 'bool_and(active)' },
    ['USERS_ELIGIBLE_SQL: 42803 aggregate functions are not allowed in WHERE'],
  ],
  [
    'several rows for one',
    { eligibleSql: 'unnest(array[active])' },
    ['USERS_ELIGIBLE_SQL: 0A000 set-returning functions are not allowed in WHERE'],
  ],
  ['a value that cannot be', { eligibleSql: "'canary'::boolean" }, ['USERS_ELIGIBLE_SQL: 22P02']],
])('%s is a fault of its variable', async (_, mapping, faults) => {
  expect(await faultsOf(mapping)).toEqual(faults)
})

test.each<[string, Partial<UsersMapping>]>([
  ['a view', { table: 'some_users' }],
  ['a partitioned table', { table: 'partitioned' }],
  ['a schema', { schema: 'public' }],
  ['a domain', { id: 'uid' }],
  ['a hash column that is just wide enough', { passwordHash: 'wide' }],
  ['a narrow one for short hashes', { passwordHash: 'narrow', hashLength: 60 }],
  ['one without a limit', { passwordHash: 'plain' }],
  ['an expression with a comment', { eligibleSql: 'active -- as everybody' }],
  [
    'an expression with a subquery',
    { eligibleSql: 'id NOT IN (SELECT id FROM some_users WHERE NOT active)' },
  ],
])('%s fits', async (_, mapping) => {
  expect(await faultsOf(mapping)).toEqual([])
})

describe('a role with few rights', () => {
  let limited: Database

  beforeAll(() => {
    const url = new URL(database.url)
    url.username = `reader_of_${databaseName()}`
    url.password = 'reader'
    limited = openDatabase({ url: url.href, ca: undefined, poolMax: 1, prepare: true })
  })

  afterAll(() => limited?.close())

  test('needs UPDATE on the columns that are written', async () => {
    expect(await faultsOf({}, limited.db)).toEqual([
      'USERS_PASSWORD_COLUMN: the database role lacks UPDATE on the column',
      'USERS_CHANGED_AT_COLUMN: the database role lacks UPDATE on the column',
    ])
  })

  test('needs SELECT on the columns that are read, and on no others', async () => {
    const role = `reader_of_${databaseName()}`
    await database.sql.unsafe(`revoke select on users from ${role}`)
    const needed = 'id, email, password_hash, active, changed_at, token_version'
    await database.sql.unsafe(
      `grant select (${needed}), update (password_hash, changed_at) on users to ${role}`,
    )
    const less = {
      loginColumns: ['username'],
      name: undefined,
      locale: undefined,
      lastLogin: undefined,
    }
    expect(await faultsOf(less, limited.db)).toEqual([
      'USERS_LOGIN_COLUMNS: the database role lacks SELECT on the column',
    ])
    expect(await faultsOf({ ...less, loginColumns: [] }, limited.db)).toEqual([])
    expect(
      await faultsOf({ ...less, loginColumns: [], eligibleSql: 'full_name is null' }, limited.db),
    ).toEqual(['USERS_ELIGIBLE_SQL: 42501 permission denied for table users'])
  })

  test('needs to see into the schema', async () => {
    expect(await faultsOf({ schema: 'hidden' }, limited.db)).toEqual([
      'USERS_TABLE: 42501 permission denied for schema hidden',
    ])
  })
})

test('without an index for the look-up, the operator is told how to make one', async () => {
  const { sql } = database
  const mapping = { ...plainMapping, table: 'Slow "ones"', emailAddress: 'E-Mail' }
  await sql`create table "Slow ""ones""" (like users, primary key (id))`
  await sql`alter table "Slow ""ones""" rename email to "E-Mail"`
  const { warnings } = await inspectTable(opened.db, mapping)
  expect(warnings).toEqual([
    'USERS_EMAIL_COLUMN: no index serves the look-up by address, so each look-up reads the whole table. Run: CREATE INDEX CONCURRENTLY ON "Slow ""ones""" (lower("E-Mail"))',
  ])
  const [statement = ''] = warnings[0]?.split('Run: ').slice(1) ?? []
  await sql.unsafe(statement)
  expect((await inspectTable(opened.db, mapping)).warnings).toEqual([])
})

test.each([
  ['lower(email) where active', 1],
  ['upper(email)', 1],
  ['email', 1],
  ['lower(email), id', 0],
])('an index on %s serves it or not', async (on, warnings) => {
  const { sql } = database
  await sql`drop table if exists indexed`
  await sql`create table indexed (like users, primary key (id))`
  const [columns, where] = on.split(' where ')
  await sql.unsafe(`create index on indexed (${columns}) ${where ? `where ${where}` : ''}`)
  const found = await inspectTable(opened.db, { ...plainMapping, table: 'indexed' })
  expect(found.warnings).toHaveLength(warnings)
})

test('every fault is found at once, in columns and in expressions', async () => {
  const faults = await faultsOf({ name: 'nope', eligibleSql: 'is_nope' })
  expect(faults).toEqual([
    'USERS_NAME_COLUMN: the table has no such column',
    'USERS_ELIGIBLE_SQL: 42703 column "is_nope" does not exist',
  ])
})

test('a column that is computed from others cannot be written', async () => {
  const { sql } = database
  await sql`create table computed (like users, hash text generated always as (email || 'x') stored)`
  const { faults } = await inspectTable(opened.db, {
    ...plainMapping,
    table: 'computed',
    passwordHash: 'hash',
  })
  expect(faults).toEqual([
    'USERS_PASSWORD_COLUMN: the column is computed from others, so nobody can write it',
  ])
})

test('ids that may be shared are warned about, and nobody is behind a shared one', async () => {
  const { sql } = database
  await sql`create table tenants (like users including indexes)`
  await sql`alter table tenants drop constraint tenants_pkey`
  await sql`insert into tenants (id, email, password_hash) values (1, 'a@b.c', 'h'), (1, 'd@e.f', 'h'), (2, 'g@h.i', 'h')`
  const mapping = { ...plainMapping, table: 'tenants' }
  const facts = await inspectTable(opened.db, mapping)
  expect([facts.faults, facts.warnings]).toEqual([
    [],
    ['USERS_ID_COLUMN: no unique index is on it alone; rows that share an id are left alone'],
  ])
  const accounts = createPostgresAccounts(opened, mapping, facts)
  const found = await accounts.read(['1', '2'])
  expect(found.map(({ emailAddress }) => emailAddress)).toEqual(['g@h.i'])
})
