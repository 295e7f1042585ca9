// Which tokens of the host application are taken: every other one is refused with the same bytes.

import { createPublicKey, createSign, generateKeyPairSync } from 'node:crypto'
import { exportSPKI, importJWK, SignJWT, UnsecuredJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { CHANGED, INVALID_JWT, NOT_SIGNED_IN } from '../support/answers.ts'
import { basePath } from '../support/client.ts'
import { confide } from '../support/discretion.ts'
import {
  audience,
  bearer,
  claimsOf,
  createKey,
  issuer as issuerName,
  jwtVariables,
  type SigningKey,
  sign,
  signWithSecret,
  startIssuer,
  type TokenIssuer,
} from '../support/jwt-issuer.ts'
import { seconds } from '../support/seconds.ts'
import { startService, type TestService } from '../support/service.ts'
import { createSurroundings, type Surroundings } from '../support/surroundings.ts'
import { addUser, createUsers, type StoredUser, storedHash } from '../support/users.ts'
import { exchange } from './raw-socket.ts'

const ROUTE = 'change-password'
const password = 'a brand new pass phrase'
// Letters of two bytes, so that it matters which bytes are the key.
const secret = confide('a shared secret with umlauts: äöü')

let surroundings: Surroundings
let keys: Record<'es256' | 'rs256' | 'eddsa' | 'es384', SigningKey>
let issuer: TokenIssuer
let byKeys: TestService
let bySecret: TestService

beforeAll(async () => {
  surroundings = await createSurroundings()
  await createUsers(surroundings.database.sql)
  const [es256, rs256, eddsa, es384] = await Promise.all(
    ['ES256', 'RS256', 'EdDSA', 'ES384'].map(createKey),
  )
  if (!es256 || !rs256 || !eddsa || !es384) throw new Error('no keys')
  keys = { es256, rs256, eddsa, es384 }
  issuer = await startIssuer(es256, rs256, eddsa, es384)
  byKeys = await startService(surroundings, { JWKS_URL: issuer.url, ...jwtVariables })
  bySecret = await startService(surroundings, { JWT_SECRET: secret, ...jwtVariables })
})

afterAll(async () => {
  await byKeys?.stop()
  await bySecret?.stop()
  await issuer?.stop()
  await surroundings?.end()
})

const newUser = () => addUser(surroundings.database.sql)

async function answerTo(
  user: StoredUser,
  headers: Readonly<Record<string, string>>,
  service = byKeys,
): Promise<string> {
  const body = { old_password: user.password, password }
  const reply = await service.post(ROUTE, body, headers)
  if (reply.status === 401) expect(reply.headers['www-authenticate']).toBe('Bearer')
  return reply.answer
}

/** Puts a token together by hand, whatever its parts are. */
function join(header: object, claims: object, signature = ''): string {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
  return `${encode(header)}.${encode(claims)}.${signature}`
}

describe('with JWKS_URL', () => {
  test.each(['es256', 'rs256', 'eddsa'] as const)('a token by %s is taken', async (name) => {
    const user = await newUser()
    const token = await sign(keys[name], claimsOf(user.id))
    expect(await answerTo(user, bearer(token))).toBe(CHANGED)
  })

  test('a token may be for several audiences, and may be 5 seconds ahead', async () => {
    for (const changes of [
      { aud: ['https://other.example', audience] },
      { nbf: seconds() + 4, iat: seconds() + 4 },
      { iat: undefined },
    ]) {
      const user = await newUser()
      const token = await sign(keys.es256, claimsOf(user.id, changes))
      expect(await answerTo(user, bearer(token))).toBe(CHANGED)
    }
  })

  test.each<[string, object]>([
    ['no issuer', { iss: undefined }],
    ['another issuer', { iss: 'https://evil.example' }],
    ['an issuer with a slash more', { iss: `${issuerName}/` }],
    ['a list of issuers', { iss: [issuerName] }],
    ['no audience', { aud: undefined }],
    ['another audience', { aud: 'https://other.example' }],
    ['an audience that only begins so', { aud: `${audience}.evil.example` }],
    ['an empty list of audiences', { aud: [] }],
    ['no expiry', { exp: undefined }],
    ['an expiry that is a text', { exp: '9999999999' }],
    ['expired a second ago', { exp: seconds() - 1 }],
    ['expired an hour ago', { iat: seconds() - 7200, exp: seconds() - 3600 }],
    ['not valid yet', { nbf: seconds() + 60 }],
    ['a nbf that is a text', { nbf: '0' }],
    ['issued in the future', { iat: seconds() + 60 }],
    ['no id', { sub: undefined }],
    ['an id of null', { sub: null }],
  ])('a token with %s is refused', async (_, changes) => {
    const user = await newUser()
    const token = await sign(keys.es256, claimsOf(user.id, { ...changes }))
    expect(await answerTo(user, bearer(token))).toBe(INVALID_JWT)
    expect(await storedHash(surroundings.database.sql, user.id)).toBe(user.passwordHash)
  })

  test.each<[string, (user: StoredUser) => Promise<string> | string]>([
    ['alg none', ({ id }) => new UnsecuredJWT(claimsOf(id)).encode()],
    ['alg none and a key', ({ id }) => join({ alg: 'none', kid: keys.es256.kid }, claimsOf(id))],
    ['alg nOnE', ({ id }) => join({ alg: 'nOnE', kid: keys.es256.kid }, claimsOf(id), 'AA')],
    ['an algorithm that is not configured', ({ id }) => sign(keys.es384, claimsOf(id))],
    [
      'another algorithm than its key has',
      ({ id }) => sign(keys.es256, claimsOf(id), { kid: keys.rs256.kid }),
    ],
    [
      'a public key as the secret, as PEM',
      async ({ id }) => {
        const key = createPublicKey({ key: keys.rs256.jwk as object, format: 'jwk' } as never)
        const pem = key.export({ type: 'spki', format: 'pem' })
        return signWithSecret(String(pem), claimsOf(id), { alg: 'HS256', kid: keys.rs256.kid })
      },
    ],
    [
      'a public key as the secret, as JWK',
      ({ id }) =>
        signWithSecret(JSON.stringify(keys.rs256.jwk), claimsOf(id), {
          alg: 'HS256',
          kid: keys.rs256.kid,
        }),
    ],
    [
      'a public key as the secret, as its bytes',
      ({ id }) =>
        signWithSecret(Buffer.from(String(keys.es256.jwk.x), 'base64url'), claimsOf(id), {
          alg: 'HS256',
          kid: keys.es256.kid,
        }),
    ],
    ['no key id', ({ id }) => sign(keys.es256, claimsOf(id), { kid: undefined })],
    ['a key id that is a number', ({ id }) => sign(keys.es256, claimsOf(id), { kid: 1 })],
    ['an unknown key id', ({ id }) => sign(keys.es256, claimsOf(id), { kid: 'nobody' })],
    ['a critical header', ({ id }) => signCritical(id, { crit: ['urn:x'], 'urn:x': true })],
    ['a critical b64', ({ id }) => signCritical(id, { crit: ['b64'], b64: true })],
    ['two ids of algorithms', ({ id }) => twice(id)],
    ['its last letter changed', async ({ id }) => flip(await sign(keys.es256, claimsOf(id)), -3)],
    ['its claims changed', async ({ id }) => flip(await sign(keys.es256, claimsOf(id)), 120)],
    [
      'no signature',
      async ({ id }) => (await sign(keys.es256, claimsOf(id))).replace(/[^.]+$/, ''),
    ],
    ['five parts', async ({ id }) => `${await sign(keys.es256, claimsOf(id))}.a.b`],
    ['a line of nothing', () => 'a.b.c'],
    ['a list of claims', () => join({ alg: 'ES256', kid: keys.es256.kid }, ['x'], 'AA')],
    [
      'more than 8192 characters',
      ({ id }) => sign(keys.es256, { ...claimsOf(id), filler: 'x'.repeat(6200) }),
    ],
    ['another word behind it', async ({ id }) => `${await sign(keys.es256, claimsOf(id))} x`],
    ['a comma behind it', async ({ id }) => `${await sign(keys.es256, claimsOf(id))},Basic x`],
    ['blanks only', () => ''],
  ])('a token with %s is refused', async (_, make) => {
    const user = await newUser()
    expect(await answerTo(user, bearer(await make(user)))).toBe(INVALID_JWT)
    expect(await storedHash(surroundings.database.sql, user.id)).toBe(user.passwordHash)
  })

  test.each(['jwk', 'jku', 'x5u', 'x5c'])(
    'a token that brings its own key in %s is refused',
    async (name) => {
      const [user, stranger] = [await newUser(), await createKey()]
      const theirs = await startIssuer(stranger)
      const values: Readonly<Record<string, unknown>> = {
        jwk: stranger.jwk,
        jku: theirs.url,
        x5u: theirs.url,
        x5c: [Buffer.from(await exportSPKI(await publicKeyOf(stranger))).toString('base64')],
      }
      for (const kid of [stranger.kid, keys.es256.kid]) {
        const header = { kid, [name]: values[name] }
        const token = await sign(stranger, claimsOf(user.id), header)
        expect(await answerTo(user, bearer(token))).toBe(INVALID_JWT)
      }
      expect(theirs.asked()).toBe(0)
      await theirs.stop()
    },
  )

  test('a token by a weak RSA key is refused', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 })
    const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'weak', alg: 'RS256' }
    const weak = { kid: 'weak', alg: 'RS256', privateKey: privateKey as never, jwk: jwk as never }
    issuer.publish(weak, ...Object.values(keys))
    const user = await newUser()
    // By Node itself: the library does not sign with such a key.
    const unsigned = join({ alg: 'RS256', kid: 'weak' }, claimsOf(user.id)).slice(0, -1)
    const signature = createSign('RSA-SHA256').update(unsigned).sign(privateKey, 'base64url')
    const own = await startService(surroundings, { JWKS_URL: issuer.url, ...jwtVariables })
    expect(await answerTo(user, bearer(`${unsigned}.${signature}`), own)).toBe(INVALID_JWT)
    issuer.publish(...Object.values(keys))
    await own.stop()
  })

  test.each<[string, string | undefined, string]>([
    ['none', undefined, NOT_SIGNED_IN],
    ['an empty one', '', NOT_SIGNED_IN],
    ['another scheme', 'Basic YWRhOnB3', NOT_SIGNED_IN],
    ['a scheme that only begins so', 'Bearerx abc', NOT_SIGNED_IN],
    ['the scheme alone', 'Bearer', INVALID_JWT],
  ])('an Authorization header that is %s is refused', async (_, authorization, answer) => {
    const user = await newUser()
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization }
    expect(await answerTo(user, headers)).toBe(answer)
  })

  test.each(['Bearer', 'Basic'])(
    'two Authorization headers, the second %s, are refused',
    async (scheme) => {
      const user = await newUser()
      const token = await sign(keys.es256, claimsOf(user.id))
      const body = JSON.stringify({ old_password: user.password, password })
      const lines = [
        `POST ${basePath}/${ROUTE} HTTP/1.1`,
        'Host: x',
        'Connection: close',
        'Content-Type: application/json',
        `Content-Length: ${Buffer.byteLength(body)}`,
        `Authorization: Bearer ${token}`,
        `authorization: ${scheme} ${token}`,
      ]
      const received = await exchange(byKeys.url, `${lines.join('\r\n')}\r\n\r\n${body}`)
      expect(received).toMatch(/^HTTP\/1.1 401 [\s\S]*\{"detail":"Invalid token\."\}$/)
      expect(await storedHash(surroundings.database.sql, user.id)).toBe(user.passwordHash)
    },
  )

  test('a token elsewhere than in the header is none', async () => {
    const user = await newUser()
    const token = await sign(keys.es256, claimsOf(user.id))
    const body = { old_password: user.password, password, access_token: token }
    const reply = await byKeys.ask(`${basePath}/${ROUTE}?access_token=${token}`, {
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', cookie: `token=${token}` },
    })
    expect(reply.answer).toBe(NOT_SIGNED_IN)
  })

  test('the log says why a token was refused, and nothing of it', async () => {
    const from = byKeys.log.lines.length
    const user = await newUser()
    const token = await sign(keys.es256, claimsOf(user.id, { aud: 'https://other.example' }))
    await answerTo(user, bearer(token))
    const line = await byKeys.log.waitFor((each) => each['status'] === 401, from)
    expect(line).toMatchObject({
      code: 'not_authenticated',
      cause: 'JWT refused: ERR_JWT_CLAIM_VALIDATION_FAILED aud',
    })
    expect(JSON.stringify(line)).not.toContain('other.example')
  })

  async function signCritical(id: string, header: object): Promise<string> {
    const all = { alg: 'ES256', kid: keys.es256.kid, ...header }
    const options = { crit: { 'urn:x': true } }
    return confide(
      await new SignJWT(claimsOf(id))
        .setProtectedHeader(all as never)
        .sign(keys.es256.privateKey, options),
    )
  }

  /** Two algorithms in one header, of which parsers may take either. */
  async function twice(id: string): Promise<string> {
    const header = `{"alg":"ES256","kid":"${keys.es256.kid}","alg":"none"}`
    const claims = Buffer.from(JSON.stringify(claimsOf(id))).toString('base64url')
    return `${Buffer.from(header).toString('base64url')}.${claims}.AA`
  }
})

