// What becomes of a genuine link when somebody alters it, and of links that were made without the keys.

import { createHash, randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { deriveKeys } from '../../src/core/key-ring.ts'
import type { Link } from '../../src/core/link.ts'
import { deriveKey, hmac, joinFields, secretBytes } from './link-by-the-contract.ts'
import { facts, judge, keys, rules, SEALED_AT, SECRET, sealed, USER_ID } from './link-fixtures.ts'

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
const link = sealed()
const bytes = Buffer.from(link.signature, 'base64url')
/** A link whose signature has both letters that differ between the two alphabets. */
const spelled = findLink(({ signature }) => signature.includes('-') && signature.includes('_'))

function findLink(matches: (candidate: Link) => boolean): Link {
  for (let id = 0; ; id += 1) {
    const candidate = sealed({ userId: String(id) })
    if (matches(candidate)) return candidate
  }
}

function outcomesOf(signatures: readonly string[], of: Link = link): string[] {
  return [...new Set(signatures.map((signature) => judge({ ...of, signature })))]
}

function flipBit(index: number): string {
  const flipped = Buffer.from(bytes)
  flipped.writeUInt8(flipped.readUInt8(index >> 3) ^ (0x80 >> (index & 7)), index >> 3)
  return flipped.toString('base64url')
}

function numbers(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => from + index)
}

test('the link that is tampered with here is genuine', () => {
  expect([judge(link), judge(spelled)]).toEqual(['ok', 'ok'])
})

describe('a signature', () => {
  test('is invalid with any of the 128 bits of its outer seal flipped', () => {
    expect(outcomesOf(numbers(0, 128).map(flipBit))).toEqual(['link_invalid'])
  })

  test('does not fit the account with any of the 128 bits of its inner seal flipped', () => {
    expect(outcomesOf(numbers(128, 256).map(flipBit))).toEqual(['inner_mismatch'])
  })

  test('is invalid with its last character replaced by one that spells the same bytes', () => {
    const at = ALPHABET.indexOf(link.signature.slice(-1))
    const siblings = [1, 2, 3].map((bits) => link.signature.slice(0, -1) + ALPHABET[at ^ bits])
    for (const sibling of siblings) expect(Buffer.from(sibling, 'base64url')).toEqual(bytes)
    expect(outcomesOf(siblings)).toEqual(['link_invalid'])
  })

  test('is invalid with any one character moved up by 0x100, which Node decodes alike', () => {
    const moved = numbers(0, 43).map((at) => {
      const code = link.signature.charCodeAt(at) + 0x100
      return link.signature.slice(0, at) + String.fromCharCode(code) + link.signature.slice(at + 1)
    })
    for (const signature of moved) expect(Buffer.from(signature, 'base64url')).toEqual(bytes)
    expect(outcomesOf(moved)).toEqual(['link_invalid'])
  })

  test('is invalid with junk at any place', () => {
    const junk = ['=', '!', '*', ' ', '\n', '\0', 'é', '.', '%', '\u200b', '\ufeff', '\ud800', '😀']
    const spoilt = numbers(0, 44).flatMap((at) =>
      junk.map((text) => link.signature.slice(0, at) + text + link.signature.slice(at)),
    )
    expect(outcomesOf(spoilt)).toEqual(['link_invalid'])
  })

  test('is invalid in the standard alphabet', () => {
    const standard = spelled.signature.replaceAll('-', '+').replaceAll('_', '/')
    expect(outcomesOf([standard, `${standard}=`], spelled)).toEqual(['link_invalid'])
  })

  test.each<[string, (signature: string) => string]>([
    ['one padding character', (signature) => `${signature}=`],
    ['two padding characters', (signature) => `${signature}==`],
    ['text behind padding', (signature) => `${signature}=AAAA`],
    ['four characters more', (signature) => `${signature}AAAA`],
    ['itself once more', (signature) => signature + signature],
    ['a character less', (signature) => signature.slice(0, -1)],
    ['its first character gone', (signature) => signature.slice(1)],
    ['blanks around it', (signature) => ` ${signature} `],
    ['a line break behind it', (signature) => `${signature}\n`],
    ['its case folded', (signature) => signature.toLowerCase()],
    ['its outer seal alone', (signature) => signature.slice(0, 22)],
    ['nothing in it', () => ''],
    ['43 letters A', () => 'A'.repeat(43)],
    ['the word null', () => 'null'],
    ['hexadecimal digits', () => bytes.toString('hex')],
    ['hexadecimal digits, cut to 43', () => bytes.toString('hex').slice(0, 43)],
    ['raw bytes', () => bytes.toString('latin1')],
    ['the algorithm before it', (signature) => `sha256=${signature}`],
    [
      'percent-encoding',
      (signature) => `%${signature.charCodeAt(0).toString(16)}${signature.slice(1)}`,
    ],
    ['a megabyte', (signature) => signature.repeat(25_000)],
  ])('is invalid with %s', (_, alter) => {
    expect(judge({ ...link, signature: alter(link.signature) })).toBe('link_invalid')
  })

  test('is invalid with its two halves exchanged', () => {
    const exchanged = Buffer.concat([bytes.subarray(16), bytes.subarray(0, 16)])
    expect(judge({ ...link, signature: exchanged.toString('base64url') })).toBe('link_invalid')
  })

  test('does not fit the account with its outer seal twice', () => {
    const twice = Buffer.concat([bytes.subarray(0, 16), bytes.subarray(0, 16)])
    expect(judge({ ...link, signature: twice.toString('base64url') })).toBe('inner_mismatch')
  })

  test('does not fit the account with the inner seal of an earlier link', () => {
    const earlier = sealed({ timestamp: String(SEALED_AT - 60) })
    const inner = Buffer.from(earlier.signature, 'base64url').subarray(16)
    const mixed = Buffer.concat([bytes.subarray(0, 16), inner]).toString('base64url')
    expect(judge({ ...link, signature: mixed })).toBe('inner_mismatch')
  })

  test('is not found by 10,000 guesses', () => {
    const guesses = Array.from({ length: 10_000 }, () => randomBytes(32).toString('base64url'))
    expect(outcomesOf(guesses)).toEqual(['link_invalid'])
  })
})

