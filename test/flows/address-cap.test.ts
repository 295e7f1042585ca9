// How many links an account is mailed: the cap binds while one of them works, and no longer.

import { describe, expect, test } from 'vitest'
import { deriveKeys } from '../../src/core/key-ring.ts'
import { type AccountFacts, type LinkRules, sealLink } from '../../src/core/link.ts'
import { type AddressCap, createAddressCap } from '../../src/flows/address-cap.ts'
import type { MailOrder } from '../../src/ports.ts'

const keys = deriveKeys('rk1_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8')
const rules: LinkRules = {
  audience: 'https://app.example',
  ttlSeconds: 3600,
  bucketSeconds: 60,
  notBefore: 0,
  opensFirstPasswords: false,
}
const START = 1_769_860_800
const ann: AccountFacts = {
  emailAddress: 'ann@example.com',
  passwordHash: '$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$aGFzaA',
  lastLogin: null,
}

function createCap(limit = 3, seconds = 3600): AddressCap {
  return createAddressCap(keys, { limit, seconds }, rules)
}

function order(at: number, accountId = 'ann'): MailOrder {
  return { kind: 'reset-link', accountId, timestamp: String(at) }
}

/** Asks for a mail for an account as it is at that moment, `seconds` after the start. */
function admits(cap: AddressCap, seconds: number, facts = ann, accountId = 'ann'): boolean {
  const at = START + seconds
  const seal = (timestamp: string) => sealLink(keys, rules, accountId, timestamp, facts)
  return cap.admit(order(at, accountId), facts.emailAddress, seal, ['Ann'], at * 1000)
}

function ask(cap: AddressCap, moments: readonly number[], facts = ann): boolean[] {
  return moments.map((seconds) => admits(cap, seconds, facts))
}

describe('an account', () => {
  test('is mailed as many links as the limit says', () => {
    expect(ask(createCap(), [0, 60, 120, 180])).toEqual([true, true, true, false])
  })

  test('is mailed one where the limit is one', () => {
    expect(ask(createCap(1), [0, 1])).toEqual([true, false])
  })

  test('is mailed none for requests that were refused before', () => {
    const cap = createCap()
    ask(cap, [0, 60, 120])
    expect(
      ask(
        cap,
        Array.from({ length: 100 }, (_, index) => 180 + index),
      ),
    ).not.toContain(true)
  })

  test('has a count of its own', () => {
    const cap = createCap()
    ask(cap, [0, 60, 120])
    expect(admits(cap, 180, { ...ann, emailAddress: 'bob@example.com' }, 'bob')).toBe(true)
  })

  test('is counted once within one bucket, in which every mail is the same', () => {
    expect(ask(createCap(), [0, 0, 0, 0, 60, 120, 180])).toEqual([
      ...[true, true, true, true],
      ...[true, true, false],
    ])
  })

  test('is not counted for a link that never arrived', () => {
    const cap = createCap()
    const lost = order(START)
    cap.admit(
      lost,
      ann.emailAddress,
      (at) => sealLink(keys, rules, 'ann', at, ann),
      ['Ann'],
      START * 1000,
    )
    expect(ask(cap, [60, 120, 180])).toEqual([true, true, false])
    cap.forget(lost)
    expect(ask(cap, [180, 240])).toEqual([true, false])
  })

  test('is counted for each mail within one bucket that shows another name', () => {
    const cap = createCap(2)
    const seal = (at: string) => sealLink(keys, rules, 'ann', at, ann)
    const asked = ['Ann', 'Anna', 'Annie', 'Ann'].map((name) =>
      cap.admit(order(START), ann.emailAddress, seal, [name], START * 1000),
    )
    expect(asked).toEqual([true, true, false, true])
  })

  test('is counted over the last period only', () => {
    const cap = createCap(3, 600)
    expect(ask(cap, [0, 300, 480, 599, 600])).toEqual([true, true, true, false, true])
  })

  test('is refused again when the limit is reached within the moved period', () => {
    const cap = createCap(3, 600)
    expect(ask(cap, [0, 300, 599, 600, 601])).toEqual([true, true, true, true, false])
  })
})

