// The keys behind JWKS_URL: fetched when needed, rotated without a restart, and bounded when the other
// side fails in any way. That is never blamed on a token.

import { gzipSync } from 'node:zlib'
import { exportJWK } from 'jose'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { INVALID_JWT, UNAVAILABLE } from '../support/answers.ts'
import {
  bearer,
  claimsOf,
  createKey,
  jwtVariables,
  type KeysAnswer,
  type SigningKey,
  sign,
  startIssuer,
  type TokenIssuer,
} from '../support/jwt-issuer.ts'
import { startService, type TestService } from '../support/service.ts'
import { createSurroundings, type Surroundings } from '../support/surroundings.ts'
import { addUser, createUsers } from '../support/users.ts'

const ROUTE = 'change-password'
/** What a good token is answered with, as the body is empty. */
const TAKEN =
  '400 {"old_password":["This field is required."],"password":["This field is required."]}'

let surroundings: Surroundings
let userId: string
let [first, second, third]: SigningKey[] = []
let issuer: TokenIssuer
let service: TestService

beforeAll(async () => {
  surroundings = await createSurroundings()
  await createUsers(surroundings.database.sql)
  userId = (await addUser(surroundings.database.sql)).id
  ;[first, second, third] = await Promise.all([createKey(), createKey('RS256'), createKey('EdDSA')])
})

afterAll(() => surroundings?.end())

beforeEach(async () => {
  issuer = await startIssuer(keyOf(first))
  service = await startService(surroundings, { JWKS_URL: issuer.url, ...jwtVariables })
})

afterEach(async () => {
  await service?.stop()
  await issuer?.stop()
})

function keyOf(key: SigningKey | undefined): SigningKey {
  if (!key) throw new Error('no key')
  return key
}

async function answerTo(
  key: SigningKey | undefined,
  header = {},
  on: TestService = service,
): Promise<string> {
  const token = await sign(keyOf(key), claimsOf(userId), header)
  return (await on.post(ROUTE, {}, bearer(token))).answer
}

test('nothing is fetched before a token needs it, and once for many', async () => {
  expect((await service.post(ROUTE, {})).status).toBe(401)
  expect(await answerTo(first, { kid: undefined })).toBe(INVALID_JWT)
  expect(issuer.asked()).toBe(0)
  const answers = await Promise.all([...Array(30)].map(() => answerTo(first)))
  expect(new Set(answers)).toEqual(new Set([TAKEN]))
  expect(await answerTo(first)).toBe(TAKEN)
  expect(issuer.asked()).toBe(1)
})

test('a new key works from its first token on', async () => {
  expect(await answerTo(first)).toBe(TAKEN)
  issuer.publish(keyOf(first), keyOf(second))
  expect(new Set(await Promise.all([...Array(20)].map(() => answerTo(second))))).toEqual(
    new Set([TAKEN]),
  )
  expect(issuer.asked()).toBe(2)
})

test('a key that is withdrawn works no more, once a new one is asked for', async () => {
  expect(await answerTo(first)).toBe(TAKEN)
  issuer.publish(keyOf(third))
  expect(await answerTo(third)).toBe(TAKEN)
  expect(await answerTo(first)).toBe(INVALID_JWT)
})

test('unknown key ids cost a look now and then, however many they are', async () => {
  expect(await answerTo(first)).toBe(TAKEN)
  for (let count = 0; count < 50; count += 1) {
    expect(await answerTo(second, { kid: `unknown-${count}` })).toBe(INVALID_JWT)
  }
  expect(issuer.asked()).toBe(2)
  expect(await answerTo(first)).toBe(TAKEN)
})

