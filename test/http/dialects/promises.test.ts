// What Rekey promises of its own routes holds in every dialect: the same bytes for known and unknown,
// nothing looked up before a link proved genuine, one set of limits, the same headers and refusals.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { encodeUid } from '../../../src/core/token.ts'
import { NOT_FOUND } from '../../support/answers.ts'
import type { Reply } from '../../support/client.ts'
import { forgedLink, type LinkValues, sealedLink, tokenOf } from '../../support/links.ts'
import { seconds } from '../../support/seconds.ts'
import { startService, type TestService } from '../../support/service.ts'
import { createSurroundings, type Surroundings } from '../../support/surroundings.ts'
import { addUser, createUsers } from '../../support/users.ts'

const password = 'a brand new pass phrase'
const DIALECTS = 'rest-passwordreset, dj-rest-auth'
const userColumns = ['is_active boolean default true']
const env = { DIALECTS, USERS_ELIGIBLE_SQL: 'is_active' }
const origin = 'https://app.example'
const PROBLEM = 'application/problem+json'
const FORM = 'application/x-www-form-urlencoded'

/** A route that takes a link, and the body that it takes it in. */
const validateToken = {
  path: '/api/password_reset/validate_token/',
  bodyOf: (link: LinkValues) => ({ token: tokenOf(link) }),
}
const confirms = [
  {
    path: '/api/password_reset/confirm/',
    bodyOf: (link: LinkValues) => ({ token: tokenOf(link), password }),
  },
  {
    path: '/api/auth/password/reset/confirm/',
    bodyOf: (link: LinkValues) => ({
      new_password1: password,
      new_password2: password,
      uid: encodeUid(link.user_id),
      token: tokenOf(link),
    }),
  },
  {
    path: '/api/auth/password/reset/confirm/',
    bodyOf: (link: LinkValues) => ({
      new_password1: password,
      new_password2: 'another',
      uid: encodeUid(link.user_id),
      token: tokenOf(link),
    }),
  },
]
const requests = ['/api/password_reset/', '/api/auth/password/reset/']
const everyPath = [
  ...requests,
  validateToken.path,
  '/api/password_reset/confirm/',
  '/api/auth/password/reset/confirm/',
]

let surroundings: Surroundings
let service: TestService

beforeAll(async () => {
  surroundings = await createSurroundings()
  await createUsers(surroundings.database.sql, 'bigint', userColumns)
  service = await startService(surroundings, env)
})

afterAll(async () => {
  await service?.stop()
  await surroundings?.end()
})

/** All that a client can see of a reply but the time. */
const visible = ({ status, headers: { date: _, ...headers }, text }: Reply) => ({
  status,
  headers,
  text,
})

// By itself, so that no mail is on its way, which asks for accounts as well.
describe('with statements that are logged', () => {
  let quiet: Surroundings
  let own: TestService

  beforeAll(async () => {
    quiet = await createSurroundings()
    await createUsers(quiet.database.sql, 'bigint', userColumns)
    await quiet.database.logStatements()
    own = await startService(quiet, env)
  })

  afterAll(async () => {
    await own?.stop()
    await quiet?.end()
  })

  describe.each([validateToken, ...confirms])('a link at $path', ({ path, bodyOf }) => {
    test('that is forged, altered or expired never reaches the database', async () => {
      const user = await addUser(quiet.database.sql)
      const link = sealedLink(user)
      const old = sealedLink(user, seconds() - 3601)
      const before = await quiet.database.statements()
      const answers = new Set<string>()
      for (const bad of [
        forgedLink(user.id),
        forgedLink('987654321'),
        { ...link, timestamp: String(Number(link.timestamp) - 1) },
        { ...link, user_id: `${user.id}0` },
        old,
      ]) {
        answers.add((await own.send(path, bodyOf(bad))).answer)
      }
      expect(answers.size).toBe(1)
      expect(await quiet.database.statements()).toEqual(before)
    })

    test('that is genuine does, and of nobody looks like one that is forged', async () => {
      const user = await addUser(quiet.database.sql)
      const link = sealedLink(user)
      await quiet.database.sql`delete from users where id = ${user.id}`
      const before = await quiet.database.statements()
      const gone = await own.send(path, bodyOf(link))
      const forged = await own.send(path, bodyOf(forgedLink(user.id)))
      expect(visible(gone)).toEqual(visible(forged))
      expect(await quiet.database.statements()).toHaveLength(before.length + 1)
    })
  })
})

