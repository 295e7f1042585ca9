// Which mappings do not fit, and how each misfit is named.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Database, openDatabase } from '../../src/accounts/database.ts'
import type { UsersMapping } from '../../src/accounts/mapping.ts'
import { createPostgresAccounts } from '../../src/accounts/postgres-accounts.ts'
import { createDatabase, type TestDatabase } from '../support/database.ts'
import { inspect } from './inspected.ts'
import { leastMapping, plainMapping } from './mapped-table.ts'

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
  await sql`create index on users (username)`
  await sql`create index on users (staff_no)`
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
  (await inspect(db, { ...plainMapping, ...mapping })).faults
const noColumn = (variable: string, name: string) =>
  `${variable}: the table has no column "${name}"`
const noTable = (name: string) =>
  `USERS_TABLE: the table ${name} does not exist in the schemas that are searched ("public")`
const noText = (variable: string, name: string, type: string) =>
  `${variable}: the column "${name}" is of type ${type}, where text or varchar or bpchar or citext would fit`

const INSTEAD = `
  create function write_shown() returns trigger language plpgsql as
    $$ begin update users set password_hash = new.hash where id = new.id; return new; end $$;
  create trigger instead instead of update on shown for each row execute function write_shown()`

test('a mapping that fits has no fault', async () => {
  expect(await faultsOf({})).toEqual([])
})

test('the facts of a look that bears large tables are those of the start', async () => {
  const look = async (allowSeqScan: boolean) =>
    (await inspect(opened.db, { ...plainMapping, allowSeqScan })).facts()
  // As they are compared while the service runs.
  expect(JSON.stringify(await look(true))).toBe(JSON.stringify(await look(false)))
})

test.each<[string, Partial<UsersMapping>, readonly string[]]>([
  ['no such table', { table: 'people' }, [noTable('"people"')]],
  [
    'no such schema',
    { schema: 'other' },
    ['USERS_TABLE: the table "other"."users" does not exist, nor does its schema'],
  ],
  [
    'no such table in a schema',
    { schema: 'hidden', table: 'people' },
    ['USERS_TABLE: the table "hidden"."people" does not exist'],
  ],
  ['the table in other letter case', { table: 'Users' }, [noTable('"Users"')]],
  [
    'a table that closes the statement',
    { table: 'users; drop table users' },
    [noTable('"users; drop table users"')],
  ],
  [
    'no such columns',
    { id: 'a', emailAddress: 'b', passwordHash: 'c' },
    [
      noColumn('USERS_ID_COLUMN', 'a'),
      noColumn('USERS_EMAIL_COLUMN', 'b'),
      noColumn('USERS_PASSWORD_COLUMN', 'c'),
    ],
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
      noColumn('USERS_LOGIN_COLUMNS', 'd'),
      noColumn('USERS_LOGIN_COLUMNS', 'e'),
      noColumn('USERS_NAME_COLUMN', 'f'),
      noColumn('USERS_LOCALE_COLUMN', 'g'),
      noColumn('USERS_LAST_LOGIN_COLUMN', 'h'),
      noColumn('USERS_CHANGED_AT_COLUMN', 'i'),
      noColumn('USERS_EPOCH_COLUMN', 'j'),
    ],
  ],
  [
    'a column in other letter case',
    { emailAddress: 'Email' },
    [noColumn('USERS_EMAIL_COLUMN', 'Email')],
  ],
  [
    'a column that was dropped',
    { name: '........pg.dropped.21........' },
    [noColumn('USERS_NAME_COLUMN', '........pg.dropped.21........')],
  ],
  ['a system column', { lastLogin: 'xmin' }, [noColumn('USERS_LAST_LOGIN_COLUMN', 'xmin')]],
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
      noText('USERS_EMAIL_COLUMN', 'info', 'jsonb'),
      noText('USERS_PASSWORD_COLUMN', 'id', 'int8'),
      noText('USERS_LOGIN_COLUMNS', 'amount', 'numeric'),
      noText('USERS_NAME_COLUMN', 'born', 'date'),
      noText('USERS_LOCALE_COLUMN', 'active', 'bool'),
    ],
  ],
  [
    'a time that is a day',
    { changedAt: 'born' },
    [
      'USERS_CHANGED_AT_COLUMN: the column "born" is of type date, where timestamptz or timestamp would fit',
    ],
  ],
  [
    'a version that is a text',
    { epoch: 'email' },
    [
      'USERS_EPOCH_COLUMN: the column "email" is of type text, where int2 or int4 or int8 would fit',
    ],
  ],
  [
    'ids that are amounts',
    { id: 'amount' },
    [
      'USERS_ID_COLUMN: the column "amount" is of type numeric, where uuid or int2 or int4 or int8 or text or varchar or bpchar would fit',
    ],
  ],
  [
    'a narrow hash column',
    { passwordHash: 'narrow' },
    ['USERS_PASSWORD_COLUMN: the column "narrow" holds 60 characters, a hash needs 97'],
  ],
  [
    'a narrow padded one',
    { passwordHash: 'narrow_padded' },
    ['USERS_PASSWORD_COLUMN: the column "narrow_padded" holds 96 characters, a hash needs 97'],
  ],
  [
    'a narrow one by its domain',
    { passwordHash: 'narrow_domain' },
    ['USERS_PASSWORD_COLUMN: the column "narrow_domain" holds 50 characters, a hash needs 97'],
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
      'USERS_PASSWORD_COLUMN: the database role lacks UPDATE on the column "password_hash"',
      'USERS_CHANGED_AT_COLUMN: the database role lacks UPDATE on the column "changed_at"',
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
      'USERS_LOGIN_COLUMNS: the database role lacks SELECT on the column "username"',
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
  const mapping = {
    ...plainMapping,
    table: 'Slow "ones"',
    emailAddress: 'E-Mail',
    loginColumns: [],
  }
  await sql`create table "Slow ""ones""" (like users, primary key (id))`
  await sql`alter table "Slow ""ones""" rename email to "E-Mail"`
  const { warnings, remedies } = await inspect(opened.db, mapping)
  expect(warnings).toEqual([
    'USERS_EMAIL_COLUMN: no index serves the look-up by address, so each look-up reads the whole table',
  ])
  expect(remedies).toEqual(['CREATE INDEX CONCURRENTLY ON "Slow ""ones""" (lower("E-Mail"))'])
  await sql.unsafe(remedies[0] ?? '')
  expect((await inspect(opened.db, mapping)).remedies).toEqual([])
})