const failures: readonly [string, KeysAnswer, string][] = [
  ['answers 500', (response) => response.writeHead(500).end('{}'), 'it answers 500'],
  ['answers 404', (response) => response.writeHead(404).end(), 'it answers 404'],
  [
    'redirects',
    (response) => response.writeHead(302, { location: `${issuer.url}?elsewhere` }).end(),
    'it answers 302',
  ],
  ['hangs up', (response) => response.destroy(), 'it gives no answer (UND_ERR_SOCKET)'],
  [
    'hangs up within its answer',
    (response) => {
      response.writeHead(200, { 'content-length': '1000' })
      response.write('{"keys":', () => response.destroy())
    },
    'it gives no answer (UND_ERR_SOCKET)',
  ],
  [
    'sends 10 MB',
    (response) => response.end(`{"keys":[],"filler":"${'x'.repeat(10_000_000)}"}`),
    'it answers with more than 256 KiB',
  ],
  [
    'sends 10 MB in a small packet',
    (response) => {
      response.writeHead(200, { 'content-encoding': 'gzip' })
      response.end(gzipSync(`{"keys":[],"filler":"${'x'.repeat(10_000_000)}"}`))
    },
    'it answers with more than 256 KiB',
  ],
  [
    'sends no JSON',
    (response) => response.end('<html>'),
    'it answers with something else than a key set',
  ],
  ['sends nothing', (response) => response.end(), 'it answers with something else than a key set'],
  [
    'sends a list',
    (response) => response.end('[]'),
    'it answers with something else than a key set',
  ],
  [
    'sends null',
    (response) => response.end('null'),
    'it answers with something else than a key set',
  ],
  [
    'sends keys that are none',
    (response) => response.end('{"keys":[1,null]}'),
    'it answers with something else than a key set',
  ],
]

test.each(failures)(
  'when the other side %s, a token waits and is not refused',
  async (_, answer, why) => {
    issuer.answer(answer)
    const from = service.log.lines.length
    expect(await answerTo(first)).toBe(UNAVAILABLE)
    const line = await service.log.waitFor((each) => each['status'] === 503, from)
    expect(line['cause']).toBe(`JWKS_URL gives no keys: ${why}`)
    const reply = await service.post(ROUTE, {}, bearer(await sign(keyOf(first), claimsOf(userId))))
    expect([reply.answer, reply.headers['retry-after']]).toEqual([UNAVAILABLE, '5'])
    // It is left alone for a moment.
    expect(issuer.asked()).toBe(1)
  },
)

const silences: readonly [string, KeysAnswer][] = [
  ['hangs', () => {}],
  [
    'drips',
    (response) => {
      response.writeHead(200, { 'content-type': 'application/json' })
      const timer = setInterval(() => response.write(' '), 100)
      response.on('close', () => clearInterval(timer))
    },
  ],
]

test('when the other side hangs or drips, tokens wait five seconds for all of them at once', async () => {
  const expectWait = async ([how, answer]: [string, KeysAnswer]) => {
    const silent = await startIssuer(keyOf(first))
    const own = await startService(surroundings, { JWKS_URL: silent.url, ...jwtVariables })
    silent.answer(answer)
    const began = performance.now()
    const answers = await Promise.all([...Array(10)].map(() => answerTo(first, {}, own)))
    expect(new Set(answers), how).toEqual(new Set([UNAVAILABLE]))
    expect(performance.now() - began, how).toBeGreaterThan(4500)
    expect(performance.now() - began, how).toBeLessThan(7500)
    expect(silent.asked(), how).toBe(1)
    silent.answer()
    expect(await answerTo(first, {}, own), how).toBe(TAKEN)
    await own.stop()
    await silent.stop()
  }
  await Promise.all(silences.map(expectWait))
}, 15_000)

test('known keys go on working while the other side is gone', async () => {
  expect(await answerTo(first)).toBe(TAKEN)
  issuer.answer((response) => response.destroy())
  for (let times = 0; times < 3; times += 1) expect(await answerTo(second)).toBe(UNAVAILABLE)
  expect(issuer.asked()).toBe(2)
  expect(await answerTo(first)).toBe(TAKEN)
  await issuer.stop()
  expect(await answerTo(first)).toBe(TAKEN)
})

test('keys without an id, of another use, symmetric or private are never used', async () => {
  const { jwk, kid, privateKey } = keyOf(first)
  const others = [
    { ...jwk, kid: undefined },
    { ...jwk, use: 'enc' },
    { ...jwk, key_ops: ['sign'] },
    { ...jwk, alg: 'ES384' },
    { ...jwk, ...(await exportJWK(privateKey)) },
    { kty: 'oct', k: Buffer.alloc(32).toString('base64url'), alg: 'HS256', kid },
  ]
  for (const other of others) {
    issuer.publish({ ...keyOf(first), jwk: other as never })
    const own = await startService(surroundings, { JWKS_URL: issuer.url, ...jwtVariables })
    const token = await sign(keyOf(first), claimsOf(userId))
    expect((await own.post(ROUTE, {}, bearer(token))).answer).toBe(INVALID_JWT)
    await own.stop()
  }
})
