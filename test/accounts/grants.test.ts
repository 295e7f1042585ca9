// The printed rights are enough for all that accounts do, and not one of them is too much.

import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Database, openDatabase } from '../../src/accounts/database.ts'
import { writeGrants } from '../../src/accounts/grants.ts'
import type { UsersMapping } from '../../src/accounts/mapping.ts'
import { assumeRights, findNeededRights } from '../../src/accounts/needed-rights.ts'
import { createPostgresAccounts } from '../../src/accounts/postgres-accounts.ts'
import type { Accounts } from '../../src/ports.ts'
import { createRole, type TestRole } from '../support/roles.ts'
import { accountsContract } from './accounts-contract.ts'
import { inspect } from './inspected.ts'
import {
  awkwardMapping,
  awkwardTwoTablesMapping,
  createMappedTable,
  type MappedTable,
  plainMapping,
  twoTablesMapping,
} from './mapped-table.ts'
import { createMappedWorld, uuids } from './mapped-world.ts'

interface Layout {
  /** What the table is made after, and what the service is told. */
  readonly made: UsersMapping
  readonly mapping?: UsersMapping
  /** Statements before the grants are asked for. */
  readonly arranged?: readonly string[]
  readonly contract?: boolean
}

const lessWritten = { changedAt: undefined, epoch: undefined }
const sessions = [
  'create schema web',
  'create table web.sessions (user_id uuid, at timestamptz default now())',
  'create table web.log (number serial, user_id uuid, at timestamptz default now())',
  "create function web.forget(uuid) returns void language sql security definer as 'select'",
  'revoke execute on function web.forget(uuid) from public',
  'create sequence web.count',
]
const afterReset = [
  'WITH ended AS (DELETE FROM web.sessions WHERE user_id = ',
  ' RETURNING at), said AS (INSERT INTO web.log (user_id) VALUES (',
  ') RETURNING at) SELECT count(*), web.forget(',
  "), nextval('web.count') FROM ended, said -- and no more",
]

const layouts: readonly [string, Layout][] = [
  ['one table', { made: plainMapping, contract: true }],
  ['one table in a schema', { made: awkwardMapping, contract: true }],
  [
    'one table with less written',
    { made: plainMapping, mapping: { ...plainMapping, ...lessWritten } },
  ],
  [
    'one table whose time of the last change is read',
    { made: plainMapping, mapping: { ...plainMapping, readsChangedAt: true } },
  ],
  ['two tables', { made: twoTablesMapping, contract: true }],
  ['two tables in a schema', { made: awkwardTwoTablesMapping, contract: true }],
  [
    'two tables of which one is locked only',
    { made: twoTablesMapping, mapping: { ...twoTablesMapping, ...lessWritten } },
  ],
  [
    'two tables with hardly a column',
    {
      made: twoTablesMapping,
      mapping: {
        ...twoTablesMapping,
        ...lessWritten,
        name: undefined,
        locale: undefined,
        lastLogin: undefined,
        loginColumns: [],
      },
    },
  ],
  [
    'two tables, and AFTER_RESET_SQL on the one that is locked',
    {
      made: twoTablesMapping,
      mapping: {
        ...twoTablesMapping,
        ...lessWritten,
        afterReset: ["UPDATE users SET untouched = 'no more' WHERE id = ", ''],
      },
    },
  ],
  [
    'a view',
    {
      made: plainMapping,
      mapping: { ...plainMapping, table: 'some_users' },
      arranged: ['create view some_users as select * from users'],
      contract: true,
    },
  ],
  [
    'AFTER_RESET_SQL',
    { made: plainMapping, mapping: { ...plainMapping, afterReset }, arranged: sessions },
  ],
  [
    'an expression over other tables',
    {
      made: plainMapping,
      mapping: {
        ...plainMapping,
        eligibleSql: 'NOT EXISTS (SELECT FROM bans WHERE bans.email = users.email)',
      },
      arranged: ['create table bans (email text, reason text)'],
    },
  ],
  [
    'row-level security',
    {
      made: twoTablesMapping,
      arranged: [
        'alter table users enable row level security',
        'alter table credentials enable row level security',
      ],
      contract: true,
    },
  ],
  [
    'row-level security on the tables that only the operator names',
    {
      made: plainMapping,
      mapping: {
        ...plainMapping,
        eligibleSql: 'NOT EXISTS (SELECT FROM bans WHERE bans.email = users.email)',
        afterReset,
      },
      arranged: [
        ...sessions,
        'create table bans (email text)',
        ...['web.sessions', 'web.log', 'bans'].map(
          (name) => `alter table ${name} enable row level security`,
        ),
      ],
    },
  ],
]

