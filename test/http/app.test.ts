// Where the routes are, which methods they have, and what every reply carries.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ACCEPTED, INVALID_LINK, NOT_FOUND } from '../support/answers.ts'
import { basePath, type Reply } from '../support/client.ts'
import { forgedLink, sealedLink } from '../support/links.ts'
import { startService, type TestService } from '../support/service.ts'
import { createSurroundings, type Surroundings } from '../support/surroundings.ts'
import { addUser, createUsers, storedHash } from '../support/users.ts'

let surroundings: Surroundings
let service: TestService

beforeAll(async () => {
  surroundings = await createSurroundings()
  await createUsers(surroundings.database.sql)
  service = await startService(surroundings, {
    HOSTED_PAGE: 'true',
    MAIL_TRANSPORT: 'outbox',
    RATE_LIMIT_CONFIRMS: '1/1d',
  })
  await service.post('check-reset-link', forgedLink())
})

afterAll(async () => {
  await service?.stop()
  await surroundings?.end()
})

const posts = ['send-reset-password-link', 'check-reset-link', 'reset-password']

test.each(posts)('%s takes POST only, and says so', async (route) => {
  for (const method of ['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'TRACE', 'QUERY', 'PROPFIND']) {
    const reply = await service.ask(`${basePath}/${route}`, { method })
    expect([method, reply.status, reply.headers.allow]).toEqual([method, 405, 'POST, OPTIONS'])
    expect(reply.text).toBe(method === 'HEAD' ? '' : '{"detail":"Method not allowed."}')
  }
})

test.each([
  [`${basePath}/password-rules`, 'GET, HEAD, OPTIONS'],
  [`${basePath}/password-rules/`, 'GET, HEAD, OPTIONS'],
  ['/livez', 'GET, HEAD'],
  ['/readyz', 'GET, HEAD'],
  ['/outbox', 'GET, HEAD'],
  ['/reset', 'GET, HEAD'],
])('%s can be read only, and says so', async (path, allow) => {
  for (const method of ['POST', 'PUT', 'DELETE', 'TRACE']) {
    const reply = await service.ask(path, { method })
    expect([method, reply.status, reply.headers.allow]).toEqual([method, 405, allow])
  }
  expect((await service.ask(path, { method: 'HEAD' })).text).toBe('')
})

test('a wrong method is refused before its body is looked at', async () => {
  const headers = { 'content-type': 'text/plain' }
  const reply = await service.ask('/livez', { method: 'PUT', body: 'x'.repeat(100_000), headers })
  expect(reply.status).toBe(405)
})

test.each([
  '/',
  '/api',
  basePath,
  `${basePath}/`,
  `${basePath}/reset-passwor`,
  `${basePath}/reset-password/x`,
  `${basePath}//reset-password`,
  `${basePath}/reset-password//`,
  `${basePath}/reset-password;x`,
  `${basePath}/reset-password%00`,
  `${basePath}/reset-password%2f`,
  `${basePath.toUpperCase()}/reset-password`,
  `/${basePath}/reset-password`,
  `${basePath}/../accounts/reset-password`,
  `${basePath}/change-password`,
  '/health',
  '/metrics',
  '/docs',
  '/.git/config',
  '/:id(',
  '/:id(a+)+$',
  '/*',
  '/%',
  '/%zz',
  '/%c0%af',
  '/\\',
  '*',
])('there is nothing at %s, with or without a body', async (path) => {
  for (const asked of [{}, { method: 'POST', body: 'x' }]) {
    expect((await service.ask(path, asked)).answer).toBe(NOT_FOUND)
  }
})

test.each([
  ['/api/v1/accounts', '/api/v1/accounts/password-rules'],
  ['/accounts/', '/accounts/password-rules'],
  ['/a.b~c_d-e', '/a.b~c_d-e/password-rules'],
  ['/', '/password-rules'],
])('under BASE_PATH=%s every route answers with and without a slash', async (base, path) => {
  const moved = await startService(surroundings, { BASE_PATH: base })
  expect((await moved.ask(path)).status).toBe(200)
  expect((await moved.ask(`${path}/`)).status).toBe(200)
  const post = path.replace('password-rules', 'check-reset-link')
  for (const at of [post, `${post}/`]) {
    const reply = await moved.ask(at, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(forgedLink()),
    })
    expect(reply.answer).toBe(INVALID_LINK)
    expect((await moved.ask(at)).headers.allow).toBe('POST, OPTIONS')
  }
  expect((await moved.ask('/livez')).status).toBe(200)
  const elsewhere = base === '/' ? `${basePath}/password-rules` : '/password-rules'
  expect((await moved.ask(elsewhere)).status).toBe(404)
  await moved.stop()
})

