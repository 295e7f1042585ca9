// Mappings whose columns fit and which could never read or write are refused at the start.

import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Database, openDatabase } from '../../src/accounts/database.ts'
import type { UsersMapping } from '../../src/accounts/mapping.ts'
import { createDatabase, type TestDatabase } from '../support/database.ts'
import { createRole, type TestRole } from '../support/roles.ts'
import { inspect } from './inspected.ts'
import { leastMapping } from './mapped-table.ts'

let database: TestDatabase
let role: TestRole
let admin: Database
let limited: Database

const settings = (url: string) => ({ url, ca: undefined, poolMax: 1, prepare: true })

beforeAll(async () => {
  database = await createDatabase()
  role = await createRole(database)
  admin = openDatabase(settings(database.url))
  limited = openDatabase(settings(role.url))
})

afterAll(async () => {
  await admin?.close()
  await limited?.close()
  await role?.drop()
  await database?.drop()
})

beforeEach(async () => {
  const { sql } = database
  await sql`drop schema public cascade`
  await sql`create schema public`
  await sql.unsafe(`grant usage on schema public to ${role.name}`)
  await sql`create table users (id bigint primary key, email text, password_hash text, seen int)`
  await sql`create index on users (lower(email))`
  await sql`create table account (id bigint, kind text, hash text)`
})

const second = {
  ...leastMapping,
  passwordHash: 'hash',
  passwordTable: {
    schema: undefined,
    table: 'account',
    userColumn: 'id',
    filterSql: undefined,
  },
} as const satisfies UsersMapping

const VIEW_OF = 'create view shown as select id, email, seen from users'

test.each<[string, string, Partial<UsersMapping>, string]>([
  [
    'a view that groups, beside the hashes',
    `${VIEW_OF} group by id`,
    { ...second, table: 'shown' },
    'USERS_PASSWORD_TABLE: a statement of Rekey fails: 0A000 FOR NO KEY UPDATE is not allowed with GROUP BY clause',
  ],
  [
    'a materialized view, beside the hashes',
    'create materialized view shown as select id, email from users',
    { ...second, table: 'shown' },
    'USERS_PASSWORD_TABLE: a statement of Rekey fails: 42809 cannot lock rows in materialized view "shown"',
  ],
  [
    'a version that stands in a view of two tables',
    'create view shown as select users.id, email, seen from users join account using (id)',
    { ...second, table: 'shown', epoch: 'seen' },
    'USERS_EPOCH_COLUMN: the column "seen" is computed, so nobody can write it',
  ],
  [
    'a view that cannot be updated',
    'create view shown as select id, email, password_hash from users limit 5',
    { table: 'shown' },
    'USERS_PASSWORD_COLUMN: the column "password_hash" is computed, so nobody can write it',
  ],
  [
    'a rule that adds a statement of its own',
    'create rule more as on update to account do also update users set seen = 1',
    { ...second },
    'USERS_PASSWORD_TABLE: a statement of Rekey fails: 0A000 WITH cannot be used in a query that is rewritten by rules into multiple queries',
  ],
])('%s', async (_, arranged, mapping, fault) => {
  await database.sql.unsafe(arranged)
  const { faults, remedies } = await inspect(admin.db, { ...leastMapping, ...mapping })
  expect(faults).toEqual([fault])
  expect(remedies).not.toEqual([])
})

test('a view through which the caller needs rights of its own', async () => {
  const { sql } = database
  await sql.unsafe(`
    create view shown with (security_invoker) as select * from users;
    grant select, update on shown to ${role.name};
    grant select on users to ${role.name}`)
  const mapping = { ...leastMapping, table: 'shown' }
  const { faults } = await inspect(limited.db, mapping)
  expect(faults).toEqual([
    'USERS_TABLE: a statement of Rekey fails: 42501 permission denied for table users',
  ])
  await sql.unsafe(`grant update (password_hash) on users to ${role.name}`)
  expect((await inspect(limited.db, mapping)).faults).toEqual([])
})

test('a filter may call its table by its name', async () => {
  const filterSql = "account.kind = 'password'"
  const passwordTable = { ...second.passwordTable, filterSql }
  expect((await inspect(admin.db, { ...second, passwordTable })).faults).toEqual([])
})

test.each([
  ['USERS_ELIGIBLE_SQL', { eligibleSql: 'true) IS TRUE); drop table account; SELECT ((true' }],
  ['AFTER_RESET_SQL', { afterReset: ['SELECT ', '; drop table account'] }],
])('%s is one statement, or none of it is run', async (variable, mapping) => {
  const { faults } = await inspect(admin.db, { ...leastMapping, ...mapping })
  expect(faults).toEqual([
    `${variable}: 42601 cannot insert multiple commands into a prepared statement`,
  ])
  expect(await database.sql`select from account`).toEqual([])
})