describe.each(layouts)('with %s', (_, { made, mapping = made, arranged = [], contract }) => {
  let table: MappedTable
  let role: TestRole
  let lines: readonly string[]
  let opened: Database
  let accounts: Accounts

  beforeAll(async () => {
    table = await createMappedTable(made, { id: 'uuid' })
    for (const statement of arranged) await table.sql.unsafe(statement)
    role = await createRole(table.database)
    const admin = openDatabase(settings(table.database.url))
    lines = writeGrants(await findNeededRights(admin.db, mapping), role.name)
    await admin.close()
    await table.sql.unsafe(lines.join('\n'))
    opened = openDatabase(settings(role.url))
    const { facts } = await inspect(opened.db, mapping)
    accounts = createPostgresAccounts(opened, mapping, facts())
  })

  afterAll(async () => {
    await opened?.close()
    await role?.drop()
    await table?.end()
  })

  test('the service finds no fault', async () => {
    const { facts, remedies } = await inspect(opened.db, mapping)
    expect([facts(), remedies]).toEqual([expect.anything(), []])
  })

  test('without any single one of them, it does not start, or resets nothing', async () => {
    const single = lines.filter((line) => line.startsWith('GRANT ')).flatMap(splitColumns)
    expect(single.length).toBeGreaterThan(4)
    expect(await works()).toBe(true)
    for (const grant of single) {
      await table.sql.unsafe(grant.replace('GRANT', 'REVOKE').replace(/ TO (?=\S+$)/, ' FROM '))
      expect([grant, await works()]).toEqual([grant, false])
      await table.sql.unsafe(grant)
    }
    expect(await works()).toBe(true)
  })

  if (contract) {
    accountsContract(
      createMappedWorld(
        () => table,
        made,
        { id: 'uuid' },
        uuids,
        () => accounts,
      ),
    )
  } else {
    test('a password is replaced once', async () => {
      const [id = ''] = uuids
      await table.store({ id, emailAddress: 'a@b.c', passwordHash: 'old' })
      const found = await accounts.find([{ kind: 'login', text: 'A@b.c' }])
      const [account] = found[0] ?? []
      if (!account) throw new Error('no such account')
      expect(await accounts.replacePassword(account, 'new')).toBe(true)
      expect(await accounts.replacePassword(account, 'newer')).toBe(false)
      expect((await table.row(id))?.['password_hash']).toBe('new')
    })
  }

  // A connection keeps the plans that it has made, so each look has one of its own.
  async function works(): Promise<boolean> {
    const id = randomUUID()
    await table.store({ id, emailAddress: `${id}@b.c`, passwordHash: 'old' })
    const fresh = openDatabase(settings(role.url))
    try {
      const { facts } = await inspect(fresh.db, mapping)
      const service = createPostgresAccounts(fresh, mapping, facts())
      const [account] = await service.read([id])
      return account !== undefined && (await service.replacePassword(account, 'new')) === true
    } catch {
      return false
    } finally {
      await fresh.close()
    }
  }
})

test('where a row is only locked, it says by which column, and why', async () => {
  const mapping = { ...twoTablesMapping, ...lessWritten, locale: undefined }
  const lines = writeGrants(assumeRights(mapping, 'no answer'), 'it')
  expect(lines).toContain(
    '-- UPDATE on any one of its columns: "full_name", because mails greet by it and nothing else here depends on it.',
  )
  expect(lines).toContain('GRANT UPDATE ("full_name") ON "users" TO "it";')
})

test('without a database, what the operator wrote is left to him, by its variable', () => {
  const mapping = { ...awkwardMapping, afterReset: ['SELECT ', ''] }
  const lines = writeGrants(assumeRights(mapping, 'ECONNREFUSED'), 'a "role"')
  expect(lines).toEqual([
    "-- The rights of Rekey's database role, and no others. Run this as the owner of the tables.",
    `-- CREATE ROLE "a ""role""" LOGIN PASSWORD '...';`,
    'GRANT USAGE ON SCHEMA "Acme Corp" TO "a ""role""";',
    `GRANT SELECT ("User ID", "E-Mail", "Pass""Word", "select", "Größe", "Full.Name", "loc'ale", "last$1Login", " épôque ") ON "Acme Corp"."Users; ""of"" us.all" TO "a ""role""";`,
    'GRANT UPDATE ("Pass""Word", "changed?At", " épôque ") ON "Acme Corp"."Users; ""of"" us.all" TO "a ""role""";',
    "-- USERS_ELIGIBLE_SQL: PostgreSQL could not be asked what it needs (ECONNREFUSED): grant that too, or print this with a DATABASE_URL of the tables' owner.",
    "-- AFTER_RESET_SQL: PostgreSQL could not be asked what it needs (ECONNREFUSED): grant that too, or print this with a DATABASE_URL of the tables' owner.",
  ])
})

