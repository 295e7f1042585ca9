// What else is written with a password, in the same transaction: all of it, or nothing.

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Database, openDatabase } from '../../src/accounts/database.ts'
import type { UsersMapping } from '../../src/accounts/mapping.ts'
import { createPostgresAccounts } from '../../src/accounts/postgres-accounts.ts'
import type { Account, Accounts } from '../../src/ports.ts'
import { inspect } from './inspected.ts'
import {
  createMappedTable,
  type MappedTable,
  plainMapping,
  twoTablesMapping,
} from './mapped-table.ts'

let table: MappedTable
let opened: Database

const afterwards = (...parts: string[]): Partial<UsersMapping> => ({ afterReset: parts })
const endSessions = afterwards('DELETE FROM sessions WHERE user_id = ', '')

/** The accounts of the table through another mapping. */
async function through(mapping: UsersMapping): Promise<Accounts> {
  const { facts } = await inspect(opened.db, mapping)
  return createPostgresAccounts(opened, mapping, facts())
}

async function read(accounts: Accounts, id = '1'): Promise<Account> {
  const [account] = await accounts.read([id])
  if (!account) throw new Error('no such account')
  return account
}

const layouts: readonly [string, UsersMapping][] = [
  ['one table', plainMapping],
  ['two tables', twoTablesMapping],
]

describe.each(layouts)('in %s', (_, mapping) => {
  beforeEach(async () => {
    table = await createMappedTable(mapping, { id: 'bigint' })
    const { sql, database } = table
    await sql`create table sessions (user_id bigint, expires timestamptz)`
    await sql`insert into sessions values (1, now()), (1, now()), (2, now())`
    await table.store({ id: 1, emailAddress: 'a@b.c', passwordHash: 'old', epoch: 1 })
    await table.store({ id: 2, emailAddress: 'd@e.f', passwordHash: 'old', epoch: 1 })
    opened = openDatabase({ url: database.url, ca: undefined, poolMax: 2, prepare: true })
  })

  afterEach(async () => {
    await opened?.close()
    await table?.end()
  })

  const sessions = async () => {
    const rows = await table.sql`select user_id::text as id from sessions order by user_id`
    return rows.map((row) => row['id'])
  }

  test('AFTER_RESET_SQL runs with the id, once the password is written', async () => {
    const accounts = await through({ ...mapping, ...endSessions })
    expect(await accounts.replacePassword(await read(accounts), 'new')).toBe(true)
    expect(await sessions()).toEqual(['2'])
    expect(await table.row('1')).toMatchObject({ password_hash: 'new', token_version: 2 })
    expect(await table.row('2')).toMatchObject({ password_hash: 'old', token_version: 1 })
  })

  test('it does not run for a row that has changed', async () => {
    const accounts = await through({ ...mapping, ...endSessions })
    const account = await read(accounts)
    await table.sql`update users set email = 'new@b.c' where id = 1`
    expect(await accounts.replacePassword(account, 'new')).toBe(false)
    expect(await sessions()).toEqual(['1', '1', '2'])
    expect(await table.row('1')).toMatchObject({ password_hash: 'old', token_version: 1 })
  })

  test.each<[string, Partial<UsersMapping>, string]>([
    ['fails', afterwards('SELECT 1 / (', ' - 1)'), '22012'],
    ['is refused by the host', afterwards('SELECT refuse(', ')'), 'P0001'],
    ['takes too long', afterwards('SELECT pg_sleep(', ' + 9)'), '57014'],
    ['breaks a rule', afterwards('INSERT INTO audit VALUES (', ')'), '23502'],
  ])('nothing is written when it %s', { timeout: 15_000 }, async (_, after, code) => {
    await table.sql`create table audit (user_id bigint, at timestamptz not null)`
    await table.sql.unsafe(
      `create function refuse(bigint) returns void language plpgsql as $$ begin raise 'canary'; end $$`,
    )
    const accounts = await through({ ...mapping, ...after })
    const account = await read(accounts)
    await expect(accounts.replacePassword(account, 'new')).rejects.toMatchObject({
      code: 'unavailable',
      message: `AFTER_RESET_SQL: ${code}`,
    })
    expect(await table.row('1')).toMatchObject({ password_hash: 'old', token_version: 1 })
    expect(await read(accounts)).toEqual(account)
  })

  test.each<[string, readonly string[], string]>([
    [
      'names no table that there is',
      ['DELETE FROM nothing WHERE id = ', ''],
      '42P01 relation "nothing" does not exist',
    ],
    [
      'compares the id with another type',
      ['SELECT now() = ', ''],
      '42883 operator does not exist: timestamp with time zone = bigint',
    ],
    ['is no SQL', ['SELECT FROM WHERE ', ''], '42601 syntax error at or near "WHERE"'],
  ])('a start fails when it %s', async (_, afterReset, fault) => {
    const { faults } = await inspect(opened.db, { ...mapping, afterReset })
    expect(faults).toEqual([`AFTER_RESET_SQL: ${fault}`])
    expect(await sessions()).toEqual(['1', '1', '2'])
  })
})

