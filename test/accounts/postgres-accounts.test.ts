// The adapter for PostgreSQL, on every type of id and with names and types of every kind.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openDatabase } from '../../src/accounts/database.ts'
import type { UsersMapping } from '../../src/accounts/mapping.ts'
import { createPostgresAccounts } from '../../src/accounts/postgres-accounts.ts'
import { accountsContract } from './accounts-contract.ts'
import { createGate } from './database-gate.ts'
import {
  awkwardMapping,
  awkwardTwoTablesMapping,
  createMappedTable,
  leastMapping,
  type MappedTable,
  plainMapping,
  twoTablesMapping,
} from './mapped-table.ts'
import { createMappedWorld, uuids } from './mapped-world.ts'

const integers = ['2', '3', '5', '9', '10', '11', '100']
const texts = ['A b', 'a#b', 'a&signature=x', 'b', 'c/d?e', 'd%20', 'é']

const tables: readonly [string, UsersMapping, Parameters<typeof createMappedTable>[1], string[]][] =
  [
    ['ids of type uuid', plainMapping, { id: 'uuid' }, uuids],
    [
      'ids of type bigint',
      plainMapping,
      { id: 'bigint' },
      [...integers.slice(1), '9223372036854775807'],
    ],
    ['ids of type integer', plainMapping, { id: 'integer' }, integers],
    ['ids of type smallint', plainMapping, { id: 'smallint' }, integers],
    ['ids of type text', plainMapping, { id: 'text' }, texts],
    ['ids of type varchar', plainMapping, { id: 'varchar(80)' }, texts],
    ['awkward names', awkwardMapping, { id: 'uuid' }, uuids],
    [
      'padded columns',
      plainMapping,
      {
        id: 'char(40)',
        emailAddress: 'char(80)',
        passwordHash: 'char(128)',
        login: 'char(20)',
        name: 'char(40)',
        locale: 'char(8)',
      },
      texts,
    ],
    [
      'short columns and small numbers',
      plainMapping,
      {
        emailAddress: 'varchar(80)',
        passwordHash: 'varchar(128)',
        login: 'varchar(20)',
        epoch: 'smallint default 1',
      },
      integers,
    ],
    ['citext', plainMapping, { emailAddress: 'citext', login: 'citext' }, integers],
    ['two tables', twoTablesMapping, { id: 'uuid' }, uuids],
    ['two tables with awkward names', awkwardTwoTablesMapping, { id: 'text' }, texts],
  ]

describe.each(tables)('with %s', (_, mapping, types, ids) => {
  let table: MappedTable
  const world = createMappedWorld(() => table, mapping, types, ids)

  beforeAll(async () => {
    table = await createMappedTable(mapping, types)
  })

  afterAll(() => table?.end())

  test('the mapping has no fault, and its look-up has an index', () => {
    const { faults, remedies } = table.inspected
    expect([faults, remedies]).toEqual([[], []])
  })

  test('ids are integers where their type is one', () => {
    const isInteger = types?.id === undefined || /int/.test(types.id)
    expect(table.accounts.takesIntegerIds()).toBe(isInteger)
  })

  accountsContract(world)
})

describe('with the least mapping', () => {
  let table: MappedTable

  beforeAll(async () => {
    table = await createMappedTable(leastMapping)
  })

  afterAll(() => table?.end())

  test('every account is eligible, and nothing but the hash is written', async () => {
    const id = await table.store({ id: 1, emailAddress: 'a@b.c', passwordHash: 'h' })
    const before = await table.row(id)
    const [account] = await table.accounts.read([id])
    expect(account).toEqual({
      id,
      emailAddress: 'a@b.c',
      passwordHash: 'h',
      isEligible: true,
      lastLogin: undefined,
      name: undefined,
      locale: undefined,
      personal: [{ label: 'email address', value: 'a@b.c' }],
    })
    if (account) await table.accounts.replacePassword(account, 'new')
    expect(await table.row(id)).toEqual({ ...before, password_hash: 'new' })
  })

  test('login means the address', async () => {
    const found = await table.accounts.find([{ kind: 'login', text: 'A@B.C' }])
    expect(found.map((accounts) => accounts.length)).toEqual([1])
  })
})

describe.each([
  ['timestamptz', '2024-02-29 13:00:00.75+01'],
  ['timestamp', '2024-02-29 12:00:00.75'],
])('where the time of the last change is read, as %s', (type, text) => {
  let table: MappedTable
  const mapping = { ...plainMapping, readsChangedAt: true }

  beforeAll(async () => {
    table = await createMappedTable(mapping, { changedAt: type })
  })

  afterAll(() => table?.end())

  const readChange = async (changedAt: string | null) => {
    await table.sql`truncate users`
    const id = await table.store({ id: 1, emailAddress: 'a@b.c', passwordHash: 'old' })
    // As text: the driver knows no time without end.
    if (changedAt) await table.sql.unsafe(`update users set changed_at = '${changedAt}'`)
    const [account] = await table.accounts.read([id])
    if (!account) throw new Error('no such account')
    return account
  }

  test('it is given in seconds of the unix epoch', async () => {
    expect((await readChange(text)).changedAt).toBe(Date.parse('2024-02-29T12:00:00.75Z') / 1000)
    expect((await readChange(null)).changedAt).toBe(undefined)
    expect((await readChange('infinity')).changedAt).toBe(Number.POSITIVE_INFINITY)
  })

  test('a change is read as it was written', async () => {
    const account = await readChange(null)
    expect(await table.accounts.replacePassword(account, 'new')).toBe(true)
    const [changed] = await table.accounts.read([account.id])
    expect(Math.abs(Date.now() / 1000 - (changed?.changedAt ?? 0))).toBeLessThan(5)
  })
})

