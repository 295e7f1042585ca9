// What an operator can tell from the log of requests, and what nobody can.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { basePath } from '../support/client.ts'
import { startService, type TestService } from '../support/service.ts'
import type { LogLine } from '../support/service-log.ts'
import { createSurroundings, type Surroundings } from '../support/surroundings.ts'
import { addUser, createUsers } from '../support/users.ts'

let surroundings: Surroundings
let service: TestService

beforeAll(async () => {
  surroundings = await createSurroundings()
  await createUsers(surroundings.database.sql, 'bigint')
  service = await startService(surroundings)
})

afterAll(async () => {
  await service?.stop()
  await surroundings?.end()
})

/** The one line that a request leaves behind. */
async function lineOf(ask: () => Promise<unknown>): Promise<LogLine> {
  const seen = service.log.lines.length
  await ask()
  return service.log.waitFor(({ msg }) => /^request (completed|failed)$/.test(String(msg)), seen)
}

test('a request is one line: when, from where, what, how it ended', async () => {
  const line = await lineOf(() =>
    service.post(
      'reset-password?canary=1',
      {},
      { 'user-agent': 'canary', 'x-request-id': 'canary' },
    ),
  )
  expect(line).toEqual({
    level: 30,
    time: expect.any(Number),
    pid: process.pid,
    hostname: expect.any(String),
    reqId: expect.stringMatching(/^req-/),
    method: 'POST',
    route: `${basePath}/reset-password`,
    status: 400,
    ms: expect.any(Number),
    client: '127.0.0.1',
    code: 'invalid_request',
    cause: expect.any(String),
    msg: 'request completed',
  })
})

test('requests by the same text can be found, in any letter case, without the text', async () => {
  const hashes = []
  for (const email of ['Ada@Example.com', ' ada@example.com', 'bob@example.com']) {
    const line = await lineOf(() => service.post('send-reset-password-link', { email }))
    hashes.push(line['identifierHash'])
  }
  expect(hashes[0]).toMatch(/^[\w-]{12}$/)
  expect(hashes[1]).toBe(hashes[0])
  expect(hashes[2]).not.toBe(hashes[0])
})

test('a reset tells whose it was, and the events beside it as well', async () => {
  const user = await addUser(surroundings.database.sql)
  const seen = service.log.lines.length
  const link = await service.mailedLink(user.email)
  const body = { ...link, password: 'a brand new pass phrase' }
  expect(await lineOf(() => service.post('reset-password', body))).toMatchObject({
    status: 200,
    accountId: user.id,
  })
  await surroundings.resend.waitForMail(({ subject }) => subject.includes('changed'))
  await service.log.waitFor(({ kind }) => kind === 'password-changed', seen)
  const events = service.log.lines
    .slice(seen)
    .flatMap(({ event, kind, accountId }) =>
      accountId === user.id && event ? [[event, kind]] : [],
    )
  expect(events).toEqual([
    ['password_reset.requested', undefined],
    ['password_reset.mailed', 'reset-link'],
    ['password_reset.completed', undefined],
    ['password_reset.mailed', 'password-changed'],
  ])
})

test('a refused link tells why, but not whose it was', async () => {
  const user = await addUser(surroundings.database.sql)
  const link = await service.mailedLink(user.email)
  await surroundings.database.sql`delete from users where id = ${user.id}`
  const line = await lineOf(() => service.post('check-reset-link', link))
  expect(line).toMatchObject({ code: 'link_superseded', cause: 'the account is gone' })
  expect(line).not.toHaveProperty('accountId')
})

test('what goes wrong on our side is an error', async () => {
  const { sql } = surroundings.database
  const user = await addUser(sql)
  const link = await service.mailedLink(user.email)
  await sql`alter table users rename to elsewhere`
  const line = await lineOf(() => service.post('check-reset-link', link))
  await sql`alter table elsewhere rename to users`
  expect(line).toMatchObject({
    level: 50,
    msg: 'request failed',
    status: 503,
    code: 'unavailable',
    cause: expect.stringMatching(/^database: 42P01/),
  })
})
