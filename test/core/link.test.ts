// Frozen vectors of the link format, and when a genuine link works: its age, its secret, its account.

import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatDjangoToken } from '../../src/core/django-token.ts'
import { deriveKeys, generateSecret, type KeyRing } from '../../src/core/key-ring.ts'
import {
  type AccountFacts,
  linkTimestamp,
  openLink,
  sealLink,
  sealsAccount,
} from '../../src/core/link.ts'
import { formatToken } from '../../src/core/token.ts'
import {
  djangoTokenOf,
  type Opening,
  outcomeOf,
  type Sealed,
  signatureOf,
  tokenOf,
} from './link-by-the-contract.ts'
import { facts, judge, keys, otherKeys, rules, SEALED_AT, sealed } from './link-fixtures.ts'
import vectors from './link-vectors.json' with { type: 'json' }

interface SealVector extends Sealed {
  readonly name: string
  readonly signature: string
  readonly token: string
  readonly djangoToken: string
}
interface OpeningVector extends Opening {
  readonly name: string
  readonly outcome: string
}
const seals = vectors.seals as readonly SealVector[]
const openings = vectors.openings as readonly OpeningVector[]

function factsOf({ emailAddress, passwordHash, lastLogin }: Opening['account']): AccountFacts {
  return { emailAddress, passwordHash, lastLogin }
}

describe('the frozen format', () => {
  test.each(seals)('seals $name', (vector) => {
    const { userId, timestamp, audience } = vector
    const signedBy = deriveKeys(vector.secret)
    const signature = sealLink(signedBy, { ...rules, audience }, userId, timestamp, factsOf(vector))
    const link = { userId, timestamp, signature }
    const djangoToken = formatDjangoToken(link)
    expect({ ...vector, signature, token: formatToken(link), djangoToken }).toEqual(vector)
  })

  test.each(seals)('is what the contract says for $name', (vector) => {
    const [signature, token] = [signatureOf(vector), tokenOf(vector)]
    expect({ ...vector, signature, token, djangoToken: djangoTokenOf(vector) }).toEqual(vector)
  })

  test('gives no two vectors the same signature', () => {
    expect(new Set(seals.map(({ signature }) => signature)).size).toBe(seals.length)
  })

  test.each(openings)('answers $outcome to $name', (vector) => {
    const [first, ...others] = vector.secrets.map(deriveKeys)
    const ring: KeyRing = [first ?? keys, ...others]
    const { link, audience, ttlSeconds, bucketSeconds, notBefore, nowMs, account } = vector
    const { opensFirstPasswords = false } = vector
    const judging = {
      ring,
      rules: { audience, ttlSeconds, bucketSeconds, notBefore, opensFirstPasswords },
      facts: factsOf(account),
      at: nowMs / 1000,
    }
    expect(judge(link, judging)).toBe(vector.outcome)
  })

  test.each(openings)('means $outcome by the contract for $name', (vector) => {
    expect(outcomeOf(vector)).toBe(vector.outcome)
  })
})

describe('any link', () => {
  const text = fc.string({ unit: 'binary', maxLength: 40 })
  const unusable = fc.oneof(
    fc.constantFrom(null, '', '!', '*'),
    text.map((rest) => `!${rest}`),
  )
  const account = fc.record({
    emailAddress: text,
    passwordHash: fc.oneof(text, unusable),
    lastLogin: fc.oneof(fc.constant(undefined), fc.constant(null), text),
  })

  test('opens with the values that it was sealed for', () => {
    fc.assert(
      fc.property(text, account, text, (userId, accountFacts, audience) => {
        const judgedBy = { audience, opensFirstPasswords: true }
        const link = sealed({ userId, facts: accountFacts, rules: judgedBy })
        expect(judge(link, { facts: accountFacts, rules: judgedBy })).toBe('ok')
      }),
      { numRuns: 300 },
    )
  })

  test('is the one that the contract describes', () => {
    fc.assert(
      fc.property(text, account, text, (userId, accountFacts, audience) => {
        const { lastLogin, ...rest } = accountFacts
        const { timestamp, signature } = sealed({
          userId,
          facts: accountFacts,
          rules: { audience },
        })
        const secret = 'rk1_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8'
        const login = lastLogin === undefined ? {} : { lastLogin }
        expect(signature).toBe(
          signatureOf({ secret, audience, userId, timestamp, ...rest, ...login }),
        )
      }),
      { numRuns: 300 },
    )
  })

  test('dies with any change of the account', () => {
    fc.assert(
      fc.property(account, account, (before, after) => {
        fc.pre(JSON.stringify(before) !== JSON.stringify(after))
        const rules = { opensFirstPasswords: true }
        expect(judge(sealed({ facts: before }), { facts: after, rules })).toBe('inner_mismatch')
      }),
      { numRuns: 300 },
    )
  })

  test('opens for an id of 10,000 characters', () => {
    expect(judge(sealed({ userId: 'ї'.repeat(10_000) }))).toBe('ok')
  })

  test('is never sealed for an id that is not well-formed Unicode', () => {
    expect(() => sealed({ userId: '\ud800' })).toThrow(TypeError)
  })
})