test('of a name, a locale and a login of a million characters the first 256 are read', async () => {
  const table = await createMappedTable(plainMapping)
  const long = 'ä'.repeat(1_000_000)
  const row = { emailAddress: 'a@b.c', passwordHash: 'old', name: long, locale: long }
  // Too long for an index.
  await table.sql`drop index users_username_idx`
  const id = await table.store({ id: 1, ...row, logins: [long, 'short'] })
  const read = { name: 'ä'.repeat(256), locale: 'ä'.repeat(256) }
  expect(await table.accounts.read([id])).toMatchObject([read])
  const found = await table.accounts.find([{ kind: 'login', text: 'short' }])
  expect(found).toMatchObject([[{ ...read, personal: [{ value: read.name }, {}, {}, {}] }]])
  await table.end()
})

describe('the host may have its own ideas:', () => {
  let table: MappedTable

  beforeAll(async () => {
    table = await createMappedTable({ ...plainMapping, eligibleSql: '100 / token_version > 0' })
  })

  afterAll(() => table?.end())

  const stored = async (id: number, columns: object = {}) => {
    await table.store({ id, emailAddress: `${id}@b.c`, passwordHash: 'old', ...columns })
    const [account] = await table.accounts.read([String(id)])
    if (!account) throw new Error('no such account')
    return account
  }
  const trigger = async (body: string) => {
    await table.sql.unsafe(`
      create or replace function interfere() returns trigger language plpgsql as
        $$ begin ${body} end $$`)
    await table.sql`create or replace trigger interfere before update on users
      for each row execute function interfere()`
  }

  test('a token version that is NULL counts as none', async () => {
    const account = await stored(1)
    await table.sql`alter table users alter token_version drop default`
    await table.sql`update users set token_version = null where id = 1`
    // NULL is not eligible by this expression; the write must see what the read saw.
    expect(await table.accounts.replacePassword(account, 'new')).toBe(false)
    const always = { ...plainMapping, eligibleSql: undefined }
    const { accounts } = await reopen(table, always)
    expect(await accounts().replacePassword(account, 'new')).toBe(true)
    expect((await table.row('1'))?.['token_version']).toBe(1)
  })

  test('a trigger that raises makes it unavailable, and its words stay out of the message', async () => {
    const account = await stored(3, { epoch: 1 })
    await trigger("raise exception 'not for %', new.email;")
    await expect(table.accounts.replacePassword(account, 'new')).rejects.toMatchObject({
      code: 'unavailable',
      message: 'database: P0001',
      retryAfterSeconds: 5,
    })
    await table.sql`drop trigger interfere on users`
  })

  test('a row on which its expression fails costs the others nothing', async () => {
    await stored(4, { epoch: 1 })
    await table.sql`insert into users (id, email, password_hash, token_version)
      values (5, '5@b.c', 'old', 0)`
    await stored(6, { epoch: 1 })
    const named = ['4@b.c', '5@b.c', '6@b.c', 'x@b.c'].map(
      (text) => ({ kind: 'address', text }) as const,
    )
    const found = await table.accounts.find(named)
    expect(found.map((accounts) => accounts.map(({ id }) => id))).toEqual([['4'], [], ['6'], []])
  })
})

test('without a database every method says that it is unavailable, and nothing else', async () => {
  const table = await createMappedTable(plainMapping)
  const gate = await createGate(table.database.url)
  const { accounts, close } = await reopen(table, plainMapping, gate.url)
  const id = await table.store({ id: 1, emailAddress: 'a@b.c', passwordHash: 'h' })
  const [account] = await accounts().read([id])
  await gate.shut()
  const asked = [
    accounts().find([{ kind: 'login', text: 'canary@b.c' }]),
    accounts().read([id]),
    account && accounts().replacePassword(account, 'canary'),
  ]
  for (const outcome of await Promise.allSettled(asked)) {
    expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'unavailable' } })
    expect(String((outcome as PromiseRejectedResult).reason)).not.toContain('canary')
  }
  await close()
  await table.end()
})

/** The same table through another mapping. */
async function reopen(table: MappedTable, mapping: UsersMapping, url = table.database.url) {
  const database = openDatabase({ url, ca: undefined, poolMax: 1, prepare: true })
  const accounts = createPostgresAccounts(database, mapping, table.inspected.facts())
  return { accounts: () => accounts, close: database.close }
}