describe('with the hash in a second table', () => {
  beforeEach(async () => {
    table = await createMappedTable(twoTablesMapping, { id: 'bigint' })
    opened = openDatabase({ url: table.database.url, ca: undefined, poolMax: 2, prepare: true })
    await table.store({ id: 1, emailAddress: 'a@b.c', passwordHash: 'old', epoch: 1 })
  })

  afterEach(async () => {
    await opened?.close()
    await table?.end()
  })

  const least = { ...twoTablesMapping, changedAt: undefined, epoch: undefined }

  test.each<[string, UsersMapping]>([
    ['alone', least],
    ['with columns that change too', twoTablesMapping],
  ])('an address that changes while the hash is written wins: %s', async (_, mapping) => {
    const accounts = await through(mapping)
    const account = await read(accounts)
    const write = await table.sql.begin(async (transaction) => {
      await transaction`update users set email = 'thief@b.c' where id = 1`
      const asked = accounts.replacePassword(account, 'new')
      await waitForLock()
      return { asked }
    })
    expect(await write.asked).toBe(false)
    expect(await table.row('1')).toMatchObject({ password_hash: 'old', email: 'thief@b.c' })
  })

  test('an address cannot change until the hash is written', async () => {
    const accounts = await through({ ...least, ...afterwards('SELECT pg_advisory_lock(', ')') })
    const account = await read(accounts)
    await table.sql.begin(async (transaction) => {
      await transaction`select pg_advisory_xact_lock(1)`
      const asked = accounts.replacePassword(account, 'new')
      await waitForLock()
      const moved = table.sql`update users set email = 'later@b.c' where id = 1`.execute()
      await waitForLock(2)
      expect(await read(accounts)).toEqual(account)
      void Promise.all([asked, moved])
    })
    await expect
      .poll(() => table.row('1'))
      .toMatchObject({ password_hash: 'new', email: 'later@b.c' })
  })

  test('rows of other kinds are left alone', async () => {
    await table.sql`insert into credentials (user_id, kind, password_hash) values (1, 'totp', 'old')`
    const accounts = await through(twoTablesMapping)
    expect(await accounts.replacePassword(await read(accounts), 'new')).toBe(true)
    expect(await table.sql`select kind, password_hash from credentials order by kind`).toEqual([
      { kind: 'password', password_hash: 'new' },
      { kind: 'totp', password_hash: 'old' },
    ])
  })

  test('an account with two hashes is left alone, and so is one without any', async () => {
    await table.sql`insert into credentials (user_id, password_hash) values (1, 'old')`
    const accounts = await through(twoTablesMapping)
    await table.store({ id: 2, emailAddress: 'd@e.f' })
    expect(await accounts.read(['1', '2'])).toMatchObject([
      { isEligible: false },
      { isEligible: false },
    ])
  })

  test.each<[string, Partial<UsersMapping['passwordTable']>, string]>([
    [
      'there is no such table',
      { table: 'nothing' },
      'USERS_PASSWORD_TABLE: the table "nothing" does not exist in the schemas that are searched ("public")',
    ],
    [
      'its id column is not there',
      { userColumn: 'uid' },
      'USERS_PASSWORD_USER_COLUMN: the table has no column "uid"',
    ],
    [
      'its ids are of another kind',
      { userColumn: 'kind' },
      'USERS_PASSWORD_USER_COLUMN: 42883 operator does not exist: text = bigint',
    ],
    [
      'its filter does not compile',
      { filterSql: 'kind =' },
      'USERS_PASSWORD_FILTER_SQL: 42601 syntax error at or near ")"',
    ],
  ])('a start fails when %s', async (_, second, fault) => {
    const passwordTable = { ...twoTablesMapping.passwordTable, ...second }
    const { faults } = await inspect(opened.db, { ...twoTablesMapping, passwordTable })
    expect(faults).toEqual([fault])
  })

  /** Waits until so many statements of this database wait for a lock. */
  async function waitForLock(count = 1): Promise<void> {
    await expect
      .poll(async () => {
        const [row] = await table.sql`
          select count(*)::int as waiting from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock'`
        return row?.['waiting']
      })
      .toBe(count)
  }
})