describe('a link for a first password', () => {
  const marks = [null, '', '!', '!k3Ws8HVuPbXq', '*', '*LK*', ' ', 'x', 'NULL', 'locked']
  const usable = facts.passwordHash
  const rulesFor = (opensFirstPasswords: boolean) => ({ rules: { opensFirstPasswords } })
  const linkFor = (passwordHash: string | null) => sealed({ facts: { passwordHash } })
  const judgeBeside = (passwordHash: string | null, link = linkFor(passwordHash)) =>
    judge(link, { facts: { passwordHash }, ...rulesFor(true) })

  test.each(marks)('works beside %j', (mark) => {
    expect(judgeBeside(mark)).toBe('ok')
  })

  test.each(marks)('beside %j is invalid where every password must be usable', (mark) => {
    expect(judge(linkFor(mark), { facts: { passwordHash: mark } })).toBe('link_invalid')
  })

  test.each(marks)('beside %j dies when there is anything else', (mark) => {
    for (const other of [...marks, usable, 'null', 'is '].filter((each) => each !== mark)) {
      expect(judgeBeside(other, linkFor(mark))).toBe('inner_mismatch')
    }
  })

  test('is none for a reset, nor the other way round', () => {
    const [first, reset] = [openedFor('!'), openedFor(usable)]
    expect([first.purpose, reset.purpose]).toEqual(['first-password', 'reset-password'])
    expect(judgeBeside(usable, first.link)).toBe('inner_mismatch')
    expect(judgeBeside('!', reset.link)).toBe('inner_mismatch')
  })

  test('shares neither seal with a link for a reset', () => {
    const held = [null, 'null', '', 'is ', '!k3Ws8HVuPbXq', 'is !k3Ws8HVuPbXq']
    const halves = held.map((each) => Buffer.from(linkFor(each).signature, 'base64url'))
    const outer = new Set(halves.map((bytes) => bytes.toString('hex', 0, 16)))
    const inner = new Set(halves.map((bytes) => bytes.toString('hex', 16)))
    expect([outer.size, inner.size]).toEqual([2, 6])
  })

  test('cannot be put together from halves of both', () => {
    const [first, reset] = [linkFor('!'), linkFor(usable)].map(({ signature }) =>
      Buffer.from(signature, 'base64url'),
    ) as [Buffer, Buffer]
    const join = (outer: Buffer, inner: Buffer) => ({
      ...linkFor(usable),
      signature: Buffer.concat([outer.subarray(0, 16), inner.subarray(16)]).toString('base64url'),
    })
    for (const link of [join(first, reset), join(reset, first)]) {
      expect([judgeBeside('!', link), judgeBeside(usable, link)]).toEqual([
        'inner_mismatch',
        'inner_mismatch',
      ])
    }
  })

  function openedFor(passwordHash: string | null) {
    const judgedBy = { ...rules, opensFirstPasswords: true }
    return openLink([keys], judgedBy, linkFor(passwordHash), SEALED_AT * 1000)
  }
})

