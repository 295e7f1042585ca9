// When keys are fetched again, by a clock that the test holds.

import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { createKeySet, type KeySet } from '../../src/jwt/key-set.ts'
import { createKey, type SigningKey, startIssuer, type TokenIssuer } from '../support/jwt-issuer.ts'

const START = 1_769_860_800_000
const MINUTE = 60_000

let key: SigningKey
let other: SigningKey
let issuer: TokenIssuer
let keySet: KeySet

beforeAll(async () => {
  key = await createKey()
  other = await createKey()
})

beforeEach(async () => {
  issuer = await startIssuer(key)
  keySet = createKeySet(issuer.url)
})

afterEach(() => issuer?.stop())

/** @returns the ids that are known at a moment, or how it failed. */
async function ids(wanted: string, moment: number): Promise<readonly string[] | string> {
  return keySet.findKeys(wanted, START + moment).then(
    (keys) => keys.ids,
    (error: Error) => error.message,
  )
}

test('keys are used for ten minutes, and then fetched again', async () => {
  expect(await ids(key.kid, 0)).toEqual([key.kid])
  issuer.publish(other)
  expect(await ids(key.kid, 10 * MINUTE - 1)).toEqual([key.kid])
  expect(issuer.asked()).toBe(1)
  expect(await ids(key.kid, 10 * MINUTE)).toEqual([other.kid])
  expect(issuer.asked()).toBe(2)
})

test('a key that is not there is looked for at once, and then every five seconds', async () => {
  await ids(key.kid, 0)
  for (const moment of [1, 2, 5000]) expect(await ids(other.kid, moment)).toEqual([key.kid])
  expect(issuer.asked()).toBe(2)
  issuer.publish(key, other)
  expect(await ids(other.kid, 5000)).toEqual([key.kid])
  expect(await ids(other.kid, 5001)).toEqual([key.kid, other.kid])
  expect(issuer.asked()).toBe(3)
})

test('whoever asks while keys are being fetched gets those', async () => {
  await ids(key.kid, 0)
  issuer.publish(other)
  const asked = [ids(other.kid, 1), ids(other.kid, 1), ids(key.kid, 1)]
  expect(await Promise.all(asked)).toEqual([[other.kid], [other.kid], [key.kid]])
  expect(issuer.asked()).toBe(2)
})

test('after a failure it is left alone for five seconds, and keys that are too old are not used', async () => {
  await ids(key.kid, 0)
  issuer.answer((response) => response.writeHead(500).end())
  const failed = 'JWKS_URL gives no keys: it answers 500'
  const left = 'JWKS_URL gives no keys: it failed a moment ago'
  expect(await ids(key.kid, 10 * MINUTE)).toBe(failed)
  expect(await ids(key.kid, 10 * MINUTE + 4999)).toBe(left)
  expect(issuer.asked()).toBe(2)
  issuer.answer()
  expect(await ids(key.kid, 10 * MINUTE + 5000)).toEqual([key.kid])
})

test('a key that could not be looked for is not said to be missing', async () => {
  await ids(key.kid, 0)
  issuer.answer((response) => response.writeHead(500).end())
  expect(await ids(other.kid, 1)).toMatch(/it answers 500$/)
  for (const moment of [2, 5000]) {
    expect(await ids(other.kid, moment)).toMatch(/it failed a moment ago$/)
    expect(await ids(key.kid, moment)).toEqual([key.kid])
  }
  expect(issuer.asked()).toBe(2)
  issuer.answer()
  issuer.publish(key, other)
  expect(await ids(other.kid, 5001)).toEqual([key.kid, other.kid])
})

test('a clock that is set back makes nobody wait for it', async () => {
  await ids(key.kid, 0)
  await ids(other.kid, 1)
  issuer.publish(other)
  expect(await ids(other.kid, -60 * MINUTE)).toEqual([other.kid])
  issuer.answer((response) => response.writeHead(500).end())
  expect(await ids(key.kid, -60 * MINUTE + 1)).toMatch(/it answers 500$/)
  issuer.answer()
  expect(await ids(key.kid, -120 * MINUTE)).toEqual([other.kid])
})
