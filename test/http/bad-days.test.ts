// What a reader and a load balancer meet while the database is away, dead in silence, read-only or altered.

import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { createGate, type DatabaseGate } from '../accounts/database-gate.ts'
import { UNAVAILABLE } from '../support/answers.ts'
import { sealedLink } from '../support/links.ts'
import { startService, type TestService } from '../support/service.ts'
import { createSurroundings, type Surroundings } from '../support/surroundings.ts'
import { addUser, createUsers, type StoredUser, storedHash } from '../support/users.ts'

const PLACES = 10
const password = 'a brand new pass phrase'

let surroundings: Surroundings
let gate: DatabaseGate
let service: TestService
let user: StoredUser

beforeAll(async () => {
  surroundings = await createSurroundings()
  const { database } = surroundings
  await createUsers(database.sql)
  user = await addUser(database.sql)
  gate = await createGate(database.url)
  service = await startService(surroundings, { DATABASE_URL: gate.url })
})

afterEach(() => gate.treatNew('well'))

afterAll(async () => {
  await service?.stop()
  await gate?.shut()
  await surroundings?.end()
})

const check = async () => (await service.post('check-reset-link', sealedLink(user))).status
const checkOnEach = () => Promise.all(Array.from({ length: PLACES }, check))
const isReady = async () => (await service.ask('/readyz')).status
const allOf = (status: number) => Array.from({ length: PLACES }, () => status)

describe('/readyz says 200 exactly when a link works', () => {
  test('while every connection is dead in silence, its own among them', async () => {
    expect([await isReady(), await checkOnEach()]).toEqual([200, allOf(200)])
    gate.silence()
    expect([await isReady(), await checkOnEach()]).toEqual([200, allOf(200)])
  }, 20_000)

  test.each([1, 5])(
    'while %i of ten connections are dead in silence',
    async (dead) => {
      await checkOnEach()
      gate.silence(dead)
      expect((await checkOnEach()).filter((status) => status === 503).length).toBeLessThanOrEqual(
        dead,
      )
      expect([await isReady(), await checkOnEach()]).toEqual([200, allOf(200)])
    },
    20_000,
  )

  test('while nothing passes at all', async () => {
    gate.silence()
    gate.treatNew('silently')
    expect([await isReady(), await checkOnEach()]).toEqual([503, allOf(503)])
    gate.treatNew('well')
    await expect
      .poll(async () => [await isReady(), await checkOnEach()], { timeout: 8000 })
      .toEqual([200, allOf(200)])
  }, 30_000)

  test('while the server is down', async () => {
    await gate.shut()
    expect([await isReady(), await checkOnEach()]).toEqual([503, allOf(503)])
    await gate.open()
    await expect.poll(async () => [await isReady(), await checkOnEach()]).toEqual([200, allOf(200)])
  }, 20_000)

  test('while old connections live and new ones are refused', async () => {
    expect(await isReady()).toBe(200)
    gate.treatNew('by hanging up')
    gate.cut()
    expect([await isReady(), await check()]).toEqual([503, 503])
    gate.treatNew('well')
    await expect.poll(async () => [await isReady(), await check()]).toEqual([200, 200])
  }, 20_000)
})

test('no reader sees that idle connections were cut', async () => {
  for (let round = 0; round < 10; round += 1) {
    expect(await checkOnEach()).toEqual(allOf(200))
    gate.cut()
  }
}, 20_000)

test('a write on a connection that was cut is told as it is: done, or nothing written', async () => {
  const own = await addUser(surroundings.database.sql)
  const link = sealedLink(own)
  await service.post('check-reset-link', link)
  gate.cut()
  const { status } = await service.post('reset-password', { ...link, password })
  const hash = await storedHash(surroundings.database.sql, own.id)
  expect(hash === own.passwordHash).toBe(status !== 200)
})

// It lasts less than twice the time of one reply.
test('a reset that waited for another of its account is answered in its own time', async () => {
  const { sql } = surroundings.database
  const own = await addUser(sql)
  const reset = () => service.post('reset-password', { ...sealedLink(own), password })
  await sql.begin(async (transaction) => {
    await transaction`select from users where id = ${own.id} for update`
    const replies = await Promise.all([reset(), reset()])
    expect(replies.map(({ answer }) => answer)).toEqual([UNAVAILABLE, UNAVAILABLE])
  })
  expect(await storedHash(sql, own.id)).toBe(own.passwordHash)
}, 7000)

