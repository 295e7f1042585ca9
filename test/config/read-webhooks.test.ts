// Where webhooks go, and what signs them.

import { describe, expect, test } from 'vitest'
import { configWith, faultsWith, faultyWith } from './readings.ts'

const secretOf = (bytes: number) => `whsec_${Buffer.alloc(bytes, 0xfb).toString('base64')}`
const SECRET = secretOf(32)
const URL = 'https://app.example/hooks'

test('without the two there are none', () => {
  expect(configWith().webhooks).toBeUndefined()
})

test('every secret signs, in the order they have', () => {
  const secrets = [SECRET, secretOf(24), secretOf(64)]
  const variables = { WEBHOOK_URL: URL, WEBHOOK_SECRETS: secrets.join(' , ') }
  expect(configWith(variables).webhooks).toEqual({ url: URL, secrets })
})

test.each([{ WEBHOOK_URL: URL }, { WEBHOOK_SECRETS: SECRET }])('one without the other', (one) => {
  expect(faultsWith(one)).toEqual(['WEBHOOK_SECRETS: goes with WEBHOOK_URL: set both or neither'])
})

describe.each([
  'https://app.example/hooks?from=rekey',
  'http://localhost:3001/hooks',
  'http://127.0.0.1:3001/hooks',
  'http://[::1]:3001/',
])('%s', (url) => {
  test('is a receiver', () => {
    expect(configWith({ WEBHOOK_URL: url, WEBHOOK_SECRETS: SECRET }).webhooks?.url).toBe(url)
  })
})

describe.each([
  'http://app.example/hooks',
  'http://10.0.0.1/hooks',
  'ftp://localhost/hooks',
  'https://user:password@app.example/hooks',
  'https://app.example/hooks#here',
  '/hooks',
])('%s', (url) => {
  test('is none', () => {
    expect(faultyWith({ WEBHOOK_URL: url, WEBHOOK_SECRETS: SECRET })).toEqual(['WEBHOOK_URL'])
  })
})

describe.each([
  SECRET.slice('whsec_'.length),
  'whsec_',
  secretOf(23),
  secretOf(65),
  SECRET.replace('=', ''),
  SECRET.replaceAll('+', '-'),
  `${SECRET},whsec_abc`,
  'whsk_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=',
])('%s', (secrets) => {
  test('is no secret, and is not repeated', () => {
    expect(faultsWith({ WEBHOOK_URL: URL, WEBHOOK_SECRETS: secrets })).toEqual([
      'WEBHOOK_SECRETS: must be whsec_ and the base64 of 24 to 64 random bytes each',
    ])
  })
})
