// The worked examples of docs/in-code.md: an application with all parts of its own, from its login to
// the SMS and back.

import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { json } from 'node:stream/consumers'
import type { FastifyInstance } from 'fastify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { User } from '../../examples/in-code/accounts.ts'
import { buildApplication } from '../../examples/in-code/application.ts'
import { scryptHasher } from '../../examples/in-code/hasher.ts'
import { tokenBucket } from '../../examples/in-code/limits.ts'
import { generateSecret } from '../../src/core/key-ring.ts'
import { ACCEPTED, INVALID_LINK, RESET } from '../support/answers.ts'
import { type LoopbackServer, startServer } from '../support/loopback-server.ts'

const OLD_PASSWORD = 'forgotten by everybody'
const LEAKED_PASSWORD = 'a pass phrase that leaked'
const NEW_PASSWORD = 'a brand new pass phrase'
const base = '/api/v1/accounts'

interface Sms {
  readonly to: string
  readonly text: string
}

describe('the application', () => {
  const messages: Sms[] = []
  const leaked = createHash('sha1').update(LEAKED_PASSWORD).digest('hex').toUpperCase()
  const users = new Map<string, User>()
  let servers: LoopbackServer[]
  let app: FastifyInstance

  beforeAll(async () => {
    const gateway = await startServer(async (request, reply) => {
      messages.push((await json(request)) as Sms)
      reply.end()
    })
    const range = await startServer((request, reply) => {
      const isAsked = request.url === `/${leaked.slice(0, 5)}`
      reply.end(isAsked ? `${'0'.repeat(35)}:1\r\n${leaked.slice(5)}:7\r\n` : '')
    })
    servers = [gateway, range]
    const passwordHash = await scryptHasher.hash(OLD_PASSWORD, null)
    users.set('ada', { id: 'ada', email: 'ada@example.com', passwordHash, isActive: true })
    users.set('bob', { id: 'bob', email: 'bob@example.com', passwordHash, isActive: false })
    app = await buildApplication({
      users,
      phones: new Map([['ada', '+1 555 0100']]),
      gatewayUrl: gateway.origin,
      rangeUrl: range.origin,
      env: {
        LINK_SECRETS: generateSecret(),
        RESET_PAGE_URL: 'https://app.example/reset',
        MAIL_FROM: 'App <no-reply@app.example>',
        // The application's own variables are none of Rekey's business.
        DATABASE_URL: 'mysql://elsewhere/app',
        PORT: 'http',
      },
    })
  })

  afterAll(async () => {
    await app?.close()
    for (const server of servers ?? []) await server.stop()
  })

  const post = async (url: string, payload: object) => {
    const reply = await app.inject({ method: 'POST', url, payload })
    const { statusCode: status, body } = reply
    return { status, body: reply.json(), answer: `${status} ${body}` }
  }
  const isSignedIn = async (token: string) =>
    (await app.inject({ url: '/me', headers: { 'x-session': token } })).statusCode === 200

  test('resets a password over its own parts, and ends the sessions', async () => {
    const { body: session } = await post('/sign-in', {
      email: 'ada@example.com',
      password: OLD_PASSWORD,
    })
    expect(await isSignedIn(session.token)).toBe(true)

    for (const email of ['Ada@Example.com', 'bob@example.com', 'nobody@example.com']) {
      const { answer } = await post(`${base}/send-reset-password-link`, { email })
      expect(answer).toBe(ACCEPTED)
    }
    await expect.poll(() => messages.length).toBe(1)
    const [sms] = messages
    expect(sms).toMatchObject({ to: '+1 555 0100' })
    const { searchParams } = new URL(/https:\S+/.exec(sms?.text ?? '')?.[0] ?? '')
    const link = Object.fromEntries(searchParams)

    const refused = await post(`${base}/reset-password`, { ...link, password: LEAKED_PASSWORD })
    expect(refused.answer).toBe(
      '400 {"password":["This password has been in a data leak. Choose another one."]}',
    )
    expect(await isSignedIn(session.token)).toBe(true)

    const reset = () => post(`${base}/reset-password`, { ...link, password: NEW_PASSWORD })
    expect((await reset()).answer).toBe(RESET)
    expect(await isSignedIn(session.token)).toBe(false)
    expect((await reset()).answer).toBe(INVALID_LINK)
    const again = await post('/sign-in', { email: 'ada@example.com', password: NEW_PASSWORD })
    expect(again.status).toBe(200)
    await expect.poll(() => messages.length).toBe(2)
    expect(messages[1]?.text).toMatch(/^Your password was changed/)
  })

  test('counts requests by its own limit', async () => {
    const ask = () => post(`${base}/send-reset-password-link`, { email: 'nobody@example.com' })
    const replies = [await ask(), await ask(), await ask()]
    expect(replies.map(({ status }) => status)).toEqual([200, 200, 429])
  })
})

test('the bucket fills steadily, forgets nobody near the limit, and says how long to wait', () => {
  const bucket = tokenBucket(2, 60)
  expect([0, 0, 0, 30_000, 60_000].map((now) => bucket.count('a', now))).toEqual([0, 0, 60, 30, 0])
  expect([bucket.waitFor('a', 60_000), bucket.waitFor('b', 60_000)]).toEqual([60, 0])
})

test('the page shows the registration as the application has it', () => {
  const read = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8')
  const [, shown = ''] = /^```ts\n(.*?)^```/ms.exec(read('docs/in-code.md')) ?? []
  const application = read('examples/in-code/application.ts').replaceAll(/^ {2}/gm, '')
  const lines = shown.split('\n').filter((line) => line !== '' && !line.startsWith('import'))
  expect(lines.length).toBeGreaterThan(5)
  expect(lines.filter((line) => !application.includes(line))).toEqual([])
})
