// A connection to the database that is lost at any point of a write: where the password was written, its
// owner and those who watch hear of it, once; where it was not, the link works as before.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createGate, type DatabaseGate } from '../accounts/database-gate.ts'
import { INVALID_LINK, RESET, UNAVAILABLE } from '../support/answers.ts'
import { confide } from '../support/discretion.ts'
import { bearer, claimsOf, jwtVariables, signWithSecret } from '../support/jwt-issuer.ts'
import { sealedLink } from '../support/links.ts'
import { startService, type TestService } from '../support/service.ts'
import { createSurroundings, type Surroundings } from '../support/surroundings.ts'
import { addUser, createUsers, hasPassword, type StoredUser } from '../support/users.ts'

const JWT_SECRET = confide('a secret of the host application: 32 bytes')
const password = 'a brand new pass phrase'
const COMMITTED = 'COMMIT\0'

let surroundings: Surroundings
let gate: DatabaseGate
let service: TestService
let user: StoredUser

beforeAll(async () => {
  surroundings = await createSurroundings()
  await createUsers(surroundings.database.sql)
})

afterAll(() => surroundings?.end())

beforeEach(async () => {
  gate = await createGate(surroundings.database.url)
  user = await addUser(surroundings.database.sql)
})

afterEach(() => gate?.shut())

const start = async (env: Readonly<Record<string, string>> = {}) => {
  const jwt = { JWT_SECRET, ...jwtVariables }
  service = await startService(surroundings, { DATABASE_URL: gate.url, ...jwt, ...env })
}
const reset = () => service.post('reset-password', { ...sealedLink(user), password })
const isWritten = () => hasPassword(surroundings.database.sql, user.id, password)
const eventsOf = (type: string) =>
  service.log.lines.filter(({ event, accountId }) => event === type && accountId === user.id)
const notices = () => surroundings.resend.mails.filter(({ to }) => to[0] === user.email)

/** Loses the connection at an answer of the database, which stays away. */
const loseAnswer = async (text: string, ask: () => ReturnType<TestService['ask']>) => {
  const cut = gate.shutAtAnswer(text)
  const reply = await ask()
  await cut
  expect(reply.answer).toBe(UNAVAILABLE)
  expect(Number(reply.headers['retry-after'])).toBeGreaterThan(0)
}

describe('an answer that is lost', () => {
  test.each([
    ['to BEGIN', 'BEGIN\0', false],
    ['to the UPDATE', 'UPDATE 1\0', false],
    ['to what puts triggers forward', 'SET CONSTRAINTS\0', false],
    ['to the COMMIT', COMMITTED, true],
  ])('%s leaves a reset done and told of, or not done', async (_, text, expected) => {
    await start()
    await loseAnswer(text, reset)
    const before = await isWritten()
    expect(before).toBe(expected)
    expect(eventsOf('password_reset.completed')).toEqual([])
    await gate.open()
    // The reader tries again at once, and until there is an answer.
    await expect
      .poll(async () => (await reset()).answer, { timeout: 10_000 })
      .toBe(before ? INVALID_LINK : RESET)
    expect(await service.stop()).toBe(0)
    expect(await isWritten()).toBe(true)
    expect(eventsOf('password_reset.completed')).toHaveLength(1)
    expect(notices()).toHaveLength(1)
  })

  test('is found out before the reply where the database answers at once', async () => {
    await start()
    const cut = gate.shutAtAnswer(COMMITTED)
    const asked = reset()
    await cut
    await gate.open()
    expect((await asked).answer).toBe(RESET)
    expect(await service.stop()).toBe(0)
    expect(eventsOf('password_reset.completed')).toHaveLength(1)
    expect(notices()).toHaveLength(1)
  })

  test('to the COMMIT of a change leaves it done and told of, even if it is changed again', async () => {
    const { sql } = surroundings.database
    await start()
    const token = bearer(await signWithSecret(JWT_SECRET, claimsOf(user.id)))
    const body = { old_password: user.password, password }
    await loseAnswer(COMMITTED, () => service.post('change-password', body, token))
    expect(await isWritten()).toBe(true)
    // By the host application, before anybody could look at the row.
    await sql`update users set password_hash = ${user.passwordHash.replace(/.$/, '!')} where id = ${user.id}`
    await gate.open()
    await service.log.waitFor(({ event }) => event === 'password.changed')
    expect(await service.stop()).toBe(0)
    expect(eventsOf('password.changed')).toHaveLength(1)
    expect(notices()).toHaveLength(1)
  })
})

describe('at the end of the service', () => {
  test('an outcome that is found within the grace period is told', async () => {
    await start()
    await loseAnswer(COMMITTED, reset)
    const stopped = service.stop()
    await gate.open()
    expect(await stopped).toBe(0)
    expect(eventsOf('password_reset.completed')).toHaveLength(1)
    expect(notices()).toHaveLength(1)
  })

  test('one that is not is counted among what was lost', async () => {
    await start({ SHUTDOWN_GRACE_SECONDS: '1' })
    await loseAnswer(COMMITTED, reset)
    expect(await service.stop()).toBe(1)
    await gate.open()
    expect(eventsOf('password_reset.completed')).toEqual([])
    expect(notices()).toEqual([])
  })
})
