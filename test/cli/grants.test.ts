// `rekey grants` as an operator uses it: what it prints is pasted, and the service runs on that.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { createGate } from '../accounts/database-gate.ts'
import { type Environment, endProcess, runRekey } from '../support/rekey-process.ts'
import { createRole } from '../support/roles.ts'
import { startServiceProcess } from '../support/service.ts'
import { createSurroundings, type Surroundings } from '../support/surroundings.ts'
import { addUser, createUsers } from '../support/users.ts'

let surroundings: Surroundings
const mapping = {
  USERS_ELIGIBLE_SQL: 'active',
  USERS_CHANGED_AT_COLUMN: 'changed_at',
  AFTER_RESET_SQL: 'DELETE FROM sessions WHERE user_id = :user_id',
}

beforeAll(async () => {
  surroundings = await createSurroundings()
  const { sql } = surroundings.database
  await createUsers(sql, 'bigint', ['active boolean default true', 'changed_at timestamptz'])
  await sql`create table sessions (user_id bigint, secret text)`
})

afterAll(() => surroundings?.end())

const grants = (env: Environment, ...args: string[]) => runRekey(['grants', ...args], env).ended

test('a whole reset runs on exactly what it prints, for the role of DATABASE_URL', async () => {
  const { database } = surroundings
  const role = await createRole(database)
  const { status, output, errors } = await grants({ DATABASE_URL: role.url, ...mapping })
  expect([status, errors]).toEqual([0, ''])
  const statements = output.split('\n').filter((line) => line && !line.startsWith('--'))
  expect(statements).toEqual([
    `GRANT SELECT ("id", "email", "password_hash", "active") ON "public"."users" TO "${role.name}";`,
    `GRANT UPDATE ("password_hash", "changed_at") ON "public"."users" TO "${role.name}";`,
    `GRANT SELECT ("user_id") ON "public"."sessions" TO "${role.name}";`,
    `GRANT DELETE ON "public"."sessions" TO "${role.name}";`,
  ])
  await database.sql.unsafe(output)
  const service = await startServiceProcess(surroundings, { DATABASE_URL: role.url, ...mapping })
  const user = await addUser(database.sql)
  await database.sql`insert into sessions values (${user.id}, 's')`
  const body = { ...(await service.mailedLink(user.email)), password: 'a brand new pass phrase' }
  expect((await service.post('reset-password', body)).status).toBe(200)
  expect(await database.sql`select from sessions`).toHaveLength(0)
  expect((await endProcess(service)).status).toBe(0)
  await role.drop()
})

test('it prints them for another role, and without a database what the mapping makes', async () => {
  const gate = await createGate(surroundings.database.url)
  await gate.shut()
  const { status, output } = await grants({ DATABASE_URL: gate.url, ...mapping }, 'reset role')
  expect(status).toBe(0)
  expect(output).toContain(
    'GRANT UPDATE ("password_hash", "changed_at") ON "users" TO "reset role";',
  )
  expect(output).toMatch(
    /^-- The database could not be asked: ECONNREFUSED, nobody listens there -> start the server/,
  )
  expect(output).toMatch(/^-- AFTER_RESET_SQL: PostgreSQL could not be asked .*ECONNREFUSED/m)
})

test('a mapping that cannot be read is refused by its variables, and nothing else is asked for', async () => {
  const { status, output, errors } = await grants({ USERS_TABLE: 'a.b.c', PORT: 'x' })
  expect([status, output]).toEqual([78, ''])
  expect(errors).toContain('DATABASE_URL: is required\n  USERS_TABLE: must be a table')
  expect(errors).not.toContain('LINK_SECRETS')
})

test.each<[string, Environment, string]>([
  [
    'a table that is not there',
    { USERS_TABLE: 'user' },
    'USERS_TABLE: the table "user" does not exist in the schemas that are searched ("public") -> set USERS_TABLE to',
  ],
  [
    'a column that is not there',
    { USERS_PASSWORD_COLUMN: 'password' },
    'USERS_PASSWORD_COLUMN: the table has no column "password" -> set USERS_PASSWORD_COLUMN to',
  ],
  [
    'a second table that is not there',
    {
      USERS_PASSWORD_TABLE: 'app.credentials',
      USERS_PASSWORD_USER_COLUMN: 'user_id',
    },
    'USERS_PASSWORD_TABLE: the table "app"."credentials" does not exist, nor does its schema',
  ],
  [
    'an eligibility on a column that is not there',
    { USERS_ELIGIBLE_SQL: 'is_active' },
    'USERS_ELIGIBLE_SQL: 42703 column "is_active" does not exist',
  ],
  [
    'AFTER_RESET_SQL on a table that is not there',
    { AFTER_RESET_SQL: 'DELETE FROM session WHERE user_id = :user_id' },
    'AFTER_RESET_SQL: 42P01 relation "session" does not exist',
  ],
])('it refuses to print rights for %s, and names the variable', async (_, env, fault) => {
  const { url } = surroundings.database
  const { status, output, errors } = await grants(
    { DATABASE_URL: url, ...mapping, ...env },
    'rekey',
  )
  expect([status, output]).toEqual([78, ''])
  expect(errors).toContain(`  ${fault}`)
})