test.each([
  ['lower(email) where active', 0],
  ['lower(email) where active and locale is null', 1],
  ['upper(email)', 1],
  ['email', 1],
  ['lower(email), id', 0],
])('an index on %s serves it or not', async (on, warnings) => {
  const { sql } = database
  await sql`drop table if exists indexed`
  await sql`create table indexed (like users, primary key (id))`
  const [columns, where] = on.split(' where ')
  await sql.unsafe(`create index on indexed (${columns}) ${where ? `where ${where}` : ''}`)
  const found = await inspect(opened.db, {
    ...leastMapping,
    eligibleSql: 'active',
    table: 'indexed',
  })
  expect(found.warnings).toHaveLength(warnings)
})

test.each<[string, Partial<UsersMapping>, string]>([
  [
    'that `rekey migrate` makes',
    { ...leastMapping, id: 'id', schema: undefined },
    'run `rekey migrate`, which makes it, or set USERS_TABLE to',
  ],
  ['of other columns', { passwordHash: 'password' }, 'set USERS_TABLE to'],
])('a missing table %s has its remedy', async (_, mapping, remedy) => {
  const empty = await createDatabase()
  const there = openDatabase({ url: empty.url, ca: undefined, poolMax: 1, prepare: true })
  const { faults, remedies } = await inspect(there.db, { ...leastMapping, ...mapping })
  expect([faults, remedies]).toEqual([[noTable('"users"')], [expect.stringMatching(`^${remedy}`)]])
  await there.close()
  await empty.drop()
})

test.each<[string, Partial<UsersMapping>, string]>([
  [
    'a table in other letter case',
    { table: 'Users' },
    ': there is "hidden"."users", "public"."users", "public"."some_users"',
  ],
  [
    'a table in another schema',
    { schema: 'publik' },
    ': there is "hidden"."users", "public"."users", "public"."some_users"',
  ],
  ['a column with a typing error', { emailAddress: 'emial' }, ': there is "email"'],
  ['a column in other spelling', { passwordHash: 'passwordHash' }, ': there is "password_hash"'],
  ['a column with more to its name', { name: 'name' }, ': there is "username", "full_name"'],
])('%s is named with what is there', async (_, mapping, names) => {
  const { remedies } = await inspect(opened.db, { ...plainMapping, ...mapping })
  expect(remedies).toEqual([expect.stringMatching(`${names}$`)])
})

test('every fault is found at once, in columns and in expressions', async () => {
  const faults = await faultsOf({ name: 'nope', eligibleSql: 'is_nope' })
  expect(faults).toEqual([
    noColumn('USERS_NAME_COLUMN', 'nope'),
    'USERS_ELIGIBLE_SQL: 42703 column "is_nope" does not exist',
  ])
})

test('a column that is computed from others cannot be written', async () => {
  const { sql } = database
  await sql`create table computed (like users, hash text generated always as (email || 'x') stored)`
  const { faults } = await inspect(opened.db, {
    ...plainMapping,
    table: 'computed',
    passwordHash: 'hash',
  })
  expect(faults).toEqual([
    'USERS_PASSWORD_COLUMN: the column "hash" is computed, so nobody can write it',
  ])
})

test.each([
  ['that computes the hash', '', 1],
  ['whose trigger writes it', INSTEAD, 0],
])('through a view %s', async (_, trigger, count) => {
  const { sql } = database
  await sql`drop view if exists shown`
  await sql`create view shown as select id, email, trim(password_hash) as hash from users`
  await sql.unsafe(trigger)
  const view = { table: 'shown', passwordHash: 'hash' }
  expect(await faultsOf({ ...leastMapping, ...view })).toEqual(
    ['USERS_PASSWORD_COLUMN: the column "hash" is computed, so nobody can write it'].slice(
      0,
      count,
    ),
  )
})

test('ids that may be shared are warned about, and nobody is behind a shared one', async () => {
  const { sql } = database
  await sql`create table tenants (like users including indexes)`
  await sql`alter table tenants drop constraint tenants_pkey`
  await sql`create index on tenants (id)`
  await sql`insert into tenants (id, email, password_hash) values (1, 'a@b.c', 'h'), (1, 'd@e.f', 'h'), (2, 'g@h.i', 'h')`
  const mapping = { ...plainMapping, loginColumns: [], table: 'tenants' }
  const { facts, warnings } = await inspect(opened.db, mapping)
  expect([facts().idType, warnings]).toEqual([
    'bigint',
    ['USERS_ID_COLUMN: no unique index is on it alone; rows that share an id are left alone'],
  ])
  const accounts = createPostgresAccounts(opened, mapping, facts())
  const found = await accounts.read(['1', '2'])
  expect(found.map(({ emailAddress }) => emailAddress)).toEqual(['g@h.i'])
})