test('a server that can only be read is named, and written again once it can be', async () => {
  const { sql } = surroundings.database
  const own = await addUser(sql)
  const link = sealedLink(own)
  const name = new URL(surroundings.database.url).pathname.slice(1)
  await sql`alter database ${sql(name)} set default_transaction_read_only = on`
  // New connections are read-only, as after a fail-over.
  gate.cut()
  await expect
    .poll(async () => (await service.post('reset-password', { ...link, password })).status)
    .toBe(503)
  const reply = await service.ask('/readyz')
  expect(reply.answer).toBe(
    '503 {"read-only":["Run `rekey doctor`: it says what is wrong and what to do."]}',
  )
  expect(await check()).toBe(200)
  await sql.begin('read write', (transaction) => [
    transaction`alter database ${transaction(name)} reset default_transaction_read_only`,
  ])
  await expect.poll(isReady, { timeout: 5000 }).toBe(200)
  expect((await service.post('reset-password', { ...link, password })).status).toBe(200)
  const said = service.log.lines.map(({ msg }) => msg)
  expect(said).toContain('the database can only be read: no password can be written')
  expect(said).toContain('the database can be written again')
}, 20_000)

describe('a column whose type changes', () => {
  let own: Surroundings
  let altered: TestService

  beforeAll(async () => {
    own = await createSurroundings()
  })

  afterEach(async () => {
    await altered?.stop()
    await own.database.sql`drop table users`
  })

  afterAll(() => own?.end())

  test('from integer to bigint is noticed by the first id that needs it', async () => {
    const { sql } = own.database
    await createUsers(sql, 'integer')
    const first = await addUser(sql)
    altered = await startService(own)
    expect((await altered.post('check-reset-link', sealedLink(first))).status).toBe(200)
    await sql`alter table users alter id type bigint`
    const late = await addUser(sql, { id: 3_000_000_000 })
    const reply = await altered.post('reset-password', { ...sealedLink(late), password })
    expect(reply.status).toBe(200)
    expect(altered.log.lines.map(({ msg }) => msg)).toContain(
      'the tables have changed: the mapping was read anew',
    )
  })

  test.each([
    ['bigint', 'text', 'id::text'],
    ['uuid', 'text', 'id::text'],
    ['text', 'uuid', 'id::uuid'],
  ] as const)('from %s to %s is noticed by the first request', async (from, to, cast) => {
    const { sql } = own.database
    await createUsers(sql, from)
    const reader = await addUser(sql)
    altered = await startService(own)
    expect((await altered.post('check-reset-link', sealedLink(reader))).status).toBe(200)
    await sql.unsafe(
      `alter table users ${from === 'bigint' ? 'alter id drop identity' : 'alter id drop default'}`,
    )
    await sql.unsafe(`alter table users alter id type ${to} using ${cast}`)
    expect((await altered.post('check-reset-link', sealedLink(reader))).status).toBe(200)
    expect((await altered.post('reset-password', { ...sealedLink(reader), password })).status).toBe(
      200,
    )
  })

  test('to one that does not fit is named, and forgiven once it fits again', async () => {
    const { sql } = own.database
    await createUsers(sql, 'text')
    const reader = await addUser(sql, { id: '7' })
    altered = await startService(own)
    await sql`alter table users alter id drop default`
    await sql`alter table users alter id type numeric using id::numeric`
    expect((await altered.post('check-reset-link', sealedLink(reader))).answer).toBe(UNAVAILABLE)
    await expect
      .poll(async () => (await altered.ask('/readyz')).answer)
      .toBe('503 {"type":["Run `rekey doctor`: it says what is wrong and what to do."]}')
    await sql`alter table users alter id type bigint`
    await expect
      .poll(async () => (await altered.post('check-reset-link', sealedLink(reader))).status, {
        timeout: 5000,
      })
      .toBe(200)
    expect((await altered.ask('/readyz')).status).toBe(200)
  }, 20_000)
})
