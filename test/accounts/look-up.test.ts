// How addresses are looked up follows the indexes that there are.

import { afterEach, expect, test } from 'vitest'
import { openDatabase } from '../../src/accounts/database.ts'
import { createPostgresAccounts } from '../../src/accounts/postgres-accounts.ts'
import { searchAllRows } from '../../src/accounts/search.ts'
import { inspect } from './inspected.ts'
import { createMappedTable, type MappedTable, plainMapping } from './mapped-table.ts'

const CREATE_INDEX = 'CREATE INDEX CONCURRENTLY ON "users" (lower("email"))'

let table: MappedTable

afterEach(() => table?.end())

/** The table with these indexes on its address instead of the usual one, looked at again. */
async function withIndexes(indexes: readonly string[], emailType = 'text', allowSeqScan = false) {
  table = await createMappedTable(plainMapping, { emailAddress: emailType })
  const { sql, database } = table
  await sql`drop index users_lower_idx`
  for (const on of indexes) await sql.unsafe(`create index on users ${on}`)
  const mapping = { ...plainMapping, allowSeqScan }
  const opened = openDatabase({ url: database.url, ca: undefined, poolMax: 1, prepare: true })
  const look = async () => {
    const inspected = await inspect(opened.db, mapping)
    const find = async (text: string) => {
      const accounts = createPostgresAccounts(opened, mapping, inspected.facts())
      const [found] = await accounts.find([{ kind: 'address', text }])
      return found?.map(({ emailAddress }) => emailAddress)
    }
    return { ...inspected, find }
  }
  return { sql, look, close: opened.close }
}

test('an index on a plain column finds the spelling that was typed, and small letters', async () => {
  const { look, close } = await withIndexes(['(email)'])
  await table.store({ id: 1, emailAddress: 'kim@example.org' })
  await table.store({ id: 2, emailAddress: 'Ada@Example.org' })
  const { facts, warnings, remedies, find } = await look()
  expect(facts().lookUp).toBe('plain')
  expect(warnings).toEqual([
    'USERS_EMAIL_COLUMN: its index knows letter case, so an address is found as it was typed or in small letters, and not in every spelling',
  ])
  expect(remedies).toEqual([CREATE_INDEX])
  expect(await find('KIM@example.org')).toEqual(['kim@example.org'])
  expect(await find('Ada@Example.org')).toEqual(['Ada@Example.org'])
  expect(await find('ada@example.org')).toEqual([])
  await close()
})

test('an index on a citext column finds every spelling', async () => {
  const { look, close } = await withIndexes(['(email)'], 'citext')
  await table.store({ id: 1, emailAddress: 'Kim@Example.org' })
  const { facts, remedies, find } = await look()
  expect([facts().lookUp, remedies]).toEqual(['plain', []])
  expect(await find('KIM@example.ORG')).toEqual(['Kim@Example.org'])
  await close()
})

test.each(['varchar(80)', 'char(80)'])('an index on a plain %s serves too', async (type) => {
  const { look, close } = await withIndexes(['(email)'], type)
  await table.store({ id: 1, emailAddress: 'kim@example.org' })
  const { facts, find } = await look()
  expect(facts().lookUp).toBe('plain')
  expect(await find('KIM@example.org')).toEqual(['kim@example.org'])
  await close()
})

test('an index that cannot serve is no index', async () => {
  const { look, close } = await withIndexes([
    '(upper(email))',
    '(lower(email)) where not active',
    'using brin (lower(email))',
    '(id, email)',
  ])
  const { warnings } = await look()
  expect(warnings[0]).toContain('no index serves the look-up by address')
  await close()
})

test('a partial index serves where the eligibility implies it, and finds eligible rows only', async () => {
  const { look, close } = await withIndexes(['(lower(email)) where active'])
  await table.store({ id: 1, emailAddress: 'Kim@example.org' })
  await table.store({ id: 2, emailAddress: 'kim@example.org', active: false })
  const { facts, remedies, find } = await look()
  expect([facts().searches.addresses.way, remedies]).toEqual(['partial-index', []])
  expect(await find('kim@example.org')).toEqual(['Kim@example.org'])
  const searches = searchAllRows(facts().searches)
  const opened = openDatabase({ url: table.database.url, ca: undefined, poolMax: 1, prepare: true })
  const accounts = createPostgresAccounts(opened, plainMapping, { ...facts(), searches })
  const [all = []] = await accounts.find([{ kind: 'address', text: 'kim@example.org' }])
  expect(all.map(({ id, isEligible }) => [id, isEligible])).toEqual([
    ['2', false],
    ['1', true],
  ])
  await opened.close()
  await close()
})

test('a large table without an index is refused with the statement that makes one', async () => {
  const { sql, look, close } = await withIndexes([])
  await sql`insert into users (id, email) select n, n || '@b.c' from generate_series(1, 10000) n`
  expect((await look()).faults).toEqual([])
  await sql`insert into users (id, email) values (10001, 'x@b.c')`
  const { faults, remedies } = await look()
  expect(faults).toEqual([
    'USERS_EMAIL_COLUMN: no index serves the look-up by address, so each look-up reads the whole table',
  ])
  expect(remedies).toEqual([`${CREATE_INDEX}; -- or set ALLOW_SEQ_SCAN=true`])
  await sql.unsafe(CREATE_INDEX)
  const served = await look()
  expect([served.facts().lookUp, served.remedies]).toEqual(['lower', []])
  await close()
})

test('ALLOW_SEQ_SCAN starts without one, and says so', async () => {
  const { sql, look, close } = await withIndexes([], 'text', true)
  await sql`insert into users (id, email) select n, n || '@b.c' from generate_series(1, 10001) n`
  const { facts, remedies, find } = await look()
  expect([facts().lookUp, remedies]).toEqual(['lower', [CREATE_INDEX]])
  expect(await find('77@B.C')).toEqual(['77@b.c'])
  await close()
})

test.each(['tr-x-icu', 'az-x-icu'])(
  'under the collation %s, where a small I has no dot, an address is found all the same',
  async (collation) => {
    const { sql, look, close } = await withIndexes([])
    await sql.unsafe(`alter table users alter column email type text collate "${collation}"`)
    await table.store({ id: 1, emailAddress: 'INFO@X.EXAMPLE' })
    const before = await look()
    expect(await before.find('info@x.example')).toEqual(['INFO@X.EXAMPLE'])
    const [statement = ''] = before.remedies
    await sql.unsafe(statement)
    const { remedies, find } = await look()
    expect(remedies).toEqual([])
    expect(await find('Info@x.example')).toEqual(['INFO@X.EXAMPLE'])
    await close()
  },
)

test('an index of the same name in another schema says nothing about this one', async () => {
  const { sql, look, close } = await withIndexes([])
  await sql`create index by_email on users (id, lower(email))`
  await sql`create schema other`
  await sql`create table other.users (email text)`
  await sql`create index by_email on other.users (lower(email))`
  expect((await look()).warnings[0]).toContain('no index serves the look-up by address')
  await close()
})
