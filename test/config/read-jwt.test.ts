// The variables of the host application's tokens: one source of keys, and algorithms that fit it.

import { describe, expect, test } from 'vitest'
import { configWith, faultsWith, faultyWith, type Variables } from './readings.ts'

const JWKS_URL = 'https://app.example/.well-known/jwks.json?policy=x'
const JWT_SECRET = 'x'.repeat(32)
const names = { JWT_ISSUER: 'https://app.example', JWT_AUDIENCE: 'rekey' }

test('without any of them there are no tokens, and no column is read for them', () => {
  const config = configWith({ USERS_CHANGED_AT_COLUMN: 'changed_at', JWT_USER_ID_CLAIM: 'uid' })
  expect([config.jwt, config.users.readsChangedAt]).toEqual([undefined, false])
})

test('JWKS_URL takes the algorithms of public keys', () => {
  const config = configWith({ JWKS_URL, ...names })
  expect(config.users.readsChangedAt).toBe(true)
  expect(config.jwt).toEqual({
    keys: { jwksUrl: JWKS_URL },
    issuer: 'https://app.example',
    audience: 'rekey',
    algorithms: ['ES256', 'RS256', 'EdDSA'],
    userIdClaim: 'sub',
    requiresIssuedAt: false,
  })
})

test('JWT_SECRET takes HS256, and a column of changes makes tokens say when they were issued', () => {
  const variables = { USERS_CHANGED_AT_COLUMN: 'changed_at', JWT_USER_ID_CLAIM: 'uid' }
  expect(configWith({ JWT_SECRET, ...names, ...variables }).jwt).toMatchObject({
    keys: { secret: JWT_SECRET },
    algorithms: ['HS256'],
    userIdClaim: 'uid',
    requiresIssuedAt: true,
  })
})

describe('algorithms', () => {
  test.each<[Variables, readonly string[]]>([
    [{ JWKS_URL, JWT_ALGORITHMS: 'PS384, ES512,Ed25519' }, ['PS384', 'ES512', 'Ed25519']],
    [{ JWT_SECRET, JWT_ALGORITHMS: 'HS512' }, ['HS512']],
  ])('of one kind are taken: %j', (variables, algorithms) => {
    expect(configWith({ ...names, ...variables }).jwt?.algorithms).toEqual(algorithms)
  })

  test.each<Variables>([
    { JWKS_URL, JWT_ALGORITHMS: 'HS256' },
    { JWKS_URL, JWT_ALGORITHMS: 'ES256,HS256' },
    { JWKS_URL, JWT_ALGORITHMS: 'none' },
    { JWKS_URL, JWT_ALGORITHMS: 'es256' },
    { JWKS_URL, JWT_ALGORITHMS: 'RSA-OAEP' },
    { JWT_SECRET, JWT_ALGORITHMS: 'RS256' },
    { JWT_SECRET, JWT_ALGORITHMS: 'HS256,ES256' },
    { JWT_SECRET, JWT_ALGORITHMS: 'none' },
    { JWT_SECRET, JWT_ALGORITHMS: 'HS256,' },
  ])('of another kind are a fault: %j', (variables) => {
    expect(faultyWith({ ...names, ...variables })).toEqual(['JWT_ALGORITHMS'])
  })
})

describe('a fault is', () => {
  test.each<[string, Variables, readonly string[]]>([
    ['both sources of keys', { JWKS_URL, JWT_SECRET, ...names }, ['JWT_SECRET']],
    ['keys alone', { JWKS_URL }, ['JWT_ISSUER', 'JWT_AUDIENCE']],
    ['a secret alone', { JWT_SECRET }, ['JWT_ISSUER', 'JWT_AUDIENCE']],
    [
      'no keys',
      { ...names, JWT_ALGORITHMS: 'ES256' },
      ['JWT_ISSUER', 'JWT_AUDIENCE', 'JWT_ALGORITHMS'],
    ],
    ['a short secret', { JWT_SECRET: 'x'.repeat(31), ...names }, ['JWT_SECRET']],
    [
      'a public key for a secret',
      { JWT_SECRET: `-----BEGIN PUBLIC KEY-----\n${'x'.repeat(64)}`, ...names },
      ['JWT_SECRET'],
    ],
    ['http', { JWKS_URL: 'http://app.example/keys', ...names }, ['JWKS_URL']],
    [
      'http on another name of localhost',
      { JWKS_URL: 'http://app.localhost/keys', ...names },
      ['JWKS_URL'],
    ],
    ['credentials', { JWKS_URL: 'https://a:b@app.example/keys', ...names }, ['JWKS_URL']],
    ['a fragment', { JWKS_URL: `${JWKS_URL}#x`, ...names }, ['JWKS_URL']],
    ['no URL', { JWKS_URL: '/keys', ...names }, ['JWKS_URL']],
  ])('%s', (_, variables, faulty) => {
    expect(faultyWith(variables).toSorted()).toEqual(faulty.toSorted())
  })

  test('told without the secret', () => {
    const JWT_SECRET = 'too short a secret'
    expect(faultsWith({ JWT_SECRET, ...names }).join()).not.toContain(JWT_SECRET)
  })
})

test.each([
  ['on localhost http will do', { JWKS_URL: 'http://localhost:8000/keys' }],
  ['a secret is counted in bytes of UTF-8', { JWT_SECRET: 'ä'.repeat(16) }],
])('%s', (_, variables) => {
  expect(faultsWith({ ...names, ...variables })).toEqual([])
})
