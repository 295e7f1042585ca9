// The link in the shape of Django's tokens: its one spelling, what becomes of it when somebody alters
// it, and that neither form of a signature counts where the other is expected.

import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatDjangoToken, isDjangoToken, parseDjangoToken } from '../../src/core/django-token.ts'
import type { Link } from '../../src/core/link.ts'
import { formatToken, parseToken } from '../../src/core/token.ts'
import { RekeyError } from '../../src/errors.ts'
import { facts, judge, keys, otherKeys, SEALED_AT, sealed, USER_ID } from './link-fixtures.ts'

const DJANGO = /^[0-9A-Za-z]{1,13}-[0-9A-Za-z]{1,32}$/
const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const link = sealed()
const token = formatDjangoToken(link)

/** What becomes of a token that somebody posts with the uid of an account. */
function outcomeOf(text: string, userId = USER_ID, judging?: Parameters<typeof judge>[1]): string {
  try {
    return judge(parseDjangoToken(text, userId), judging)
  } catch (error) {
    if (error instanceof RekeyError) return error.code
    throw error
  }
}

/** A token with the number of its seals changed. */
function withSeals(change: (seals: bigint) => bigint): string {
  const row = token.replace('-', '')
  let seals = 0n
  for (const digit of row.slice(-38)) seals = seals * 62n + BigInt(DIGITS.indexOf(digit))
  let rest = change(seals)
  let digits = ''
  while (digits.length < 38) {
    digits = DIGITS[Number(rest % 62n)] + digits
    rest /= 62n
  }
  return `${row.slice(0, -38)}${digits}`.replace(/^.{13}/, '$&-')
}

const links = fc.record({
  userId: fc.string({ unit: 'binary', minLength: 1 }),
  timestamp: fc
    .integer({ min: 0, max: 9_999_999_999 })
    .map((value) => String(value).padStart(10, '0')),
  signature: fc
    .uint8Array({ minLength: 32, maxLength: 32 })
    .map((bytes) => Buffer.from(bytes).toString('base64url')),
})

describe('the token', () => {
  test('opens with the uid of its account, and is bound to that account', () => {
    expect(outcomeOf(token)).toBe('ok')
    expect(outcomeOf(token, '42')).toBe('link_invalid')
    expect(outcomeOf(token, USER_ID, { facts: { passwordHash: 'x'.repeat(60) } })).toBe(
      'inner_mismatch',
    )
    expect(outcomeOf(token, USER_ID, { ring: [otherKeys] })).toBe('link_invalid')
    expect(outcomeOf(token, USER_ID, { ring: [otherKeys, keys] })).toBe('ok')
    expect(outcomeOf(token, USER_ID, { at: SEALED_AT + 3601 })).toBe('link_expired')
    expect(outcomeOf(token, USER_ID, { at: SEALED_AT - 61 })).toBe('link_invalid')
  })

  test('sets a first password where that is allowed', () => {
    const first = formatDjangoToken(sealed({ facts: { passwordHash: null } }))
    const judging = { facts: { ...facts, passwordHash: null } }
    expect(outcomeOf(first, USER_ID, { ...judging, rules: { opensFirstPasswords: true } })).toBe(
      'ok',
    )
    expect(outcomeOf(first, USER_ID, judging)).toBe('link_invalid')
  })

  test('begins with the timestamp as Django writes it', () => {
    expect(token.startsWith(SEALED_AT.toString(36))).toBe(true)
  })

  test("has the shape of Django's, and gives back what it was made of, for every link", () => {
    fc.assert(
      fc.property(links, (original) => {
        const text = formatDjangoToken(original)
        expect(text).toMatch(DJANGO)
        expect(isDjangoToken(text)).toBe(true)
        const { signature, ...rest } = parseDjangoToken(text, original.userId)
        expect(rest).toEqual({
          userId: original.userId,
          timestamp: original.timestamp,
          sealBytes: 14,
        })
        const bytes = Buffer.from(original.signature, 'base64url')
        const kept = Buffer.concat([bytes.subarray(0, 14), bytes.subarray(16, 30)])
        expect(signature).toBe(kept.toString('base64url'))
      }),
    )
  })

  test.each([
    ['nothing but zeros', Buffer.alloc(32), '0000000000'],
    ['nothing but ones', Buffer.alloc(32, 255), '9999999999'],
    ['the last second of six digits', Buffer.alloc(32, 1), String(36 ** 6 - 1)],
    ['the first second of seven', Buffer.alloc(32, 1), String(36 ** 6)],
  ])('holds %s', (_, bytes, timestamp) => {
    const original = { userId: 'a', timestamp, signature: bytes.toString('base64url') }
    const text = formatDjangoToken(original)
    expect(text).toMatch(DJANGO)
    expect(parseDjangoToken(text, 'a').timestamp).toBe(timestamp)
  })

  test('has one spelling: whatever can be read is written the same', () => {
    const letter = fc.constantFrom(...'0aAzZ-_ =\n\0é'.split(''))
    fc.assert(
      fc.property(links, fc.nat(46), letter, fc.boolean(), (original, place, added, replaces) => {
        const text = formatDjangoToken(original)
        const at = place % text.length
        const altered = text.slice(0, at) + added + text.slice(replaces ? at + 1 : at)
        let reading: Link | undefined
        try {
          reading = parseDjangoToken(altered, original.userId)
        } catch (error) {
          expect(error).toBeInstanceOf(RekeyError)
        }
        if (!reading) return
        const seals = Buffer.from(reading.signature, 'base64url')
        const full = [seals.subarray(0, 14), Buffer.of(1, 2), seals.subarray(14), Buffer.of(3, 4)]
        const signature = Buffer.concat(full).toString('base64url')
        expect(formatDjangoToken({ ...reading, signature })).toBe(altered)
      }),
      { numRuns: 2000 },
    )
  })
})