describe('the cap', () => {
  test('binds in the last second in which the last link works', () => {
    const cap = createCap(3, 86_400)
    ask(cap, [0, 60, 120])
    expect(ask(cap, [120 + 3600])).toEqual([false])
  })

  test('binds to the end of that second', () => {
    const cap = createCap(3, 86_400)
    ask(cap, [0, 60, 120])
    expect(admits(cap, 120 + 3600.999)).toBe(false)
  })

  test('forgets what a clock that was wrong for a moment has counted', () => {
    const cap = createCap(3, 600)
    ask(cap, [86_400, 86_460, 86_520])
    expect(ask(cap, [0])).toEqual([true])
  })

  test('no longer binds once every mailed link is too old', () => {
    const cap = createCap(3, 86_400)
    ask(cap, [0, 60, 120])
    expect(ask(cap, [120 + 3601])).toEqual([true])
  })

  test('binds anew by the one link that was mailed then', () => {
    const cap = createCap(3, 86_400)
    ask(cap, [0, 60, 120, 120 + 3601])
    expect(ask(cap, [120 + 3602, 120 + 3601 + 3600, 120 + 3601 + 3601])).toEqual([
      false,
      false,
      true,
    ])
  })

  test.each<[string, Partial<AccountFacts>]>([
    ['the password', { passwordHash: '$argon2id$v=19$m=19456,t=2,p=1$c2FsdA$b3RoZXI' }],
    ['the address', { emailAddress: 'ann@example.org' }],
    ['the last login', { lastLogin: '2026-01-31 12:03:00+00' }],
  ])('no longer binds once a change of %s has killed every link', (_, change) => {
    const cap = createCap()
    ask(cap, [0, 60, 120])
    expect(ask(cap, [121], { ...ann, ...change })).toEqual([true])
  })

  test('binds the changed account by its own link', () => {
    const cap = createCap()
    const changed = { ...ann, passwordHash: 'changed' }
    ask(cap, [0, 60, 120])
    expect(ask(cap, [121, 122], changed)).toEqual([true, false])
  })

  test('counts every mail of the period, and binds by the one link that works', () => {
    const cap = createCap()
    const changed = { ...ann, passwordHash: 'changed' }
    ask(cap, [0, 60])
    expect(ask(cap, [120, 121], changed)).toEqual([true, false])
  })

  test('binds again when an account goes back to what it was', () => {
    const cap = createCap()
    ask(cap, [0, 60, 120])
    ask(cap, [121], { ...ann, lastLogin: '2026-01-31 12:03:00+00' })
    expect(ask(cap, [122])).toEqual([false])
  })

  test('cannot lock anybody out: a day of requests each second leaves a link for every lifetime', () => {
    const cap = createCap(3, 3600)
    const moments: number[] = []
    for (let seconds = 0; seconds < 86_400; seconds += 10) {
      if (admits(cap, seconds)) moments.push(seconds)
    }
    const gaps = moments.slice(1).map((seconds, index) => seconds - (moments[index] ?? 0))
    expect(Math.max(...gaps)).toBeLessThanOrEqual(3610)
    expect(moments.length).toBeLessThanOrEqual(24 * 3)
  })
})