test('an escaped path is the same route with the same limit', async () => {
  const path = `${basePath}/check-reset-link`.replace('check', '%63heck')
  const reply = await service.ask(path, { method: 'POST' })
  expect(reply.status).toBe(429)
})

test.each(posts)('GET of %s with a link in the query does nothing', async (route) => {
  const user = await addUser(surroundings.database.sql)
  const link = sealedLink(user)
  const query = new URLSearchParams({ ...link, password: 'a brand new pass phrase' })
  const reply = await service.ask(`${basePath}/${route}?${query}`)
  expect(reply.status).toBe(405)
  expect(await storedHash(surroundings.database.sql, user.id)).toBe(user.passwordHash)
})

describe('every reply keeps browsers and caches from doing more than they must', () => {
  const apiPolicy = "default-src 'none'; frame-ancestors 'none'"
  const pagePolicy =
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
  const outboxPolicy =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
  const json = { 'content-type': 'application/json' }

  test.each<[string, number, () => Promise<Reply>, string]>([
    ['a success', 200, () => service.ask(`${basePath}/password-rules`), apiPolicy],
    ['a field error', 400, () => service.post('send-reset-password-link', {}), apiPolicy],
    ['broken JSON', 400, () => service.post('send-reset-password-link', '{'), apiPolicy],
    ['no route', 404, () => service.ask('/nothing'), apiPolicy],
    ['no path', 404, () => service.ask('/%zz'), apiPolicy],
    ['a wrong method', 405, () => service.ask('/livez', { method: 'POST' }), apiPolicy],
    [
      'a large body',
      413,
      () => service.post('send-reset-password-link', 'x'.repeat(20_000)),
      apiPolicy,
    ],
    [
      'another type',
      415,
      () => service.post('send-reset-password-link', 'x', { 'content-type': 'text/plain' }),
      apiPolicy,
    ],
    ['a throttled client', 429, () => service.post('check-reset-link', {}), apiPolicy],
    [
      'a preflight',
      204,
      () =>
        service.ask(`${basePath}/x`, {
          method: 'OPTIONS',
          headers: { ...json, origin: 'https://app.example' },
        }),
      apiPolicy,
    ],
    ['/livez', 200, () => service.ask('/livez'), apiPolicy],
    ['/readyz', 200, () => service.ask('/readyz'), apiPolicy],
    ['HEAD', 200, () => service.ask('/livez', { method: 'HEAD' }), apiPolicy],
    ['a redirect', 302, () => service.ask('/reset'), apiPolicy],
    ['a page', 200, () => service.ask('/reset/'), pagePolicy],
    ['a script', 200, () => service.ask('/reset/reset-page.js'), pagePolicy],
    ['no page', 404, () => service.ask('/reset/nothing'), apiPolicy],
    ['the outbox', 200, () => service.ask('/outbox'), outboxPolicy],
  ])('%s', async (_, status, ask, policy) => {
    const { headers, ...reply } = await ask()
    expect(reply.status).toBe(status)
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'content-security-policy': policy,
      'referrer-policy': 'no-referrer',
      'strict-transport-security': 'max-age=31536000',
      'x-content-type-options': 'nosniff',
      'cross-origin-resource-policy': 'same-origin',
    })
    for (const name of ['server', 'x-powered-by', 'etag', 'set-cookie']) {
      expect(headers).not.toHaveProperty(name)
    }
  })
})

test.each([
  ['Range', { range: 'bytes=0-1' }],
  ['If-None-Match', { 'if-none-match': '*' }],
  ['Cache-Control', { 'cache-control': 'only-if-cached' }],
  ['a method override', { 'x-http-method-override': 'DELETE' }],
  ['a header named __proto__', JSON.parse('{"__proto__":"x","constructor":"y"}')],
  ['a very long request id', { 'x-request-id': 'x'.repeat(8000) }],
])('%s is ignored', async (_, headers) => {
  const { answer } = await service.post(
    'send-reset-password-link',
    { email: 'nobody@example.com' },
    headers,
  )
  expect(answer).toBe(ACCEPTED)
})