describe('a user id', () => {
  test.each([
    ['somebody else', USER_ID, '00000000-0000-4000-8000-000000000000'],
    ['nobody', USER_ID, ''],
    ['an upper-case uuid', USER_ID, USER_ID.toUpperCase()],
    ['a uuid in braces', USER_ID, `{${USER_ID}}`],
    ['a uuid without hyphens', USER_ID, USER_ID.replaceAll('-', '')],
    ['a uuid as URN', USER_ID, `urn:uuid:${USER_ID}`],
    ['a uuid behind a blank', USER_ID, ` ${USER_ID}`],
    ['a uuid behind a zero-width space', USER_ID, `\u200b${USER_ID}`],
    ['an integer with blanks', '42', ' 42 '],
    ['an integer with a sign', '42', '+42'],
    ['an integer with a leading zero', '42', '042'],
    ['an integer before a line break', '42', '42\n'],
    ['an integer behind a tab', '42', '\t42'],
    ['an integer with a fraction', '42', '42.0'],
    ['an integer with an exponent', '42', '4.2e1'],
    ['a hexadecimal integer', '42', '0x2A'],
    ['an integer with an underscore', '42', '4_2'],
    ['full-width digits', '42', '４２'],
    ['the percent-encoded id', '42', '%34%32'],
    ['the id encoded twice', '42', '%2534%2532'],
    ['the other normal form', 'é', 'e\u0301'],
    ['another case', 'Ann', 'ann'],
    ['a blank at the end', 'ann', 'ann '],
    ['a NUL at the end', 'ann', 'ann\0'],
    ['a lone high surrogate for U+FFFD', '\ufffd', '\ud800'],
    ['a lone low surrogate for U+FFFD', '\ufffd', '\udfff'],
    ['a surrogate pair torn apart', '😀', '\ude00\ud83d'],
  ])('that names %s makes the link invalid', (_, userId, altered) => {
    expect(judge({ ...sealed({ userId }), userId: altered })).toBe('link_invalid')
  })

  test('does not share its seal with any other border between id and time', () => {
    const borders = [':', '.', '|', ',', '&', '=', '\0', '\n', ' ', '']
    const pairs = borders.flatMap((border) => [
      sealed({ userId: '1', timestamp: `23${border}x` }).signature,
      sealed({ userId: `1${border}23`, timestamp: 'x' }).signature,
      sealed({ userId: `1${border}23${border}x`, timestamp: '' }).signature,
    ])
    expect(new Set(pairs).size).toBe(pairs.length)
  })

  test('takes no digit from the timestamp', () => {
    const { signature } = sealed({ userId: '1', timestamp: '1769860800' })
    expect(judge({ userId: '11', timestamp: '769860800', signature })).toBe('link_invalid')
  })

  test('gives no digit to the timestamp', () => {
    const { signature } = sealed({ userId: '11', timestamp: '769860800' })
    expect(judge({ userId: '1', timestamp: '1769860800', signature })).toBe('link_invalid')
  })
})