test.each<[string, readonly string[], readonly string[]]>([
  [
    'the whole row',
    ['SELECT users FROM users WHERE id = ', ''],
    [
      'GRANT SELECT ("id", "email", "password_hash", "username", "staff_no", "full_name", "locale", "last_login", "token_version", "active", "changed_at", "untouched") ON "public"."users" TO "it";',
    ],
  ],
  [
    'a lock',
    ['SELECT untouched FROM users WHERE id = ', ' FOR UPDATE'],
    ['GRANT UPDATE ("password_hash", "changed_at", "token_version", "id") ON "public"."users"'],
  ],
  [
    'a function that does what it wants',
    ['SELECT forget(', ')'],
    ['-- public.forget(bigint) runs with the rights of its caller'],
  ],
  ['what it cannot be', ['SELECT nope(', ')'], ['-- AFTER_RESET_SQL: PostgreSQL could not']],
])('of AFTER_RESET_SQL it knows %s', async (_, afterReset, expected) => {
  const table = await createMappedTable(plainMapping)
  await table.sql.unsafe(
    "create function forget(bigint) returns void language plpgsql as 'begin end'",
  )
  const admin = openDatabase(settings(table.database.url))
  const mapping = { ...plainMapping, afterReset }
  const lines = writeGrants(await findNeededRights(admin.db, mapping), 'it')
  for (const line of expected) expect(lines).toContainEqual(expect.stringContaining(line))
  await admin.close()
  await table.end()
})

test('the grants of a second role take no row away from the first', async () => {
  const table = await createMappedTable(plainMapping)
  await table.sql`alter table users enable row level security`
  await table.sql`insert into users (id) values (1)`
  const admin = openDatabase(settings(table.database.url))
  const needed = await findNeededRights(admin.db, plainMapping)
  await admin.close()
  const roles = [await createRole(table.database), await createRole(table.database)]
  for (const { name } of roles) await table.sql.unsafe(writeGrants(needed, name).join('\n'))
  for (const role of roles) {
    const opened = openDatabase(settings(role.url))
    expect(await opened.db.execute('select id from users')).toHaveLength(1)
    await opened.close()
    await role.drop()
  }
  await table.end()
})

test('what two variables need is granted once', async () => {
  const table = await createMappedTable(plainMapping)
  await table.sql.unsafe(
    "create function known(bigint) returns boolean language sql security definer as 'select true'",
  )
  await table.sql.unsafe('revoke execute on function known(bigint) from public')
  const admin = openDatabase(settings(table.database.url))
  const afterReset = ['SELECT known(', ') FROM users']
  const mapping = { ...plainMapping, eligibleSql: 'known(id)', afterReset }
  const lines = writeGrants(await findNeededRights(admin.db, mapping), 'it')
  expect(lines.filter((line) => line.includes('known'))).toEqual([
    'GRANT EXECUTE ON FUNCTION public.known(bigint) TO "it";',
  ])
  await admin.close()
  await table.end()
})

test('where SQL of the operator locks rows by a column, no other is chosen for it', async () => {
  const table = await createMappedTable(twoTablesMapping)
  const admin = openDatabase(settings(table.database.url))
  const afterReset = ['SELECT FROM users WHERE id = ', ' FOR UPDATE']
  const needed = await findNeededRights(admin.db, {
    ...twoTablesMapping,
    ...lessWritten,
    afterReset,
  })
  expect([needed.lock, needed.tables[0]?.columns.UPDATE]).toEqual([undefined, ['id']])
  await admin.close()
  await table.end()
})

function settings(url: string) {
  return { url, ca: undefined, poolMax: 2, prepare: true }
}

/** One statement for each column that is granted. */
function splitColumns(grant: string): string[] {
  const [, before = '', columns, after = ''] = /^(GRANT \w+ )\((.*)\)( ON .*)$/.exec(grant) ?? []
  const names = columns?.match(/"(?:[^"]|"")*"/g)
  return names?.map((name) => `${before}(${name})${after}`) ?? [grant]
}