describe('the timestamp', () => {
  test('has ten digits and is rounded down to its bucket', () => {
    expect(linkTimestamp(SEALED_AT * 1000 + 59_999, rules)).toBe('1769860800')
  })

  test('is that of the next bucket a millisecond later', () => {
    expect(linkTimestamp(SEALED_AT * 1000 + 60_000, rules)).toBe('1769860860')
  })

  test.each([1, 7, 30, 60])(
    'is a multiple of a bucket of %i s at every moment',
    (bucketSeconds) => {
      const moment = fc.integer({ min: 1_600_000_000_000, max: 9_999_999_999_999 })
      fc.assert(
        fc.property(moment, (now) => {
          const timestamp = linkTimestamp(now, { ...rules, bucketSeconds })
          const behind = Math.floor(now / 1000) - Number(timestamp)
          expect(timestamp).toMatch(/^\d{10}$/)
          expect(Number(timestamp) % bucketSeconds).toBe(0)
          expect(behind >= 0 && behind < bucketSeconds).toBe(true)
        }),
      )
    },
  )

  test('is the same on every replica within one bucket, and so is the link', () => {
    const early = linkTimestamp(SEALED_AT * 1000, rules)
    const late = linkTimestamp(SEALED_AT * 1000 + 59_000, rules)
    expect(sealed({ timestamp: late })).toEqual(sealed({ timestamp: early }))
  })
})

describe('the age of a genuine link', () => {
  test.each([
    ['at once', 0, 'ok'],
    ['in the last second of its lifetime', 3600, 'ok'],
    ['late in that second', 3600.999, 'ok'],
    ['a second after its lifetime', 3601, 'link_expired'],
    ['years later', 300_000_000, 'link_expired'],
    ['on a clock that is 60 s behind', -60, 'ok'],
    ['on a clock that is 60.001 s behind', -60.001, 'link_invalid'],
    ['on a clock that is 61 s behind', -61, 'link_invalid'],
  ])('%s', (_, age, outcome) => {
    expect(judge(sealed(), { at: SEALED_AT + age })).toBe(outcome)
  })

  test('is judged by the lifetime as it is configured now', () => {
    expect(judge(sealed(), { at: SEALED_AT + 301, rules: { ttlSeconds: 300 } })).toBe(
      'link_expired',
    )
  })

  test('tells until when it works', () => {
    const { expiresAt } = openLink([keys], rules, sealed(), SEALED_AT * 1000)
    expect(expiresAt).toBe(SEALED_AT + 3600)
  })

  test('counts for a link of the year 1970 as for any other', () => {
    expect(judge(sealed({ timestamp: '0000000000' }))).toBe('link_expired')
  })

  test.each([
    ['before the bucket', SEALED_AT - 1, 'ok'],
    ['at the beginning of the bucket', SEALED_AT, 'ok'],
    ['within the bucket', SEALED_AT + 59, 'ok'],
    ['at the next bucket', SEALED_AT + 60, 'link_expired'],
  ])(
    'is cut short by a LINKS_NOT_BEFORE %s only where the bucket is over',
    (_, notBefore, outcome) => {
      expect(judge(sealed(), { rules: { notBefore }, at: SEALED_AT + 90 })).toBe(outcome)
    },
  )
})

describe('the order of checks', () => {
  const expired = SEALED_AT + 3601

  test('puts the outer seal before the age', () => {
    const link = { ...sealed(), userId: '42' }
    expect(judge(link, { at: expired })).toBe('link_invalid')
  })

  test('puts the outer seal before the future', () => {
    const link = sealed({ keys: otherKeys })
    const opening = () => openLink([keys], rules, link, (SEALED_AT - 61) * 1000)
    expect(opening).toThrow('outer seal does not match')
  })

  test('puts the age before the account', () => {
    expect(judge(sealed(), { at: expired, facts: { passwordHash: 'another' } })).toBe(
      'link_expired',
    )
  })

  test('opens a link without anything of the account', () => {
    const link = sealed({
      facts: { emailAddress: 'gone@example.com', passwordHash: 'a hash that is gone' },
    })
    expect(openLink([keys], rules, link, SEALED_AT * 1000).link).toEqual(link)
  })
})

