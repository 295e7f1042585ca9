// What pages of other origins can make a browser send counts for no limit of its reader; what the reader
// does, and what a program sends, does.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { basePath } from '../support/client.ts'
import { bearer, claimsOf, jwtVariables, signWithSecret } from '../support/jwt-issuer.ts'
import { forgedLink, sealedLink, tokenOf } from '../support/links.ts'
import type { Environment } from '../support/rekey-process.ts'
import { startService, type TestService } from '../support/service.ts'
import { createSurroundings, type Surroundings } from '../support/surroundings.ts'
import { addUser, createUsers } from '../support/users.ts'

const JWT_SECRET = 'the secret of a host application'
const JSON_TYPE = 'application/json'
const FORM = 'application/x-www-form-urlencoded'
const REFUSED = '403 {"detail":"Requests from this origin are not allowed."}'
const evil = 'https://evil.example'
const app = 'https://app.example'

const posts = [
  `${basePath}/send-reset-password-link`,
  `${basePath}/check-reset-link`,
  `${basePath}/reset-password`,
  '/api/password_reset/',
  '/api/password_reset/validate_token/',
  '/api/password_reset/confirm/',
  '/api/auth/password/reset/',
  '/api/auth/password/reset/confirm/',
]

let surroundings: Surroundings
let service: TestService

beforeAll(async () => {
  surroundings = await createSurroundings()
  await createUsers(surroundings.database.sql)
  service = await start('2/1d')
})

afterAll(async () => {
  await service?.stop()
  await surroundings?.end()
})

function start(rate: string): Promise<TestService> {
  return startService(surroundings, {
    RATE_LIMIT_REQUESTS: rate,
    RATE_LIMIT_CONFIRMS: rate,
    HOSTED_PAGE: 'true',
    DIALECTS: 'rest-passwordreset, dj-rest-auth',
    JWT_SECRET,
    ...jwtVariables,
  })
}

const post = (path: string, headers: Environment, body = '{}') =>
  service.send(path, body, { 'content-type': JSON_TYPE, ...headers })
const open = (headers: Environment, method = 'GET', to = service) =>
  to.ask(`/reset/?token=${tokenOf(forgedLink())}`, { method, headers })

const foreign: Environment[] = [
  { origin: evil },
  { origin: 'null' },
  { origin: '' },
  { origin: `${app}:8443`, 'sec-fetch-site': 'cross-site' },
  {
    origin: evil,
    'sec-fetch-site': 'cross-site',
    'sec-fetch-mode': 'no-cors',
    'sec-fetch-dest': 'empty',
  },
  {
    origin: evil,
    'sec-fetch-site': 'cross-site',
    'sec-fetch-mode': 'navigate',
    'sec-fetch-dest': 'document',
  },
  {
    origin: evil,
    'sec-fetch-site': 'cross-site',
    'sec-fetch-mode': 'navigate',
    'sec-fetch-dest': 'iframe',
  },
  { origin: 'https://user.app.example', 'sec-fetch-site': 'same-site', 'sec-fetch-dest': 'empty' },
  { 'sec-fetch-site': 'cross-site' },
  { 'sec-fetch-site': 'same-site' },
  { 'sec-fetch-site': 'anything else' },
]

test.each(foreign)('a post with %o is refused and does not count', async (headers) => {
  for (const path of posts) {
    const replies = [
      await post(path, headers),
      await post(path, headers),
      await post(path, headers),
    ]
    expect(replies.map(({ answer }) => answer)).toEqual([REFUSED, REFUSED, REFUSED])
  }
  const jwt = bearer(await signWithSecret(JWT_SECRET, claimsOf('1')))
  for (const path of [`${basePath}/change-password`, '/api/auth/password/change/']) {
    expect((await post(path, { ...jwt, ...headers })).answer).toBe(REFUSED)
  }
})

test.each(['text/plain', 'multipart/form-data; boundary=x', FORM, 'text/plain;charset=UTF-8', ''])(
  'a post of type %j does not count, from wherever it comes',
  async (type) => {
    const path = `${basePath}/send-reset-password-link`
    for (const headers of [{}, { origin: app }, { origin: evil, 'sec-fetch-site': 'cross-site' }]) {
      for (let times = 0; times < 3; times += 1) {
        expect((await post(path, { ...headers, 'content-type': type })).status).toBe(415)
      }
    }
  },
)

test.each<Environment>([
  { 'sec-fetch-dest': 'image', 'sec-fetch-mode': 'no-cors' },
  { 'sec-fetch-dest': 'iframe', 'sec-fetch-mode': 'navigate' },
  { 'sec-fetch-dest': 'frame', 'sec-fetch-mode': 'navigate' },
  { 'sec-fetch-dest': 'object', 'sec-fetch-mode': 'navigate' },
  { 'sec-fetch-dest': 'embed', 'sec-fetch-mode': 'navigate' },
  { 'sec-fetch-dest': 'script', 'sec-fetch-mode': 'no-cors' },
  { 'sec-fetch-dest': 'empty', 'sec-fetch-mode': 'no-cors', 'sec-purpose': 'prefetch' },
  { 'sec-fetch-dest': 'document', 'sec-fetch-mode': 'navigate', 'sec-purpose': 'prefetch' },
  {
    'sec-fetch-dest': 'document',
    'sec-fetch-mode': 'navigate',
    'sec-purpose': 'prefetch;prerender',
  },
  { 'sec-fetch-mode': 'no-cors' },
  // As Chrome spells what a page's speculation rules have it prefetch.
  {
    'sec-fetch-site': 'none',
    'sec-fetch-dest': 'document',
    'sec-fetch-mode': 'navigate',
    'sec-purpose': 'prefetch',
  },
  { origin: evil, 'sec-fetch-dest': 'empty', 'sec-fetch-mode': 'cors' },
])('a link that a page of another site has fetched with %o is refused', async (headers) => {
  for (const site of ['cross-site', 'same-site']) {
    for (const method of ['GET', 'HEAD', 'GET']) {
      expect((await open({ 'sec-fetch-site': site, ...headers }, method)).status).toBe(403)
    }
  }
})