describe.each(requests)('a request to %s', (path) => {
  test.each([
    ['a known account', {}],
    ['a disabled account', { is_active: false }],
    ['an account without a hash', { password_hash: null }],
  ])('is answered the same for %s and for none', async (_, columns) => {
    const { email } = await addUser(surroundings.database.sql, columns)
    for (const headers of [{}, { accept: PROBLEM, 'accept-language': 'de', origin }]) {
      const known = await service.send(path, { email }, headers)
      const unknown = await service.send(path, { email: `no-${email}` }, headers)
      expect(visible(known)).toEqual(visible(unknown))
      expect(known.status).toBe(200)
    }
  })

  test('is answered while the whole table is locked', async () => {
    const { email } = await addUser(surroundings.database.sql)
    await surroundings.database.sql.begin(async (lock) => {
      await lock`lock table users in access exclusive mode`
      expect((await service.send(path, { email })).status).toBe(200)
    })
    await surroundings.resend.waitForMail(({ to }) => to[0] === email)
  })

  test('is in the log with no address, as one on the routes of Rekey is', async () => {
    const { email } = await addUser(surroundings.database.sql)
    const seen = service.log.lines.length
    await service.send(path, { email })
    await service.post('send-reset-password-link', { email: email.toUpperCase() })
    const isOurs = ({ msg }: Readonly<Record<string, unknown>>) => msg === 'request completed'
    await service.log.waitFor(({ route }) => String(route).endsWith('reset-password-link'), seen)
    const [here, there] = service.log.lines.slice(seen).filter(isOurs)
    expect(here?.['identifierHash']).toBe(there?.['identifierHash'])
    expect(here?.['route']).toBe(path.slice(0, -1))
  })
})

test('of many posts of one link in both dialects exactly one wins', async () => {
  const user = await addUser(surroundings.database.sql)
  const link = sealedLink(user)
  const [drp, djra] = confirms
  const posts = Array.from({ length: 12 }, (_, n) => (n % 2 === 0 ? drp : djra))
  const replies = await Promise.all(
    posts.map((post) => service.send(post?.path ?? '', post?.bodyOf(link))),
  )
  expect(replies.filter(({ status }) => status === 200)).toHaveLength(1)
})

test('the log says whose link has worked', async () => {
  for (const { path, bodyOf } of confirms.slice(0, 2)) {
    const user = await addUser(surroundings.database.sql)
    const seen = service.log.lines.length
    expect((await service.send(path, bodyOf(sealedLink(user)))).status).toBe(200)
    const line = await service.log.waitFor(({ msg }) => msg === 'request completed', seen)
    expect(line['accountId']).toBe(user.id)
  }
})

describe('limits', () => {
  test('of requests are one for all routes that take them', async () => {
    const limited = await startService(surroundings, { DIALECTS, RATE_LIMIT_REQUESTS: '3/1d' })
    const body = { email: 'nobody@example.com' }
    const [drp = '', djra = ''] = requests
    const replies = [
      await limited.post('send-reset-password-link', body),
      await limited.send(drp, 'no JSON'),
      await limited.send(djra, body),
      await limited.send(drp, body),
      await limited.send(djra, body),
      await limited.post('send-reset-password-link', body),
    ]
    expect(replies.map(({ status }) => status)).toEqual([200, 400, 200, 429, 429, 429])
    expect(replies[3]?.answer).toMatch(
      /^429 \{"detail":"Request was throttled\. Expected available in \d+ seconds\."\}$/,
    )
    expect(replies[3]?.headers).toHaveProperty('retry-after')
    await limited.stop()
  })

  test('of checks and resets as well', async () => {
    const limited = await startService(surroundings, { DIALECTS, RATE_LIMIT_CONFIRMS: '4/1d' })
    const link = forgedLink()
    const statuses = [(await limited.post('check-reset-link', link)).status]
    for (const { path, bodyOf } of [validateToken, ...confirms]) {
      statuses.push((await limited.send(path, bodyOf(link))).status)
    }
    statuses.push((await limited.post('check-reset-link', link)).status)
    expect(statuses).toEqual([400, 404, 404, 400, 429, 429])
    await limited.stop()
  })
})

