// Whether the process runs, and whether its database answers: two questions with two answers.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { createGate, type DatabaseGate } from '../accounts/database-gate.ts'
import { UNAVAILABLE } from '../support/answers.ts'
import { sealedLink } from '../support/links.ts'
import { startService, type TestService } from '../support/service.ts'
import { createSurroundings, type Surroundings } from '../support/surroundings.ts'
import { addUser, createUsers } from '../support/users.ts'

let surroundings: Surroundings
let gate: DatabaseGate
let service: TestService

beforeAll(async () => {
  surroundings = await createSurroundings()
  const { database } = surroundings
  await createUsers(database.sql)
  gate = await createGate(database.url)
  await database.logStatements()
  service = await startService(surroundings, { DATABASE_URL: gate.url })
})

afterAll(async () => {
  await service?.stop()
  await gate?.shut()
  await surroundings?.end()
})

test('/livez asks nobody', async () => {
  const before = await surroundings.database.statements()
  expect((await service.ask('/livez')).answer).toBe('200 {"detail":"alive"}')
  expect(await surroundings.database.statements()).toEqual(before)
})

test('/readyz asks the database, and not for a user', async () => {
  const before = await surroundings.database.statements()
  expect((await service.ask('/readyz')).answer).toBe('200 {"detail":"ready"}')
  const asked = (await surroundings.database.statements()).slice(before.length)
  expect(asked).toEqual(['show transaction_read_only'])
})

test('without its database the service lives, says that it is not ready, and recovers', async () => {
  await gate.shut()
  expect((await service.ask('/livez')).status).toBe(200)
  const reply = await service.ask('/readyz')
  expect(reply.answer).toBe(UNAVAILABLE)
  expect(reply.headers['retry-after']).toBe('5')
  await gate.open()
  let recovered = await service.ask('/readyz')
  while (recovered.status === 503) recovered = await service.ask('/readyz')
  expect(recovered.status).toBe(200)
})

test('a table that no longer fits is shown by what is wrong, and no longer once it fits again', async () => {
  const { sql } = surroundings.database
  await sql`alter table users rename password_hash to hash`
  const look = () => service.ask('/readyz')
  await expect
    .poll(async () => (await look()).answer, { timeout: 20_000 })
    .toBe('503 {"column":["Run `rekey doctor`: it says what is wrong and what to do."]}')
  const told = service.log.lines.filter(({ msg }) =>
    String(msg).includes('no longer as they are mapped'),
  )
  expect(told).toMatchObject([
    {
      level: 50,
      faults: [expect.stringContaining('USERS_PASSWORD_COLUMN: the table has no column')],
    },
  ])
  await sql`alter table users rename hash to password_hash`
  await expect.poll(async () => (await look()).status, { timeout: 20_000 }).toBe(200)
}, 45_000)

test('a look that waits for a lock takes no connection from the service', async () => {
  const { sql, url } = surroundings.database
  const single = await startService(surroundings, { DATABASE_URL: url, DATABASE_POOL_MAX: '1' })
  const user = await addUser(sql)
  await sql.begin(async (transaction) => {
    await transaction`lock table users in share mode`
    await new Promise((resolve) => setTimeout(resolve, 10_500))
    for (let looks = 0; looks < 3; looks += 1) {
      expect((await single.ask('/readyz')).status).toBe(200)
    }
    expect((await single.post('check-reset-link', sealedLink(user))).status).toBe(200)
  })
  await single.stop()
}, 30_000)
