// `rekey migrate` as an operator runs it.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { createGate } from '../accounts/database-gate.ts'
import { endProcess, runRekey } from '../support/rekey-process.ts'
import { createRole } from '../support/roles.ts'
import { startServiceProcess } from '../support/service.ts'
import { createSurroundings, type Surroundings } from '../support/surroundings.ts'
import { addUser } from '../support/users.ts'

let surroundings: Surroundings

beforeAll(async () => {
  surroundings = await createSurroundings()
})

afterAll(() => surroundings?.end())

const migrate = (env = { DATABASE_URL: surroundings.database.url }) =>
  runRekey(['migrate'], env).ended

test('it makes the table, which the service takes as it is, and does so once', async () => {
  const done = { status: 0, output: 'The users table is there and up to date.\n', errors: '' }
  expect(await migrate()).toEqual(done)
  const user = await addUser(surroundings.database.sql)
  expect(await migrate()).toEqual(done)
  const service = await startServiceProcess(surroundings)
  const link = await service.mailedLink(user.email)
  const body = { ...link, password: 'a brand new pass phrase' }
  expect((await service.post('reset-password', body)).status).toBe(200)
  expect((await endProcess(service)).status).toBe(0)
})

test('a users table of somebody else is left alone, with advice', async () => {
  const { database, ...foreign } = await createSurroundings()
  await database.sql`create table users (id int, email text)`
  expect(await migrate({ DATABASE_URL: database.url })).toEqual({
    status: 1,
    output: '',
    errors: [
      'There is a users table that Rekey did not make, and it was left alone.',
      'To use it as it is, no migration is needed: see USERS_TABLE in .env.example.',
      '',
    ].join('\n'),
  })
  await foreign.end()
})

test('a database that is down is named by its trouble, and by nothing of its URL', async () => {
  const gate = await createGate(surroundings.database.url)
  await gate.shut()
  const { status, output, errors } = await migrate({ DATABASE_URL: gate.url })
  expect([status, output]).toEqual([1, ''])
  expect(errors).toBe(
    'The table could not be made: ECONNREFUSED, nobody listens there -> start the server, or correct host and port in DATABASE_URL\n',
  )
})

test('a role that may not make tables is told which rights it takes', async () => {
  const role = await createRole(surroundings.database)
  const { status, output, errors } = await migrate({ DATABASE_URL: role.url })
  expect([status, output]).toEqual([1, ''])
  expect(errors).toMatch(/^The table could not be made: 42501 permission denied for /)
  expect(errors).toContain('The role has to be allowed to create a table, and the schema "rekey".')
  await role.drop()
})

test('only what concerns the database is asked for', async () => {
  const { status, errors } = await runRekey(['migrate'], { PORT: 'x' }).ended
  expect([status, errors]).toEqual([
    78,
    'This configuration does not work:\n  DATABASE_URL: is required\nEvery variable is explained in .env.example.\n',
  ])
})