test.each([
  [
    'no form of parts',
    '--x\r\nContent-Disposition: form-data; name="email"\r\n\r\na@example.com\r\n--x--',
    { 'content-type': 'multipart/form-data; boundary=x' },
    415,
    'Unsupported media type in request.',
  ],
  [
    'no text',
    'email=a%40example.com',
    { 'content-type': 'text/plain' },
    415,
    'Unsupported media type in request.',
  ],
  [
    'no form in another charset',
    'email=a%40example.com',
    { 'content-type': `${FORM}; charset=iso-8859-1` },
    415,
    'Unsupported media type in request.',
  ],
  [
    'no compressed form',
    'email=a%40example.com',
    { 'content-type': FORM, 'content-encoding': 'gzip' },
    415,
    'Unsupported media type in request.',
  ],
  [
    'no large form',
    'x'.repeat(16_385),
    { 'content-type': FORM },
    413,
    'Request body is too large.',
  ],
  [
    'no compressed body',
    '{}',
    { 'content-encoding': 'gzip' },
    415,
    'Unsupported media type in request.',
  ],
  ['no large body', 'x'.repeat(16_385), {}, 413, 'Request body is too large.'],
  ['no broken JSON', '{', {}, 400, 'JSON parse error'],
  ['no broken UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), {}, 400, 'JSON parse error'],
])('%s is taken', async (_, body, headers, status, detail) => {
  for (const path of everyPath) {
    const reply = await service.send(path, body, headers)
    expect(reply.answer).toBe(`${status} ${JSON.stringify({ detail })}`)
    expect(reply.headers['cache-control']).toBe('no-store')
    const problem = await service.send(path, body, { ...headers, accept: PROBLEM })
    expect(problem.headers['content-type']).toBe(`${PROBLEM}; charset=utf-8`)
  }
})

test('neither body nor type is an empty body', async () => {
  for (const path of everyPath) {
    const { answer } = await service.ask(path, { method: 'POST' })
    expect(answer).toBe((await service.send(path, {})).answer)
    expect(answer).toContain('["This field is required."]')
  }
})

test.each(['[]', 'null', '"text"', '5'])('%s is no dictionary', async (body) => {
  for (const path of everyPath) {
    expect((await service.send(path, body)).answer).toBe(
      '400 {"non_field_errors":["Invalid data. Expected a dictionary."]}',
    )
  }
})

describe.each(everyPath.flatMap((path) => [path, path.slice(0, -1)]))('%s', (path) => {
  test('takes a POST alone, and says so', async () => {
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const reply = await service.ask(path, { method, headers: { origin } })
      expect(reply.answer).toBe('405 {"detail":"Method not allowed."}')
      expect(reply.headers).toMatchObject({
        allow: 'POST, OPTIONS',
        'cache-control': 'no-store',
        'access-control-allow-origin': origin,
      })
    }
  })

  test('is for the pages of CORS_ORIGINS', async () => {
    const preflight = (from: string) =>
      service.ask(path, {
        method: 'OPTIONS',
        headers: { origin: from, 'access-control-request-method': 'POST' },
      })
    const allowed = await preflight(origin)
    expect(allowed.answer).toBe('204 ')
    expect(allowed.headers).toMatchObject({
      'access-control-allow-origin': origin,
      'access-control-allow-methods': 'POST',
      'access-control-allow-headers': 'Content-Type, Authorization, X-CSRFToken, X-Requested-With',
      'access-control-allow-credentials': 'true',
      vary: 'Origin',
    })
    const other = await preflight('https://evil.example')
    expect(other.headers).not.toHaveProperty('access-control-allow-origin')
    expect(other.headers).not.toHaveProperty('access-control-allow-credentials')
    const reply = await service.send(path, {}, { origin, cookie: 'sessionid=1; csrftoken=2' })
    expect(reply.headers['access-control-allow-origin']).toBe(origin)
    expect(reply.headers['access-control-allow-credentials']).toBe('true')
    expect(reply.headers).not.toHaveProperty('set-cookie')
    expect(reply.headers['access-control-expose-headers']).toBe('Retry-After, WWW-Authenticate')
  })
})

test('without DIALECTS there is nothing, and no page of another origin may look', async () => {
  const plain = await startService(surroundings)
  for (const path of everyPath) {
    const reply = await plain.send(path, {}, { origin })
    expect(reply.answer).toBe(NOT_FOUND)
    expect(reply.headers).not.toHaveProperty('access-control-allow-origin')
  }
  await plain.stop()
})

test('dialects hang around BASE_PATH, in it and beside a prefix that begins alike', async () => {
  const nested = await startService(surroundings, {
    BASE_PATH: '/',
    DIALECTS: 'dj-rest-auth=/auth, rest-passwordreset=/auth/password',
  })
  const body = { email: 'nobody@example.com' }
  const statuses = [
    await nested.send('/send-reset-password-link', body),
    await nested.send('/auth/password/reset', body),
    await nested.send('/auth/password', body),
    await nested.send('/auth/password/confirm', { token: 'x', password }),
    await nested.send('/authpassword/reset', body),
  ].map(({ status }) => status)
  expect(statuses).toEqual([200, 200, 200, 404, 404])
  await nested.stop()
})