describe('the audience', () => {
  test.each([
    'https://staging.example',
    'https://app.example/',
    'https://app.example:443',
    'HTTPS://APP.EXAMPLE',
    'https://app.exampl',
    '',
  ])('of another service, such as "%s", makes a link of ours invalid', (audience) => {
    expect(judge(sealed(), { rules: { audience } })).toBe('link_invalid')
  })
})

describe('a rotation of secrets', () => {
  const before: KeyRing = [keys]
  const appended: KeyRing = [keys, otherKeys]
  const moved: KeyRing = [otherKeys, keys]
  const removed: KeyRing = [otherKeys]

  test.each([
    ['the old secret alone', 'one that appended the new', before, appended],
    ['one that appended the new', 'the old secret alone', appended, before],
    ['one that appended the new', 'one that moved it to the front', appended, moved],
    ['one that moved it to the front', 'one that appended the new', moved, appended],
    ['one that moved it to the front', 'the new secret alone', moved, removed],
    ['the new secret alone', 'one that moved it to the front', removed, moved],
  ])('loses no link mailed by a replica with %s and used on %s', (_, _used, mailer, user) => {
    expect(judge(sealed({ keys: mailer[0] }), { ring: user })).toBe('ok')
  })

  test('ends the links of a secret that was removed', () => {
    expect(judge(sealed({ keys }), { ring: removed })).toBe('link_invalid')
  })

  test('takes the secret of the outer seal for the inner one', () => {
    const outer = Buffer.from(sealed({ keys }).signature, 'base64url').subarray(0, 16)
    const inner = Buffer.from(sealed({ keys: otherKeys }).signature, 'base64url').subarray(16)
    const signature = Buffer.concat([outer, inner]).toString('base64url')
    expect(judge({ ...sealed(), signature }, { ring: appended })).toBe('inner_mismatch')
  })

  test('works with any number of secrets', () => {
    const many = Array.from({ length: 20 }, () => deriveKeys(generateSecret()))
    expect(judge(sealed({ keys }), { ring: [otherKeys, ...many, keys] })).toBe('ok')
  })
})

describe('the inner seal', () => {
  const never: AccountFacts = { ...facts, lastLogin: null }
  const loggedIn: AccountFacts = { ...facts, lastLogin: '2026-01-31 12:00:10+00' }

  test.each([
    ['a new password hash', facts, { ...facts, passwordHash: `${facts.passwordHash}x` }],
    ['an emptied password hash', facts, { ...facts, passwordHash: '' }],
    ['a new address', facts, { ...facts, emailAddress: 'ann@example.org' }],
    ['another case of the address', facts, { ...facts, emailAddress: 'ANN@example.com' }],
    ['a first login', never, loggedIn],
    ['a later login', loggedIn, { ...facts, lastLogin: '2026-01-31 12:00:11+00' }],
    ['a login that was taken back', loggedIn, never],
    ['a last login that became configured', facts, never],
    ['a last login that is configured no more', never, facts],
    ['a text that says never', never, { ...facts, lastLogin: 'never' }],
    ['an emptied last login', never, { ...facts, lastLogin: '' }],
  ])('dies with %s', (_, before, after) => {
    expect(judge(sealed({ facts: before }), { facts: after })).toBe('inner_mismatch')
  })

  test.each([
    ['is not configured', facts],
    ['is never', never],
    ['is a time', loggedIn],
  ])('lives where the last login %s and stays so', (_, same) => {
    expect(judge(sealed({ facts: same }), { facts: same })).toBe('ok')
  })

  test('does not move with what stands between the address and the last login', () => {
    const before = { emailAddress: 'ann@example.com', lastLogin: 'x' }
    const after = { emailAddress: 'ann@example.comat x', lastLogin: undefined }
    expect(judge(sealed({ facts: before }), { facts: after })).toBe('inner_mismatch')
  })

  test('differs between two accounts with the same hash and address', () => {
    const genuine = openLink([keys], rules, sealed({ userId: '1' }), SEALED_AT * 1000)
    const other = { ...genuine, link: { ...genuine.link, userId: '2' } }
    expect(sealsAccount(other, rules, facts)).toBe(false)
  })
})
