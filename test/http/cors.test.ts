// Which pages of other origins may call the API, and what their scripts may read.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { basePath } from '../support/client.ts'
import { startService, type TestService } from '../support/service.ts'
import { createSurroundings, type Surroundings } from '../support/surroundings.ts'
import { createUsers } from '../support/users.ts'

const path = `${basePath}/send-reset-password-link`
const exposed = 'Retry-After, WWW-Authenticate'

let surroundings: Surroundings
let service: TestService

beforeAll(async () => {
  surroundings = await createSurroundings()
  await createUsers(surroundings.database.sql)
  service = await startService(surroundings, {
    CORS_ORIGINS: 'https://app.example, https://admin.example:8443',
    RATE_LIMIT_REQUESTS: '20/1d',
  })
})

afterAll(async () => {
  await service?.stop()
  await surroundings?.end()
})

const ask = (origin: string, method = 'POST') =>
  service.ask(path, { method, headers: { origin, 'access-control-request-method': 'POST' } })

test.each(['https://app.example', 'https://admin.example:8443'])(
  'a page of %s may call, and its scripts may read when to try again',
  async (origin) => {
    const { headers } = await ask(origin)
    expect(headers).toMatchObject({
      'access-control-allow-origin': origin,
      'access-control-expose-headers': exposed,
      vary: 'Origin',
    })
    expect(headers).not.toHaveProperty('access-control-allow-credentials')
  },
)

test('a preflight of such a page is told what it may send, and for how long', async () => {
  const reply = await ask('https://app.example', 'OPTIONS')
  expect(reply.answer).toBe('204 ')
  expect(reply.headers).toMatchObject({
    'access-control-allow-origin': 'https://app.example',
    'access-control-allow-methods': 'GET, POST',
    'access-control-allow-headers': 'Content-Type, Authorization, X-CSRFToken, X-Requested-With',
    'access-control-max-age': '600',
    vary: 'Origin',
  })
  expect(reply.headers).not.toHaveProperty('access-control-allow-credentials')
})

test.each([
  'null',
  '*',
  'https://evil.example',
  'https://app.example.evil.example',
  'https://evilapp.example',
  'https://sub.app.example',
  'http://app.example',
  'https://app.example:8443',
  'https://app.example/',
  'https://APP.example',
  'https://admin.example',
  'https://app.example, https://evil.example',
  'file://',
  '',
])('a page of origin %j may not', async (origin) => {
  for (const method of ['POST', 'OPTIONS']) {
    const { headers } = await ask(origin, method)
    expect(headers).not.toHaveProperty('access-control-allow-origin')
    expect(headers.vary).toBe('Origin')
  }
})

test('what is not under BASE_PATH is for no other origin at all', async () => {
  for (const elsewhere of ['/livez', '/readyz', '/nothing']) {
    const reply = await service.ask(elsewhere, { headers: { origin: 'https://app.example' } })
    expect(reply.headers).not.toHaveProperty('access-control-allow-origin')
  }
})

test.each([
  ['404', 'GET', `${basePath}/nothing`],
  ['404', 'GET', `${basePath}/%zz`],
  ['405', 'GET', path],
])('a %s to %s %s can be read by the page', async (status, method, url) => {
  const reply = await service.ask(url, { method, headers: { origin: 'https://app.example' } })
  expect(String(reply.status)).toBe(status)
  expect(reply.headers).toMatchObject({
    'access-control-allow-origin': 'https://app.example',
    'access-control-expose-headers': exposed,
    vary: 'Origin',
  })
})

test('errors can be read by the page, and preflights do not use up the limit', async () => {
  const body = { email: 'nobody@example.com' }
  const origin = { origin: 'https://app.example' }
  let reply = await service.post('send-reset-password-link', body, origin)
  while (reply.status === 200) {
    await ask('https://app.example', 'OPTIONS')
    reply = await service.post('send-reset-password-link', body, origin)
  }
  expect(reply.status).toBe(429)
  expect(reply.headers).toMatchObject({
    'access-control-allow-origin': 'https://app.example',
    'access-control-expose-headers': exposed,
  })
  expect((await ask('https://app.example', 'OPTIONS')).status).toBe(204)
})

test('by default the one origin is that of RESET_PAGE_URL', async () => {
  const plain = await startService(surroundings)
  const allowed = await plain.ask(path, { headers: { origin: 'https://app.example' } })
  expect(allowed.status).toBe(405)
  const preflight = (origin: string) => plain.ask(path, { method: 'OPTIONS', headers: { origin } })
  const { headers } = await preflight('https://app.example')
  expect(headers['access-control-allow-origin']).toBe('https://app.example')
  const other = await preflight('https://admin.example:8443')
  expect(other.headers).not.toHaveProperty('access-control-allow-origin')
  await plain.stop()
})

describe('a preflight that is refused', () => {
  let watched: TestService
  const preflight = (origin: string, url = path) =>
    watched.ask(url, { method: 'OPTIONS', headers: { origin } })

  beforeEach(async () => {
    watched = await startService(surroundings)
  })

  /** @returns the origins that the log names, at `warn` and in this order */
  async function stop(): Promise<unknown[]> {
    await watched.stop()
    const lines = watched.log.lines.filter(({ msg }) => String(msg).startsWith('preflight refused'))
    expect(
      lines.every(({ level, msg }) => level === 40 && String(msg).includes('CORS_ORIGINS')),
    ).toBe(true)
    return lines.map(({ origin }) => origin)
  }

  test('is said in the log, once for each origin', async () => {
    const origins = [
      'https://admin.example:8443',
      'capacitor://localhost',
      'null',
      'http://[fd00::1]:5173',
    ]
    for (let times = 0; times < 3; times += 1) {
      for (const origin of origins) await preflight(String(origin))
    }
    expect(await stop()).toEqual(origins)
  })

  test('is not, where it is no preflight, or is let through, or is for nobody', async () => {
    await preflight('https://app.example')
    await preflight('https://elsewhere.example', '/livez')
    await watched.ask(path, { method: 'POST', headers: { origin: 'https://elsewhere.example' } })
    await watched.ask(path, { method: 'OPTIONS' })
    expect(await stop()).toEqual([])
  })

  test('names no more than a hundred, and nothing that is no origin', async () => {
    const junk = [
      '',
      'ann@example.com',
      'https://ann@example.com',
      'https://app.example/?token=x',
      `https://${'a'.repeat(300)}.example`,
      'https://a.example https://b.example',
      'https://\u00e9.example',
      '{"level":60}',
    ]
    for (const origin of junk) await preflight(origin)
    for (let index = 0; index < 150; index += 1) await preflight(`https://${index}.example`)
    const told = await stop()
    expect([told.length, told[0], told.at(-1)]).toEqual([
      100,
      'https://0.example',
      'https://99.example',
    ])
  })
})