describe('a timestamp', () => {
  const spellings = [
    '',
    ' ',
    '0',
    '-1',
    '+1769860800',
    ' 1769860800',
    '1769860800 ',
    '1769860800\n',
    '1769860800\0',
    '1769860800.0',
    '1769860800.5',
    '1.7698608e9',
    '0x697df000',
    '01769860800',
    '176986080',
    '17698608000',
    '1_769_860_800',
    '１７６９８６０８００',
    'Infinity',
    'NaN',
    '1e400',
    'null',
    'undefined',
    '%31769860800',
    '\ud800',
  ]

  test.each(spellings)('spelled %j makes a genuine link invalid', (timestamp) => {
    expect(judge({ ...link, timestamp })).toBe('link_invalid')
  })

  test.each(spellings.filter((spelling) => spelling.isWellFormed()))(
    'spelled %j is invalid even under a seal of its own',
    (timestamp) => {
      expect(judge(sealed({ timestamp }))).toBe('link_invalid')
    },
  )

  test.each([-3600, -60, -1, 1, 60, 3600])('moved by %i s makes the link invalid', (seconds) => {
    expect(judge({ ...link, timestamp: String(SEALED_AT + seconds) })).toBe('link_invalid')
  })
})

describe('any single alteration', () => {
  const alteration = fc.record({
    value: fc.constantFrom('userId', 'timestamp', 'signature'),
    place: fc.nat(60),
    kind: fc.constantFrom('replace', 'insert', 'remove', 'repeat'),
    // Any UTF-16 unit, lone surrogates too, and more often what stands near in meaning.
    letter: fc.oneof(
      fc.integer({ min: 0, max: 0xffff }).map((code) => String.fromCharCode(code)),
      fc.constantFrom(...ALPHABET, '+', '/', '=', ' ', '\0'),
    ),
  })
  const ids = fc.oneof(
    fc.uuid(),
    fc.nat().map(String),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 30 }),
  )

  test('of any of the three values of any link leaves nothing that works', () => {
    fc.assert(
      fc.property(ids, alteration, (userId, { value, place, kind, letter }) => {
        const genuine = sealed({ userId })
        const text = genuine[value]
        const at = place % text.length
        const kept = kind === 'replace' || kind === 'remove' ? at + 1 : at
        const added = kind === 'remove' ? '' : kind === 'repeat' ? text.slice(at, at + 1) : letter
        const altered = text.slice(0, at) + added + text.slice(kept)
        fc.pre(altered !== text)
        const outcome = judge({ ...genuine, [value]: altered })
        if (value === 'signature') expect(['link_invalid', 'inner_mismatch']).toContain(outcome)
        else expect(outcome).toBe('link_invalid')
      }),
      { numRuns: 3000 },
    )
  })
})