describe('several accounts with one address', () => {
  const spelled = (emailAddress: string) => ({ ...ann, emailAddress })

  test.each(['ann@example.com', 'Ann@Example.COM'])('share a count, the other as %s', (address) => {
    const cap = createCap()
    const asked = [0, 60].flatMap((seconds) => [
      admits(cap, seconds, ann, 'ann'),
      admits(cap, seconds, spelled(address), 'other'),
    ])
    expect(asked).toEqual([true, true, true, false])
  })

  test('are each mailed a link of their own, whatever the others had', () => {
    const cap = createCap(1)
    const ids = ['1', '2', '3', '4', '5']
    const mailedAt = (seconds: number) => ids.map((id) => admits(cap, seconds, ann, id))
    expect(mailedAt(0)).toEqual([true, true, true, true, true])
    expect(mailedAt(60)).toEqual([false, false, false, false, false])
    expect(mailedAt(3661)).toEqual([true, true, true, true, true])
  })

  test('are each mailed one while it works, however many they are and however often they ask', () => {
    const cap = createCap(3)
    const mailed = Array.from({ length: 1800 }, (_, times) =>
      admits(cap, times, ann, `account ${times % 50}`),
    )
    expect(mailed.filter(Boolean)).toHaveLength(50)
  })

  test('never shut each other out, whatever one of them does to its own links', () => {
    const cap = createCap(3)
    for (let minute = 0; minute < 600; minute += 1) {
      const signedIn = { ...ann, lastLogin: `2026-01-31 12:${minute}` }
      admits(cap, minute * 60, signedIn, 'other')
    }
    expect(admits(cap, 36_000)).toBe(true)
  })

  test('do not share one with look-alikes of the address', () => {
    const cap = createCap(1)
    admits(cap, 0)
    expect(admits(cap, 0, spelled('ann@example.com\u212a'), 'other')).toBe(true)
  })
})

describe('an order that was admitted once', () => {
  const seal = (timestamp: string) => sealLink(keys, rules, 'ann', timestamp, ann)

  test('is admitted again, as a retry of the same mail', () => {
    const cap = createCap(1)
    const first = order(START)
    const retries = [0, 1, 60].map((seconds) =>
      cap.admit(first, ann.emailAddress, seal, ['Ann'], (START + seconds) * 1000),
    )
    expect(retries).toEqual([true, true, true])
  })

  test('counts once', () => {
    const cap = createCap(2)
    const first = order(START)
    for (let retry = 0; retry < 5; retry += 1)
      cap.admit(first, ann.emailAddress, seal, ['Ann'], START * 1000)
    expect(ask(cap, [60, 120])).toEqual([true, false])
  })

  test('is counted anew once the account has changed, because it is another mail then', () => {
    const cap = createCap(1)
    const first = order(START)
    const changed = { ...ann, passwordHash: 'changed' }
    const sealChanged = (at: string) => sealLink(keys, rules, 'ann', at, changed)
    cap.admit(first, ann.emailAddress, seal, ['Ann'], START * 1000)
    expect(cap.admit(first, ann.emailAddress, sealChanged, ['Ann'], START * 1000)).toBe(true)
    expect(ask(cap, [60], changed)).toEqual([false])
  })
})

describe('many accounts', () => {
  const seal = (timestamp: string) => `alive at ${timestamp}`
  const admit = (cap: AddressCap, accountId: string, seconds = 0) =>
    cap.admit(
      order(START + seconds, accountId),
      `${accountId}@example.com`,
      seal,
      [],
      (START + seconds) * 1000,
    )

  test('are remembered up to 100,000, the one mailed longest ago forgotten first', () => {
    const cap = createCap(1)
    for (const accountId of ['first', 'second']) admit(cap, accountId)
    for (let index = 0; index < 99_999; index += 1) admit(cap, `other ${index}`)
    expect([admit(cap, 'second', 1), admit(cap, 'first', 1)]).toEqual([false, true])
  })
  test('are forgotten by their last mail, not by their first', () => {
    const cap = createCap(2)
    for (const [seconds, accountId] of ['first', 'second', 'second', 'first'].entries()) {
      admit(cap, accountId, seconds)
    }
    for (let index = 0; index < 99_999; index += 1) admit(cap, `other ${index}`, 4)
    expect([admit(cap, 'first', 5), admit(cap, 'second', 5)]).toEqual([false, true])
  })
})
