// The users table that Rekey makes for those who have none.

import { afterEach, beforeEach, expect, test } from 'vitest'
import { type Database, openDatabase } from '../../src/accounts/database.ts'
import { migrateOwnTable } from '../../src/accounts/migrate.ts'
import { readConfig } from '../../src/config/read-config.ts'
import type { TestDatabase } from '../support/database.ts'
import { createSurroundings, environmentFor, type Surroundings } from '../support/surroundings.ts'
import { inspect } from './inspected.ts'

const directory = new URL('../../drizzle/', import.meta.url)

let surroundings: Surroundings
let database: TestDatabase
let opened: Database

beforeEach(async () => {
  surroundings = await createSurroundings()
  database = surroundings.database
  opened = openDatabase({ url: database.url, ca: undefined, poolMax: 1, prepare: true })
})

afterEach(async () => {
  await opened?.close()
  await surroundings?.end()
})

test('it is made once, and made again it is left as it is', async () => {
  const { sql } = database
  expect(await migrateOwnTable(opened, directory)).toBe(true)
  await sql`insert into users (email, password_hash) values ('a@b.c', 'h')`
  expect(await migrateOwnTable(opened, directory)).toBe(true)
  expect(await sql`select email from users`).toEqual([{ email: 'a@b.c' }])
})

test('a table that somebody dropped is not said to be there', async () => {
  const { sql } = database
  await migrateOwnTable(opened, directory)
  await sql`drop table users`
  await expect(migrateOwnTable(opened, directory)).rejects.toThrow('DROP SCHEMA rekey CASCADE')
  await sql`drop schema rekey cascade`
  expect(await migrateOwnTable(opened, directory)).toBe(true)
})

test('an insert needs an address and a hash only, and no hash is a hash too', async () => {
  const { sql } = database
  await migrateOwnTable(opened, directory)
  const [row] =
    await sql`insert into users (email, password_hash) values ('a@b.c', 'h') returning id`
  expect(row?.['id']).toMatch(/^[0-9a-f-]{36}$/)
  await sql`insert into users (email) values ('d@e.f')`
})

test('an address is unique without regard to letter case', async () => {
  const { sql } = database
  await migrateOwnTable(opened, directory)
  await sql`insert into users (email) values ('a@b.c')`
  await expect(sql`insert into users (email) values ('A@B.C')`).rejects.toThrow('duplicate key')
})

test('it is what the default mapping expects, index included', async () => {
  await migrateOwnTable(opened, directory)
  const reading = readConfig(environmentFor(surroundings))
  if ('faults' in reading) throw new Error(reading.faults.join())
  const { facts, remedies } = await inspect(opened.db, reading.config.users)
  expect([facts().idType, remedies]).toEqual(['uuid', []])
})

test.each([
  ['table', 'create table users (id int, email text)'],
  ['view', "create view users as select 1 as id, 'x' as email"],
])('a %s of that name that it did not make is left alone', async (_, statement) => {
  const { sql } = database
  await sql.unsafe(statement)
  const before = await sql`select attname from pg_attribute where attrelid = 'users'::regclass`
  expect(await migrateOwnTable(opened, directory)).toBe(false)
  expect(await sql`select attname from pg_attribute where attrelid = 'users'::regclass`).toEqual(
    before,
  )
  expect(await sql`select to_regclass('rekey.migrations') as made`).toEqual([{ made: null }])
})

test('its record is kept beside the tables of the host', async () => {
  const { sql } = database
  await migrateOwnTable(opened, directory)
  const tables = await sql`
    select schemaname || '.' || tablename as name from pg_tables
    where schemaname not in ('pg_catalog', 'information_schema') order by 1`
  expect(tables.map(({ name }) => name)).toEqual(['public.users', 'rekey.migrations'])
})