describe('a link made without the keys', () => {
  const fields = ['rekey-link-v1', 'reset-password', 'outer', rules.audience, USER_ID]
  const outerMessage = joinFields([...fields, String(SEALED_AT)])
  const innerMessage = joinFields([
    ...fields.with(2, 'inner'),
    String(SEALED_AT),
    facts.emailAddress,
  ])
  const hash = facts.passwordHash ?? ''
  const keyFields = ['rekey-link-v1', 'reset-password', 'inner-key', hash]
  const innerUnder = (key: Buffer) => hmac(hmac(key, joinFields(keyFields)), innerMessage)
  const signed = (outer: Buffer, inner: Buffer): Link => {
    const halves = [outer.subarray(0, 16), inner.subarray(0, 16)]
    return { ...link, signature: Buffer.concat(halves).toString('base64url') }
  }
  const sealedUnder = (secret: Buffer) =>
    signed(
      hmac(deriveKey(secret, 'outer-seal'), outerMessage),
      innerUnder(deriveKey(secret, 'inner-seal')),
    )
  const secret = secretBytes(SECRET)

  test('is made here just as the service makes it', () => {
    expect(sealedUnder(secret)).toEqual(link)
  })

  test.each([
    '',
    '0',
    'secret',
    'changeme',
    'undefined',
    'null',
    '[object Object]',
    'rk1_',
    SECRET,
    'A'.repeat(32),
    '\0'.repeat(32),
  ])('is invalid under the guessed secret "%s"', (guess) => {
    expect(judge(sealedUnder(Buffer.from(guess)))).toBe('link_invalid')
  })

  test.each([
    ['the secret itself as key', hmac(secret, outerMessage)],
    ['the secret with a NUL as key', hmac(Buffer.concat([secret, Buffer.alloc(1)]), outerMessage)],
    ['the text of the secret as key', hmac(SECRET, outerMessage)],
    ['the key of the inner seal', hmac(deriveKey(secret, 'inner-seal'), outerMessage)],
    ['the key of idempotency', hmac(deriveKey(secret, 'idempotency'), outerMessage)],
    ['the key of the log', hmac(deriveKey(secret, 'log'), outerMessage)],
    [
      'a bare hash in the place of HMAC',
      createHash('sha256').update(secret).update(outerMessage).digest(),
    ],
    [
      'a message without its purpose',
      hmac(deriveKey(secret, 'outer-seal'), joinFields(fields.slice(2))),
    ],
    ['the message of the inner seal', hmac(deriveKey(secret, 'outer-seal'), innerMessage)],
  ])('is invalid with an outer seal by %s', (_, outer) => {
    expect(judge(signed(outer, innerUnder(deriveKey(secret, 'inner-seal'))))).toBe('link_invalid')
  })

  test.each([
    ['the secret alone, without the hash', hmac(deriveKey(secret, 'inner-seal'), innerMessage)],
    ['the hash alone, without the secret', hmac(hash, innerMessage)],
    ['the key of the outer seal', innerUnder(deriveKey(secret, 'outer-seal'))],
    ['the hash ""', hmac(hmac(deriveKey(secret, 'inner-seal'), ''), innerMessage)],
    ['the hash "null"', hmac(hmac(deriveKey(secret, 'inner-seal'), 'null'), innerMessage)],
    [
      'the hash "undefined"',
      hmac(hmac(deriveKey(secret, 'inner-seal'), 'undefined'), innerMessage),
    ],
  ])('does not fit the account with an inner seal by %s', (_, inner) => {
    const outer = hmac(deriveKey(secret, 'outer-seal'), outerMessage)
    expect(judge(signed(outer, inner))).toBe('inner_mismatch')
  })

  test('is invalid although another service holds a secret of the same form', () => {
    const stranger = deriveKeys('rk1_HxweHRoYGRYXFBUSExAREA8ODQwLCgkIBwYFBAMCAQA')
    expect(judge(sealed({ keys: stranger }), { ring: [keys] })).toBe('link_invalid')
  })
})