describe('a token is invalid with', () => {
  test('any of the 112 bits of its outer seal flipped', () => {
    for (let bit = 112n; bit < 224n; bit += 1n) {
      expect(outcomeOf(withSeals((seals) => seals ^ (1n << bit)))).toBe('link_invalid')
    }
  })

  test('any of the 112 bits of its inner seal flipped: it does not fit the account', () => {
    for (let bit = 0n; bit < 112n; bit += 1n) {
      expect(outcomeOf(withSeals((seals) => seals ^ (1n << bit)))).toBe('inner_mismatch')
    }
  })

  const [head = '', tail = ''] = token.split('-')
  test.each<[string, string]>([
    ['nothing in it', ''],
    ['its hyphen gone', head + tail],
    ['its hyphen moved', `${token.slice(0, 12)}-${token.slice(12, 13)}${tail}`],
    ['two hyphens', `${head}--${tail}`],
    ['a hyphen at its end', `${token}-`],
    ['a hyphen in its seals', `${head}-${tail.slice(0, -1)}-`],
    ['a digit less', token.slice(0, -1)],
    ['a digit more', `${token}0`],
    ['a leading zero', `0${head.slice(0, 12)}-${head.slice(12)}${tail}`],
    ['its timestamp in capitals', token.slice(0, 6).toUpperCase() + token.slice(6)],
    ['a later timestamp', (SEALED_AT + 60).toString(36) + token.slice(6)],
    ['a line break behind it', `${token}\n`],
    ['a blank before it', ` ${token}`],
    ['itself twice', token + token],
    ['224 bits that overflow', withSeals((seals) => seals + (1n << 224n))],
    ['all digits z', `${head.slice(0, 6)}${'z'.repeat(7)}-${'z'.repeat(31)}`],
    ['a timestamp of eleven digits', `${(10_000_000_000).toString(36)}${'0'.repeat(6)}-${tail}0`],
    ['full-width digits', token.replace(/[0-9]/g, (digit) => String.fromCharCode(0xff10 + +digit))],
    ['a token of Django itself', 'c5p4t0-a1b2c3d4e5f6a7b8c9d0e1f2a3b4c5d6'],
    ['a token of the other form', formatToken(link)],
    ['the bare signature', link.signature],
    ['a megabyte', token.repeat(25_000)],
  ])('%s', (_, altered) => {
    expect(outcomeOf(altered)).toBe('link_invalid')
  })

  test('10,000 guesses', () => {
    const guesses = Array.from({ length: 10_000 }, () =>
      formatDjangoToken({ ...link, signature: randomBytes(32).toString('base64url') }),
    )
    expect([...new Set(guesses.map((guess) => outcomeOf(guess)))]).toEqual(['link_invalid'])
  })

  test('its two halves exchanged, and does not fit with its outer seal twice', () => {
    const half = (1n << 112n) - 1n
    const exchanged = withSeals((seals) => ((seals & half) << 112n) | (seals >> 112n))
    const twice = withSeals((seals) => ((seals >> 112n) << 112n) | (seals >> 112n))
    expect([outcomeOf(exchanged), outcomeOf(twice)]).toEqual(['link_invalid', 'inner_mismatch'])
  })
})

describe('a short signature', () => {
  const { signature } = parseDjangoToken(token, USER_ID)

  test('counts nowhere where the full one is expected', () => {
    for (const spelling of [signature, `${signature}AAAAA`, token, token.replace('-', '')]) {
      expect(judge({ ...link, signature: spelling })).toBe('link_invalid')
    }
    expect(() => parseToken(token)).toThrow(RekeyError)
  })

  test('is not the full one cut short, nor does the full one count in its place', () => {
    const cut = Buffer.from(link.signature, 'base64url').subarray(0, 28).toString('base64url')
    expect(judge({ ...link, signature: cut, sealBytes: 14 })).toBe('inner_mismatch')
    expect(judge({ ...link, sealBytes: 14 })).toBe('link_invalid')
  })

  test('opens no more than its link: with the shorter form the seals stay those of the account', () => {
    fc.assert(
      fc.property(fc.uuid(), (userId) => {
        const mailed = formatDjangoToken(sealed({ userId }))
        expect(outcomeOf(mailed, userId)).toBe('ok')
        expect(outcomeOf(mailed, USER_ID)).toBe(userId === USER_ID ? 'ok' : 'link_invalid')
      }),
    )
  })
})