describe('with JWT_SECRET', () => {
  test('a token by the secret is taken, whose bytes are the key', async () => {
    const user = await newUser()
    const token = await signWithSecret(Buffer.from(secret, 'utf8'), claimsOf(user.id))
    expect(await answerTo(user, bearer(token), bySecret)).toBe(CHANGED)
  })

  test.each<[string, (user: StoredUser) => Promise<string> | string]>([
    ['another secret', ({ id }) => signWithSecret(`${secret}!`, claimsOf(id))],
    ['HS512', ({ id }) => signWithSecret(secret.repeat(2), claimsOf(id), { alg: 'HS512' })],
    ['a key', ({ id }) => sign(keys.es256, claimsOf(id))],
    ['alg none', ({ id }) => new UnsecuredJWT(claimsOf(id)).encode()],
    ['another audience', ({ id }) => signWithSecret(secret, claimsOf(id, { aud: 'x' }))],
    ['no expiry', ({ id }) => signWithSecret(secret, claimsOf(id, { exp: undefined }))],
  ])('a token by %s is refused', async (_, make) => {
    const user = await newUser()
    expect(await answerTo(user, bearer(await make(user)), bySecret)).toBe(INVALID_JWT)
  })

  test('algorithm and claim are those that the configuration names', async () => {
    const own = await startService(surroundings, {
      JWT_SECRET: secret,
      JWT_ALGORITHMS: 'HS384,HS512',
      JWT_USER_ID_CLAIM: 'https://app.example/user id',
      ...jwtVariables,
    })
    const user = await newUser()
    const claims = { ...claimsOf('somebody'), 'https://app.example/user id': user.id }
    const tokens = await Promise.all(
      ['HS256', 'HS512'].map((alg) => signWithSecret(secret, claims, { alg })),
    )
    expect(await answerTo(user, bearer(tokens[0] ?? ''), own)).toBe(INVALID_JWT)
    expect(await answerTo(user, bearer(tokens[1] ?? ''), own)).toBe(CHANGED)
    await own.stop()
  })
})

/** Another letter than the one that stands there, of the same alphabet. */
function flip(token: string, at: number): string {
  const letters = [...token]
  const index = at < 0 ? letters.length + at : at
  letters[index] = letters[index] === 'A' ? 'B' : 'A'
  return confide(letters.join(''))
}

async function publicKeyOf({ jwk, alg }: SigningKey) {
  const key = await importJWK(jwk, alg, { extractable: true })
  if (key instanceof Uint8Array) throw new Error('not a public key')
  return key
}