test('behind a pooler, a write that waits too long for its row is not made later', async () => {
  table = await createMappedTable(plainMapping, { id: 'bigint' })
  await table.store({ id: 1, emailAddress: 'a@b.c', passwordHash: 'old', epoch: 1 })
  opened = openDatabase({ url: table.database.url, ca: undefined, poolMax: 2, prepare: false })
  const accounts = await through(plainMapping)
  const account = await read(accounts)
  await table.sql.begin(async (transaction) => {
    await transaction`select from users where id = 1 for update`
    await expect(accounts.replacePassword(account, 'new')).rejects.toMatchObject({
      code: 'unavailable',
    })
  })
  expect(await read(accounts)).toEqual(account)
  await opened.close()
  await table.end()
}, 15_000)

describe('a write that does not go as it should', () => {
  beforeEach(async () => {
    table = await createMappedTable(plainMapping, { id: 'bigint' })
    opened = openDatabase({ url: table.database.url, ca: undefined, poolMax: 2, prepare: true })
  })

  afterEach(async () => {
    await opened?.close()
    await table?.end()
  })

  test('leaves two rows alone that have come to share an id', async () => {
    await table.sql`alter table users drop constraint users_pkey`
    await table.store({ id: 1, emailAddress: 'a@b.c', passwordHash: 'old' })
    const accounts = await through(plainMapping)
    const account = await read(accounts)
    await table.store({ id: 1, emailAddress: 'a@b.c', passwordHash: 'old' })
    await expect(accounts.replacePassword(account, 'new')).rejects.toThrow('several rows')
    expect(await table.sql`select password_hash from users`).toEqual([
      { password_hash: 'old' },
      { password_hash: 'old' },
    ])
  })

  test('takes no other spelling for the address that was read, whatever the collation', async () => {
    await table.sql.unsafe(`
      create collation loose (provider = icu, locale = 'und-u-ks-level1', deterministic = false);
      alter table users alter column email type text collate loose`)
    await table.store({ id: 1, emailAddress: 'Rés@b.c', passwordHash: 'old' })
    const accounts = await through(plainMapping)
    const account = await read(accounts)
    await table.sql`update users set email = 'RÉS@B.C'`
    expect(await accounts.replacePassword(account, 'new')).toBe(false)
  })

  test('is taken back where a trigger holds back what belongs to it', async () => {
    await table.end()
    table = await createMappedTable(twoTablesMapping, { id: 'bigint' })
    await opened.close()
    opened = openDatabase({ url: table.database.url, ca: undefined, poolMax: 2, prepare: true })
    await table.store({ id: 1, emailAddress: 'a@b.c', passwordHash: 'old' })
    await table.sql.unsafe(`
      create function hold() returns trigger language plpgsql as 'begin return null; end';
      create trigger hold before update on users for each row execute function hold()`)
    const accounts = await through(twoTablesMapping)
    const account = await read(accounts)
    await expect(accounts.replacePassword(account, 'new')).rejects.toMatchObject({
      code: 'unavailable',
    })
    expect(await read(accounts)).toEqual(account)
  })

  test('has the time of a request for all its steps together', async () => {
    await table.store({ id: 1, emailAddress: 'a@b.c', passwordHash: 'old', epoch: 1 })
    await table.sql.unsafe(`
      create function dawdle() returns trigger language plpgsql as
        'begin perform pg_sleep(0.6); return new; end';
      create constraint trigger dawdle after update on users deferrable initially deferred
        for each row execute function dawdle();
      create trigger dawdle_before before update on users for each row execute function dawdle()`)
    const accounts = await through({ ...plainMapping, ...afterwards('SELECT pg_sleep(0.6), ', '') })
    expect(await accounts.replacePassword(await read(accounts), 'new')).toBe(true)
  })
})

test('a row that cannot be judged costs the others nothing', async () => {
  table = await createMappedTable(plainMapping, { id: 'bigint' })
  opened = openDatabase({ url: table.database.url, ca: undefined, poolMax: 2, prepare: true })
  await table.sql.unsafe(`
    create function judge(bigint) returns boolean language plpgsql as
      $$ begin if $1 = 2 then raise 'canary'; end if; return true; end $$`)
  for (const [id, emailAddress] of [
    [1, 'a@b.c'],
    [2, 'd@e.f'],
    [3, 'g@h.i'],
  ] as const) {
    await table.store({ id, emailAddress, passwordHash: 'old' })
  }
  const mapping = { ...plainMapping, eligibleSql: 'judge(id)' }
  const { facts } = await inspect(opened.db, mapping)
  const left: string[] = []
  const accounts = createPostgresAccounts(opened, mapping, facts(), (code) => left.push(code))
  const texts = ['g@h.i', 'd@e.f', 'a@b.c']
  const found = await accounts.find(texts.map((text) => ({ kind: 'address', text })))
  expect(found.map((some) => some.map(({ id }) => id))).toEqual([['3'], [], ['1']])
  expect(left).toEqual(['P0001'])
  await opened.close()
  await table.end()
})
