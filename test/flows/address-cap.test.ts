// How many links an account is mailed: the cap binds while one of them works, and no longer.

import fc from 'fast-check'
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

  test('does not bind by links that do not work yet, by a clock that was ahead', () => {
    const cap = createCap()
    ask(cap, [1800, 1860, 1920])
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

describe('ten mails in a day', () => {
  const HOUR = 3600
  /** Asks as somebody does who signs in after each mail, which kills its link. */
  const admitsSignedIn = (cap: AddressCap, seconds: number, accountId = 'ann') =>
    admits(cap, seconds, { ...ann, lastLogin: `at ${seconds}` }, accountId)

  test('are all that an address gets at will, and one an hour from then on', () => {
    const cap = createCap()
    const asked = Array.from({ length: 20 }, (_, minute) => admitsSignedIn(cap, minute * 60))
    expect(asked.filter(Boolean)).toHaveLength(10)
    expect(asked.indexOf(false)).toBe(10)
    const last = 9 * 60
    expect(admitsSignedIn(cap, last + HOUR - 1)).toBe(false)
    expect(admitsSignedIn(cap, last + HOUR)).toBe(true)
    expect(admitsSignedIn(cap, last + 2 * HOUR - 1)).toBe(false)
    expect(admitsSignedIn(cap, last + 2 * HOUR)).toBe(true)
  })

  test('bind at any RATE_LIMIT_PER_ACCOUNT', () => {
    for (const cap of [createCap(100, 60), createCap(100, 30 * 86_400)]) {
      const asked = Array.from({ length: 20 }, (_, minute) => admitsSignedIn(cap, minute * 60))
      expect(asked.filter(Boolean)).toHaveLength(10)
    }
  })

  test('are counted over the last 24 hours', () => {
    const cap = createCap()
    for (let count = 0; count < 10; count += 1) admitsSignedIn(cap, count * 60)
    // From here on, every hour, and the first ten are a day old.
    for (let hour = 1; hour <= 15; hour += 1) admitsSignedIn(cap, 540 + hour * HOUR)
    const nextDay = 24 * HOUR + 540
    const asked = [0, 60].map((seconds) => admitsSignedIn(cap, nextDay + seconds))
    expect(asked).toEqual([true, false])
    const idle = createCap()
    for (let count = 0; count < 10; count += 1) admitsSignedIn(idle, count * 60)
    expect([0, 1].map((seconds) => admitsSignedIn(idle, nextDay + seconds))).toEqual([true, true])
  })

  test('are counted in every spelling of the address', () => {
    const cap = createCap()
    const spellings = ['ann@überall-ist.de', 'Ann@XN--BERALL-IST-8DB.de', 'ann@ÜBERALL-ist.de']
    const asked = Array.from({ length: 20 }, (_, minute) =>
      admits(cap, minute * 60, {
        ...ann,
        emailAddress: spellings[minute % 3] ?? '',
        lastLogin: `at ${minute}`,
      }),
    )
    expect(asked.filter(Boolean)).toHaveLength(10)
  })

  test('do not count a mail that reached nobody', () => {
    const cap = createCap(100)
    for (let minute = 0; minute < 20; minute += 1) {
      const lost = order(START + minute * 60)
      const seal = (at: string) => `${minute} ${at}`
      expect(cap.admit(lost, ann.emailAddress, seal, [], (START + minute * 60) * 1000)).toBe(true)
      cap.forget(lost)
    }
  })

  test('keep no account with the address from its own link', () => {
    const cap = createCap()
    for (let minute = 0; minute < 20; minute += 1) admitsSignedIn(cap, minute * 60, 'other')
    expect(admitsSignedIn(cap, 20 * 60, 'ann')).toBe(true)
    expect(admitsSignedIn(cap, 21 * 60, 'ann')).toBe(false)
  })

  test('of a clock that was ahead for a moment end with the hour', () => {
    const cap = createCap(3, 600)
    for (let count = 0; count < 12; count += 1) admitsSignedIn(cap, 40_000 + count)
    expect(admitsSignedIn(cap, 0)).toBe(true)
    expect(admitsSignedIn(cap, HOUR)).toBe(true)
  })
})

describe('whatever is asked for, and however links die', () => {
  const step = fc.record({
    afterSeconds: fc.integer({ min: 1, max: 1200 }),
    account: fc.constantFrom('ann', 'other', 'third'),
    signsIn: fc.boolean(),
    isLost: fc.boolean(),
  })
  type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never
  const play = (steps: readonly Step[]) => {
    const cap = createCap(2, 900)
    const facts = new Map<string, AccountFacts>()
    const mails: { at: number; account: string; seal: string }[] = []
    let now = START
    for (const { afterSeconds, account, signsIn, isLost } of steps) {
      now += afterSeconds
      const own = signsIn ? { ...ann, lastLogin: `at ${now}` } : (facts.get(account) ?? ann)
      facts.set(account, own)
      const seal = (at: string) => sealLink(keys, rules, account, at, own)
      const asked = order(now, account)
      const isAdmitted = cap.admit(asked, own.emailAddress, seal, [], now * 1000)
      const last = mails.findLast((mail) => mail.account === account)
      const hasLink = last?.seal === seal(String(last?.at)) && now - last.at <= rules.ttlSeconds
      const hadOne = last !== undefined && now - last.at < 3600
      // Nobody is locked out: who is refused holds a link that works, or was mailed within the hour.
      if (!isAdmitted) expect(hasLink || hadOne).toBe(true)
      if (isAdmitted && isLost) cap.forget(asked)
      else if (isAdmitted) mails.push({ at: now, account, seal: seal(String(now)) })
    }
    return mails
  }

  test('an account that is refused holds a link that works, or was mailed within the hour', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => void play(steps)),
      {
        numRuns: 200,
      },
    )
  })

  test('an account is mailed ten times a day, and then once an hour', () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 40, maxLength: 120 }), (steps) => {
        const mails = play(steps.map((each) => ({ ...each, account: 'ann' })))
        for (const [index, { at }] of mails.entries()) {
          const before = mails.slice(0, index)
          const isTenth = before.filter((mail) => at - mail.at < 86_400).length >= 10
          if (isTenth) expect(at - (before.at(-1)?.at ?? 0)).toBeGreaterThanOrEqual(3600)
        }
      }),
      { numRuns: 100 },
    )
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
