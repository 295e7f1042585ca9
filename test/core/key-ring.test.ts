// The form of a secret, and the keys that it gives.

import { describe, expect, test } from 'vitest'
import {
  deriveKeys,
  generateSecret,
  identifySecret,
  type SecretKeys,
} from '../../src/core/key-ring.ts'
import { deriveKey, secretBytes } from './link-by-the-contract.ts'
import { SECRET } from './link-fixtures.ts'

function exported(keys: SecretKeys): Record<string, string> {
  return Object.fromEntries(
    Object.entries(keys).map(([use, key]) => [use, key.export().toString('hex')]),
  )
}

describe('a new secret', () => {
  test('is rk1_ and 43 characters of base64url', () => {
    expect(generateSecret()).toMatch(/^rk1_[A-Za-z0-9_-]{43}$/)
  })

  test('is never the same twice', () => {
    const secrets = Array.from({ length: 1000 }, generateSecret)
    expect(new Set(secrets).size).toBe(1000)
  })

  test('can be taken as it is printed', () => {
    expect(() => deriveKeys(generateSecret())).not.toThrow()
  })
})

describe('the keys of a secret', () => {
  test('differ for every use', () => {
    const keys = Object.values(exported(deriveKeys(SECRET)))
    expect(new Set(keys).size).toBe(5)
  })

  test('are 32 bytes each', () => {
    const sizes = Object.values(deriveKeys(SECRET)).map((key) => key.symmetricKeySize)
    expect(sizes).toEqual([32, 32, 32, 32, 32])
  })

  test('are the same on every replica', () => {
    expect(exported(deriveKeys(SECRET))).toEqual(exported(deriveKeys(SECRET)))
  })

  test('are others for another secret', () => {
    const ours = Object.values(exported(deriveKeys(SECRET)))
    const theirs = Object.values(exported(deriveKeys(generateSecret())))
    expect(new Set([...ours, ...theirs]).size).toBe(10)
  })

  test('are HKDF-SHA-256 of its bytes, one label per use', () => {
    const derived = (use: string) => deriveKey(secretBytes(SECRET), use).toString('hex')
    expect(exported(deriveKeys(SECRET))).toEqual({
      outerSeal: derived('outer-seal'),
      innerSeal: derived('inner-seal'),
      idempotency: derived('idempotency'),
      log: derived('log'),
      addressCap: derived('address-cap'),
    })
  })

  test('are frozen with the format', () => {
    expect(exported(deriveKeys(SECRET))).toMatchInlineSnapshot(`
      {
        "addressCap": "3f18dff2fb7a02630534e9fbf50921d890025f4e862f2a9b61b45f086de621f2",
        "idempotency": "d4c6a8fa857a298afc24aef8af9c523760c2f155f9b1cf6ec45c78fb9cc2f7bf",
        "innerSeal": "8286242e0ae9c1fe78a8957c0aaab6d0053052c2d276e22ec1b5bc9c4b23e378",
        "log": "8d1d4496bf266c4f6b4ac6523775493a8b422496b9e334e8a462065f0ff48d55",
        "outerSeal": "7a0c0693bb9a5046afd49a3af8bcf0eb0efd1ed6c98090618df5fd3275c68b4a",
      }
    `)
  })

  test('show nothing of themselves when they are printed', () => {
    const keys = deriveKeys(SECRET)
    const { outerSeal } = exported(keys)
    expect(JSON.stringify(keys)).not.toContain(outerSeal)
  })
})

test('a secret has a short name of its own, which is frozen too', () => {
  expect(identifySecret(deriveKeys(SECRET))).toMatchInlineSnapshot(`"362e4080"`)
  expect(identifySecret(deriveKeys(generateSecret()))).not.toBe(identifySecret(deriveKeys(SECRET)))
})

describe('a secret is refused', () => {
  const body = SECRET.slice(4)
  test.each([
    ['nothing', ''],
    ['a word', 'changeme'],
    ['another word', 'secret'],
    ['the prefix alone', 'rk1_'],
    ['64 times the same letter', 'a'.repeat(64)],
    ['43 characters without prefix', body],
    ['another version', `rk2_${body}`],
    ['an upper-case prefix', `RK1_${body}`],
    ['the prefix twice', `rk1_rk1_${body}`],
    ['31 bytes', `rk1_${Buffer.alloc(31, 7).toString('base64url')}`],
    ['33 bytes', `rk1_${Buffer.alloc(33, 7).toString('base64url')}`],
    ['a character less', SECRET.slice(0, -1)],
    ['a character more', `${SECRET}A`],
    ['padding', `${SECRET}=`],
    ['a line break at the end', `${SECRET}\n`],
    ['a blank before it', ` ${SECRET}`],
    ['a blank within it', `rk1_${body.slice(0, 20)} ${body.slice(20)}`],
    ['another spelling of the same bytes', `${SECRET.slice(0, -1)}9`],
    ['the standard alphabet', `rk1_${Buffer.alloc(32, 0xff).toString('base64').slice(0, 43)}`],
    ['hexadecimal digits', `rk1_${Buffer.alloc(32, 7).toString('hex')}`],
    ['two of them', `${SECRET},${SECRET}`],
  ])('when it is %s', (_, secret) => {
    expect(() => deriveKeys(secret)).toThrow(TypeError)
  })

  test('without repeating it', () => {
    expect(() => deriveKeys(`${SECRET}=`)).toThrow(
      /^a secret is rk1_ and 43 characters of base64url, as `rekey keygen` prints$/,
    )
  })
})