test('after all of that the limits are as they were', async () => {
  const asked = [await post(posts[0] ?? '', {}), await post(posts[0] ?? '', {})]
  expect(asked.map(({ status }) => status)).toEqual([400, 400])
  expect((await open({})).status).toBe(200)
})

test.each<[string, Environment]>([
  ['a program', {}],
  [
    'a page of an allowed origin',
    { origin: app, 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'empty' },
  ],
  ['such a page in an old browser', { origin: app }],
  [
    'a page of the same origin, through a proxy that keeps no Host',
    { origin: 'https://www.example', 'sec-fetch-site': 'same-origin', host: 'rekey:3000' },
  ],
  ['a reader by themselves', { 'sec-fetch-site': 'none', 'sec-fetch-dest': 'document' }],
  ['a browser extension', { origin: 'chrome-extension://abc', 'sec-fetch-site': 'none' }],
])('%s may post, and that counts', async (_, headers) => {
  const own = await start('1/1d')
  const send = () => own.send(`${basePath}/send-reset-password-link`, {}, headers)
  expect([(await send()).status, (await send()).status]).toEqual([400, 429])
  await own.stop()
})

test.each<[string, string, boolean]>([
  ['http://reset.example:3000', 'reset.example:3000', true],
  ['https://reset.example', 'reset.example', true],
  ['https://reset.example', 'reset.example:443', true],
  ['http://reset.example', 'reset.example:80', true],
  ['https://reset.example', 'Reset.Example', true],
  ['https://reset.example', 'reset.example:80', false],
  ['https://reset.example:8443', 'reset.example', false],
  ['https://reset.example', 'www.reset.example', false],
])('to an old browser a page of %s has the origin of Host %s: %s', async (origin, host, isOwn) => {
  const own = await start('1/1d')
  const path = `${basePath}/send-reset-password-link`
  expect((await own.send(path, {}, { origin, host })).status).toBe(isOwn ? 400 : 403)
  await own.stop()
})

test.each<[string, Environment]>([
  [
    'in a webmail',
    {
      'sec-fetch-site': 'cross-site',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
      'sec-fetch-user': '?1',
    },
  ],
  [
    'behind a redirect',
    { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
  ],
  [
    'in the mail of a neighbour',
    { 'sec-fetch-site': 'same-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' },
  ],
  [
    'in a mail program',
    {
      'sec-fetch-site': 'none',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
      'sec-fetch-user': '?1',
    },
  ],
  ['in an old browser', {}],
])('a link %s opens, and that counts', async (_, headers) => {
  const own = await start('1/1d')
  expect([
    (await open(headers, 'GET', own)).status,
    (await open(headers, 'GET', own)).status,
  ]).toEqual([200, 429])
  await own.stop()
})

test('links that another site leads to count each for itself, and for nothing else', async () => {
  const own = await start('1/1d')
  const led = {
    'sec-fetch-site': 'cross-site',
    'sec-fetch-mode': 'navigate',
    'sec-fetch-dest': 'document',
  }
  const openLink = (fields: object, headers: Environment = led) =>
    own.ask(`/reset/?${new URLSearchParams({ ...fields })}`, { headers })
  const link = sealedLink(await addUser(surroundings.database.sql))
  for (let times = 0; times < 5; times += 1) {
    const made = { ...forgedLink(), timestamp: String(1_700_000_000 + times) }
    expect((await openLink(made)).status).toBe(200)
  }
  const opened = [await openLink(link), await openLink({ ...link, x: '1' })]
  expect(opened.map(({ status }) => status)).toEqual([200, 429])
  expect([(await openLink(link, {})).status, (await openLink(link, {})).status]).toEqual([200, 429])
  await own.stop()
})

test('a refused request mails nothing, and the log says what to set', async () => {
  const user = await addUser(surroundings.database.sql)
  const seen = service.log.lines.length
  await post(posts[0] ?? '', { origin: evil }, JSON.stringify({ email: user.email }))
  const line = await service.log.waitFor(({ status }) => status === 403, seen)
  expect(line).toMatchObject({
    code: 'cross_origin',
    cause: 'sent by a page whose origin is not in CORS_ORIGINS',
  })
  expect(surroundings.resend.requests).toEqual([])
})

test('what counts for nothing is as open to other pages as before', async () => {
  const headers = { origin: evil, 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'empty' }
  for (const path of [`${basePath}/password-rules`, '/livez', '/reset/request']) {
    const reply = await service.ask(path, { headers })
    expect(reply.status).toBe(200)
    expect(reply.headers).not.toHaveProperty('access-control-allow-origin')
  }
})
