// Nothing that a reply says, and nothing that it waits for, depends on whether there is an account.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createGate, type DatabaseGate } from '../accounts/database-gate.ts'
import { INVALID_LINK, UNAVAILABLE } from '../support/answers.ts'
import type { Reply } from '../support/client.ts'
import { forgedLink, sealedLink } from '../support/links.ts'
import { seconds } from '../support/seconds.ts'
import { startService, type TestService } from '../support/service.ts'
import { createSurroundings, type Surroundings } from '../support/surroundings.ts'
import { addUser, createUsers, type StoredUser } from '../support/users.ts'

const ROUTE = 'send-reset-password-link'
const password = 'a brand new pass phrase'

let surroundings: Surroundings
let gate: DatabaseGate
let service: TestService

beforeAll(async () => {
  surroundings = await createSurroundings()
  const { database } = surroundings
  await createUsers(database.sql, 'bigint', ['active boolean default true'])
  await database.logStatements()
  gate = await createGate(database.url)
  service = await startService(surroundings, {
    DATABASE_URL: `${gate.url}?statement_timeout=300`,
    USERS_ELIGIBLE_SQL: 'active',
  })
})

afterAll(async () => {
  await service?.stop()
  await gate?.shut()
  await surroundings?.end()
})

/** All that a client can see of a reply but the time. */
const visible = ({ status, headers: { date: _, ...headers }, text }: Reply) => ({
  status,
  headers,
  text,
})

describe('replies to link requests are the same to the byte', () => {
  const accounts: readonly [string, Readonly<Record<string, string | boolean | null>>][] = [
    ['a known account', {}],
    ['a disabled account', { active: false }],
    ['an account without a hash', { password_hash: null }],
    ['an account with an empty hash', { password_hash: '' }],
    ['an account with an unusable hash', { password_hash: '!' }],
    ['an account with a hostile address', { email: 'x@y.example\r\nBcc: z@y.example' }],
  ]

  test.each(accounts)('for %s and for none', async (_, columns) => {
    const user = await addUser(surroundings.database.sql, columns)
    const email = user.email.split('\r')[0]
    for (const headers of [{}, { accept: 'application/problem+json', 'accept-language': 'de' }]) {
      const known = await service.post(ROUTE, { email }, headers)
      const unknown = await service.post(ROUTE, { email: `no-${email}` }, headers)
      expect(visible(known)).toEqual(visible(unknown))
      expect(known.status).toBe(200)
    }
  })

  test.each([
    { kind: 'status', status: 500, name: 'internal_server_error' },
    { kind: 'status', status: 429, name: 'rate_limit_exceeded' },
    { kind: 'drop', after: 'headers' },
    { kind: 'garbage' },
  ] as const)('while the provider answers with $kind', async (behaviour) => {
    const user = await addUser(surroundings.database.sql)
    surroundings.resend.answerNext(behaviour)
    const known = await service.post(ROUTE, { email: user.email })
    const unknown = await service.post(ROUTE, { email: `no-${user.email}` })
    expect(visible(known)).toEqual(visible(unknown))
    await surroundings.resend.waitForMail(({ to }) => to[0] === user.email)
  })
})

test('a link request is answered while the whole table is locked', async () => {
  const user = await addUser(surroundings.database.sql)
  await surroundings.database.sql.begin(async (lock) => {
    await lock`lock table users in access exclusive mode`
    const known = await service.post(ROUTE, { email: user.email })
    const unknown = await service.post(ROUTE, { email: `no-${user.email}` })
    expect(visible(known)).toEqual(visible(unknown))
    expect(known.status).toBe(200)
  })
  await surroundings.resend.waitForMail(({ to }) => to[0] === user.email)
})

const flip = (text: string, at: number) =>
  text.slice(0, at) + (text[at] === 'A' ? 'B' : 'A') + text.slice(at + 1)

test.each<[string, (user: StoredUser) => object]>([
  ['random bytes', (user) => forgedLink(user.id)],
  ['random bytes for nobody', () => forgedLink('987654321')],
  [
    'another outer seal',
    (user) => {
      const link = sealedLink(user)
      return { ...link, signature: flip(link.signature, 3) }
    },
  ],
  [
    'another time',
    (user) => {
      const link = sealedLink(user)
      return { ...link, timestamp: String(Number(link.timestamp) - 1) }
    },
  ],
  ['another id', (user) => ({ ...sealedLink(user), user_id: `${user.id}0` })],
  ['another spelling of its id', (user) => ({ ...sealedLink(user), user_id: `0${user.id}` })],
  [
    'another spelling of its signature',
    (user) => {
      const link = sealedLink(user)
      return { ...link, signature: `${link.signature}=` }
    },
  ],
  ['a time to come', (user) => sealedLink(user, seconds() + 100)],
  ['a broken token', () => ({ token: 'x'.repeat(80) })],
])('a link with %s never reaches the database', async (_, linkFor) => {
  const user = await addUser(surroundings.database.sql)
  const before = await surroundings.database.statements()
  const link = linkFor(user)
  expect((await service.post('check-reset-link', link)).answer).toBe(INVALID_LINK)
  expect((await service.post('reset-password', { ...link, password })).answer).toBe(INVALID_LINK)
  expect(await surroundings.database.statements()).toEqual(before)
})

test('nor does one that has expired', async () => {
  const user = await addUser(surroundings.database.sql)
  const before = await surroundings.database.statements()
  const link = sealedLink(user, seconds() - 3601)
  expect(await service.code('check-reset-link', link)).toBe('link_expired')
  expect(await surroundings.database.statements()).toEqual(before)
})

test('a genuine link does, so the log of statements can be believed', async () => {
  const user = await addUser(surroundings.database.sql)
  const before = await surroundings.database.statements()
  await service.post('check-reset-link', sealedLink(user))
  expect(await surroundings.database.statements()).toHaveLength(before.length + 1)
})

test('while the table is locked a genuine link alone is told to wait, and works later', async () => {
  const user = await addUser(surroundings.database.sql)
  const link = sealedLink(user)
  await surroundings.database.sql.begin(async (lock) => {
    await lock`lock table users in access exclusive mode`
    const genuine = await service.post('reset-password', { ...link, password })
    const forged = await service.post('reset-password', { ...forgedLink(user.id), password })
    expect([genuine.answer, genuine.headers['retry-after']]).toEqual([UNAVAILABLE, '5'])
    expect(forged.answer).toBe(INVALID_LINK)
  })
  expect((await service.post('reset-password', { ...link, password })).status).toBe(200)
})

test('without a database link requests are accepted, and only genuine links must wait', async () => {
  const user = await addUser(surroundings.database.sql)
  const link = sealedLink(user)
  await gate.shut()
  const known = await service.post(ROUTE, { email: user.email })
  const unknown = await service.post(ROUTE, { email: `no-${user.email}` })
  expect(visible(known)).toEqual(visible(unknown))
  expect(known.status).toBe(200)
  expect(await service.code('check-reset-link', forgedLink(user.id))).toBe('link_invalid')
  const old = sealedLink(user, seconds() - 3601)
  expect(await service.code('check-reset-link', old)).toBe('link_expired')
  for (const route of ['check-reset-link', 'reset-password']) {
    const reply = await service.post(route, { ...link, password })
    expect([reply.answer, reply.headers['retry-after']]).toEqual([UNAVAILABLE, '5'])
    expect(await service.code(route, { ...link, password })).toBe('unavailable')
  }
  await gate.open()
  await surroundings.resend.waitForMail(({ to }) => to[0] === user.email)
  expect((await service.post('reset-password', { ...link, password })).status).toBe(200)
})
