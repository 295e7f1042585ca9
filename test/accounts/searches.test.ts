// Searches among 400,000 rows: by the type of the column, by the index that there is, and without one.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Database, openDatabase } from '../../src/accounts/database.ts'
import { createPostgresAccounts } from '../../src/accounts/postgres-accounts.ts'
import { createDatabase, type TestDatabase } from '../support/database.ts'
import { inspect } from './inspected.ts'
import { leastMapping } from './mapped-table.ts'

const USERS = 400_000
const NOBODY = [...Array(1500).keys()].map((n) => ({ kind: 'login', text: `nobody-${n}` }) as const)
// A scan for every value of a batch, and not one for them all, would take longer than this allows.
const STATEMENT_TIMEOUT = '6s'

let database: TestDatabase
let opened: Database

beforeAll(async () => {
  database = await createDatabase()
  const { sql } = database
  await sql`create schema extensions`
  await sql`create extension citext schema extensions`
  await sql`create collation ignoring_case (provider = icu, locale = 'und-u-ks-level2', deterministic = false)`
  await sql`create domain login_name as varchar(60)`
  await sql`
    create table users (id bigint primary key, email text, password_hash text, gone timestamptz,
      as_citext extensions.citext, as_varchar varchar(60), as_padded char(60), as_domain login_name,
      as_collated text collate ignoring_case)`
  await sql`
    insert into users
    select n, 'user-' || n || '@b.example', '', null, 'User-' || n, 'User-' || n, 'User-' || n, 'User-' || n, 'User-' || n
    from generate_series(1, ${USERS}) n`
  await sql`create index on users (lower(email))`
  await sql.unsafe(
    `alter database ${new URL(database.url).pathname.slice(1)} set statement_timeout = '${STATEMENT_TIMEOUT}'`,
  )
  // Behind a pooler, say: the timeout is the database's own.
  opened = openDatabase({ url: database.url, ca: undefined, poolMax: 1, prepare: false })
}, 120_000)

afterAll(async () => {
  await opened?.close()
  await database?.drop()
})

const columns = ['as_citext', 'as_varchar', 'as_padded', 'as_domain', 'as_collated']

async function openAccounts(column: string) {
  const mapping = { ...leastMapping, loginColumns: [column], allowSeqScan: true }
  const { facts, remedies } = await inspect(opened.db, mapping)
  const accounts = createPostgresAccounts(opened, mapping, facts())
  const idsOf = async (...logins: string[]) => {
    const found = await accounts.find(logins.map((text) => ({ kind: 'login', text }) as const))
    return found.map((some) => some.map(({ id }) => id))
  }
  return { accounts, idsOf, remedies, way: facts().searches.logins[0]?.way }
}

describe.each(columns)('a login column %s', (column) => {
  test('is searched for 1,500 unknown logins within the timeout, without an index and with one', async () => {
    const before = await openAccounts(column)
    expect(before.way).toBe('scan')
    const strangers = await before.accounts.find(NOBODY)
    expect(strangers.flat()).toEqual([])
    expect(await before.idsOf('User-7', 'nobody')).toEqual([['7'], []])
    const [statement = ''] = before.remedies
    await database.sql.unsafe(statement)
    const after = await openAccounts(column)
    expect([after.way, after.remedies]).toEqual(['index', []])
    expect((await after.accounts.find(NOBODY)).flat()).toEqual([])
    // Exactly as it is stored, whatever its type takes for the same.
    expect(await after.idsOf('User-7', 'user-7', 'User-7\u00a0')).toEqual([['7'], [], []])
  })
})
