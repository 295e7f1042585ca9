// The line of mails to be sent: how many at once, what is tried again, what is given up.

import { EventEmitter, once } from 'node:events'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { RekeyError } from '../../src/errors.ts'
import { createDailyBudget, type DailyBudget } from '../../src/mail/daily-budget.ts'
import { createMailLine } from '../../src/mail/mail-line.ts'
import type { ChainOutcome } from '../../src/mail/transports/chain.ts'
import type { MailOrder, OutgoingMail, RekeyEvent } from '../../src/ports.ts'

const START = 1_700_000_000
/** Asked for by a client of its own, where no other one is named. */
const orderOf = (accountId: string, timestamp = START, client = `${accountId}'s`): MailOrder => ({
  kind: 'reset-link',
  accountId,
  timestamp: String(timestamp),
  client,
})
const noticeOf = (accountId: string, timestamp = START): MailOrder => ({
  kind: 'password-changed',
  accountId,
  timestamp: String(timestamp),
  emailAddress: `${accountId}@b.c`,
})
const mailOf = ({ accountId }: MailOrder): OutgoingMail => ({
  from: 'a@b.c',
  to: `${accountId}@b.c`,
  subject: 's',
  text: 't',
  html: 'h',
  headers: {},
  accountId,
  message: { kind: 'no-password', name: undefined },
  idempotencyKey: accountId,
})
const sent: ChainOutcome = { status: 'sent' }
const failed: ChainOutcome = { status: 'unsent', reason: '500 internal' }
const unheard: ChainOutcome = { status: 'unknown', reason: 'no answer' }
const refused: ChainOutcome = { status: 'refused', reason: '422 validation' }

interface Arranged {
  readonly capacity?: number
  readonly atOnce?: number
  /** How many milliseconds the line has for an order, by a clock that begins with it. */
  readonly lifeMs?: number
  readonly restMs?: () => number
  readonly ratePerSecond?: number
  readonly mailsPerDay?: number
  readonly compose?: (orders: readonly MailOrder[]) => Promise<(OutgoingMail | undefined)[]>
  /** What becomes of the attempts for an account, in turn; afterwards they succeed. */
  readonly outcomes?: Readonly<Record<string, ChainOutcome[]>>
  /** Attempts wait for it. */
  readonly until?: Promise<unknown>
}

/** Tells of each mail that is set aside, and of each that no longer is. */
function counting(budget: DailyBudget, onChange: (change: 1 | -1) => void): DailyBudget {
  return {
    ...budget,
    reserve(isFirst, now) {
      const reservation = budget.reserve(isFirst, now)
      if (!reservation) return undefined
      onChange(1)
      return {
        spend(at) {
          onChange(-1)
          reservation.spend(at)
        },
        release() {
          onChange(-1)
          reservation.release()
        },
      }
    },
  }
}

function arrange({
  capacity = 100,
  atOnce = 2,
  lifeMs = 3_600_000,
  restMs = () => 0,
  ratePerSecond,
  mailsPerDay,
  compose = async (orders) => orders.map(mailOf),
  outcomes = {},
  until = Promise.resolve(),
}: Arranged) {
  const attempts: string[] = []
  const times: number[] = []
  const records: RekeyEvent[] = []
  const unreadable: { reason: string; waiting: number }[] = []
  const unsent: string[] = []
  const signals = new EventEmitter()
  let reserved = 0
  let most = 0
  let underWay = 0
  let startedAt = performance.now()
  const clock = () => START * 1000 + performance.now() - startedAt
  const budget =
    mailsPerDay === undefined
      ? undefined
      : counting(
          createDailyBudget({ mailsPerDay, onUsed: () => {}, startedAt: clock() }),
          (change) => {
            reserved += change
          },
        )
  const line = createMailLine({
    capacity,
    atOnce,
    firstPauseMs: 1,
    linkLifeSeconds: lifeMs / 1000,
    clock,
    ratePerSecond,
    budget,
    compose,
    chain: {
      restMs,
      async send({ idempotencyKey }) {
        attempts.push(idempotencyKey)
        times.push(performance.now())
        underWay += 1
        most = Math.max(most, underWay)
        signals.emit('attempt')
        await until
        underWay -= 1
        return outcomes[idempotencyKey]?.shift() ?? sent
      },
    },
    events: { record: (event) => records.push(event) },
    onUnreadable: (reason, waiting) => unreadable.push({ reason, waiting }),
    onUnsent: (order) => unsent.push(order.accountId),
  })
  return {
    line,
    attempts,
    times,
    records,
    unreadable,
    unsent,
    most: () => most,
    reserved: () => reserved,
    passHours: (hours: number) => {
      startedAt -= hours * 3_600_000
    },
    /** Waits until the next attempt was made, and has settled where it can. */
    async attempt() {
      await once(signals, 'attempt')
      await new Promise(setImmediate)
    },
  }
}

const mailed = (accountId: string): RekeyEvent => ({
  type: 'password_reset.mailed',
  accountId,
  kind: 'reset-link',
})
const unconfirmed = (accountId: string): RekeyEvent => ({
  type: 'password_reset.mail_unconfirmed',
  accountId,
  kind: 'reset-link',
  reason: 'no answer',
})
const lost = (accountId: string, reason: string): RekeyEvent => ({
  type: 'password_reset.mail_failed',
  accountId,
  kind: 'reset-link',
  reason,
})

test('the orders of one client are sent in their order, a few at a time', async () => {
  const { line, attempts, records, most } = arrange({ atOnce: 3 })
  const names = [...Array(20).keys()].map(String)
  for (const name of names) line.add(orderOf(name, START, 'one client'))
  await line.drained()
  expect(attempts).toEqual(names)
  expect(most()).toBeLessThanOrEqual(3)
  expect(records).toEqual(names.map(mailed))
})

test('of the mails of one kind that an account waits for the newest is enough', async () => {
  const composed: MailOrder[] = []
  const { line } = arrange({
    atOnce: 4,
    compose: async (orders) => {
      composed.push(...orders)
      return orders.map(mailOf)
    },
  })
  const orders = [START, START + 60, START].map((timestamp) => orderOf('a', timestamp))
  for (const order of orders) line.add(order)
  const changes = [noticeOf('a'), noticeOf('a'), noticeOf('a', START + 60)]
  for (const change of changes) line.add(change)
  expect(line.waiting()).toBe(2)
  await line.drained()
  expect(composed).toEqual([changes[2], orders[1]])
})

test('a newer link takes the place of one that waits to be tried again', async () => {
  const composed: string[] = []
  const { line, attempt, unsent, records } = arrange({
    outcomes: { a: [{ status: 'unsent', reason: '429 rate', retryAfterMs: 20 }] },
    compose: async (orders) => {
      composed.push(...orders.map(({ timestamp }) => timestamp))
      return orders.map(mailOf)
    },
  })
  line.add(orderOf('a'))
  await attempt()
  line.add(orderOf('a', START + 60))
  await line.drained()
  expect(composed).toEqual([START, START + 60].map(String))
  expect([unsent, records]).toEqual([['a'], [mailed('a')]])
})

test('an order of a mail that is on its way is an order of its own', async () => {
  const going = Promise.withResolvers<void>()
  const { line, attempts, attempt } = arrange({ until: going.promise })
  line.add(orderOf('a'))
  await attempt()
  line.add(orderOf('a'))
  going.resolve()
  await line.drained()
  expect(attempts).toEqual(['a', 'a'])
})

test('an order of a mail that waits to be tried again is none of its own', async () => {
  const { line, attempts, attempt } = arrange({
    outcomes: { a: [{ status: 'unsent', reason: '429 rate', retryAfterMs: 50 }] },
  })
  line.add(orderOf('a'))
  await attempt()
  await new Promise(setImmediate)
  line.add(orderOf('a'))
  expect(line.waiting()).toBe(1)
  await line.drained()
  expect(attempts).toEqual(['a', 'a'])
})

test('a newer link that is asked for while an older one fails goes in its place', async () => {
  const going = Promise.withResolvers<void>()
  const composed: string[] = []
  const { line, attempt, unsent, records } = arrange({
    until: going.promise,
    outcomes: { a: [failed] },
    compose: async (orders) => {
      composed.push(...orders.map(({ timestamp }) => timestamp))
      return orders.map(mailOf)
    },
  })
  line.add(orderOf('a'))
  await attempt()
  for (const later of [60, 120]) line.add(orderOf('a', START + later))
  expect(line.waiting()).toBe(1)
  going.resolve()
  await line.drained()
  expect(composed).toEqual([START, START + 120].map(String))
  expect([unsent, records]).toEqual([['a'], [mailed('a')]])
})

test('a failed mail is composed and tried again, until it is sent', async () => {
  const composed: string[] = []
  const { line, attempts, records } = arrange({
    outcomes: { a: [failed, failed, failed] },
    compose: async (orders) => {
      composed.push(...orders.map(({ accountId }) => accountId))
      return orders.map(mailOf)
    },
  })
  line.add(orderOf('a'))
  await line.drained()
  expect(attempts).toEqual(['a', 'a', 'a', 'a'])
  expect(composed).toEqual(attempts)
  expect(records).toEqual([mailed('a')])
})

test('a mail that fails until its life is over is given up and reported', async () => {
  const { line, attempts, records, unsent } = arrange({
    lifeMs: 400,
    outcomes: { a: Array(100).fill(failed) },
  })
  line.add(orderOf('a'))
  await line.drained()
  expect(attempts.length).toBeGreaterThan(3)
  // Each pause is twice the last one, so that even the shortest first ones are few.
  expect(attempts.length).toBeLessThan(12)
  expect(records).toEqual([lost('a', '500 internal')])
  expect(unsent).toEqual(['a'])
})

test('a mail that nothing could be done for within its life is reported', async () => {
  const { line, attempts, records } = arrange({ lifeMs: 50, restMs: () => 60_000 })
  line.add(orderOf('a'))
  await line.drained()
  expect(attempts).toEqual([])
  expect(records).toEqual([lost('a', 'could not go out in time')])
})

test('an outcome that nobody knows is recorded, and the mail is tried again', async () => {
  const { line, attempts, records } = arrange({ outcomes: { a: [unheard] } })
  line.add(orderOf('a'))
  await line.drained()
  expect(attempts).toEqual(['a', 'a'])
  expect(records).toEqual([unconfirmed('a'), mailed('a')])
})

test('a mail that may have arrived is not called unsent when it is given up', async () => {
  const { line, records, unsent } = arrange({ outcomes: { a: [unheard, refused] } })
  line.add(orderOf('a'))
  await line.drained()
  expect(records).toEqual([unconfirmed('a'), lost('a', '422 validation')])
  expect(unsent).toEqual([])
})

test('a mail waits for as long as its provider has asked for', async () => {
  const { line, attempts, times } = arrange({
    outcomes: { a: [{ status: 'unsent', reason: '429 rate', retryAfterMs: 120 }] },
  })
  line.add(orderOf('a'))
  await line.drained()
  expect(attempts).toEqual(['a', 'a'])
  expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(119)
})

test('nothing is tried while every transport is left alone', async () => {
  let restMs = 100
  const { line, attempts, times } = arrange({ restMs: () => restMs })
  const addedAt = performance.now()
  setTimeout(() => {
    restMs = 0
  }, 100)
  line.add(orderOf('a'))
  await line.drained()
  expect(attempts).toEqual(['a'])
  expect((times[0] ?? 0) - addedAt).toBeGreaterThanOrEqual(99)
})

test('a refused mail is reported and never tried again', async () => {
  const { line, attempts, records, unsent } = arrange({ outcomes: { a: [refused] } })
  line.add(orderOf('a'))
  line.add(orderOf('b'))
  await line.drained()
  expect(attempts).toEqual(['a', 'b'])
  expect(records).toEqual([lost('a', '422 validation'), mailed('b')])
  expect(unsent).toEqual(['a'])
})

test('mails that were tried before take turns with new ones', async () => {
  const { line, attempts } = arrange({
    atOnce: 1,
    outcomes: Object.fromEntries(['a', 'b', 'c', 'd'].map((name) => [name, [failed, failed]])),
  })
  for (const name of ['a', 'b', 'c', 'd']) line.add(orderOf(name))
  await line.drained()
  const firstAt = ['a', 'b', 'c', 'd'].map((name) => attempts.indexOf(name))
  expect(firstAt.toSorted()).toEqual([
    0,
    expect.toBeOneOf([1, 2]),
    expect.toBeOneOf([3, 4]),
    expect.toBeOneOf([5, 6]),
  ])
  expect(attempts).toHaveLength(12)
})

test('notices that are turned away do not hold up links', async () => {
  const turnedAway: ChainOutcome = { status: 'unsent', reason: '450', isOfThisMail: true }
  const names = Array.from({ length: 10 }, (_, index) => `owner ${index}`)
  const { line, attempts } = arrange({
    atOnce: 1,
    outcomes: Object.fromEntries(names.map((name) => [name, Array(5).fill(turnedAway)])),
  })
  for (const name of names) line.add(noticeOf(name))
  for (const name of ['a', 'b', 'c']) line.add(orderOf(name))
  await line.drained()
  // Each notice once, and then every other mail is a link.
  expect(attempts.indexOf('c')).toBeLessThan(names.length + 2 * 3)
  expect(attempts).toHaveLength(6 * names.length + 3)
})

test('whatever becomes of each attempt, every order ends, and every share of the budget with it', async () => {
  const outcome = fc.constantFrom<ChainOutcome>(
    ...[sent, failed, unheard, refused],
    { status: 'deferred', retryAfterMs: 1 },
    { status: 'repeated' },
  )
  const order = fc.record({
    name: fc.constantFrom('a', 'b', 'c'),
    later: fc.nat(3),
    waitMs: fc.nat(15),
  })
  const attempts = fc.array(outcome, { maxLength: 6 })
  await fc.assert(
    fc.asyncProperty(
      fc.record({ a: attempts, b: attempts, c: attempts }),
      fc.array(order, { minLength: 1, maxLength: 12 }),
      async (outcomes, orders) => {
        const { line, records, reserved } = arrange({ mailsPerDay: 1_000_000, outcomes })
        for (const { name, later, waitMs } of orders) {
          line.add(later > 2 ? noticeOf(name) : orderOf(name, START + later))
          await new Promise((resolve) => setTimeout(resolve, waitMs))
        }
        await line.drained()
        expect([line.waiting(), reserved()]).toEqual([0, 0])
        expect(records.length).toBeGreaterThan(0)
      },
    ),
    { numRuns: 20 },
  )
}, 60_000)

test('a mail that no transport was asked for has made no attempt', async () => {
  const { line, attempts, times } = arrange({
    outcomes: { a: Array(12).fill({ status: 'deferred', retryAfterMs: 1 }) },
  })
  line.add(orderOf('a'))
  await line.drained()
  expect(attempts).toHaveLength(13)
  // Twelve pauses that grew would have been four seconds.
  expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeLessThan(1000)
})

test('a mail that was delivered before is not told of again', async () => {
  const { line, records, unsent } = arrange({ outcomes: { a: [{ status: 'repeated' }] } })
  line.add(orderOf('a'))
  await line.drained()
  expect(records).toEqual([{ type: 'password_reset.ignored', reason: 'already_mailed' }])
  expect(unsent).toEqual([])
})

test('the notice of a change is worth sending for a day, whatever the life of a link', async () => {
  const { line, attempts, attempt, passHours } = arrange({
    lifeMs: 300_000,
    outcomes: { a: [failed], b: [failed] },
  })
  line.add(noticeOf('a'))
  await attempt()
  passHours(23)
  await attempt()
  expect(attempts).toEqual(['a', 'a'])
})

test('an order that needs no mail any more is done with', async () => {
  const { line, attempts, records } = arrange({
    compose: async (orders) =>
      orders.map((order) => (order.accountId === 'a' ? undefined : mailOf(order))),
  })
  line.add(orderOf('a'))
  line.add(orderOf('b'))
  await line.drained()
  expect(attempts).toEqual(['b'])
  expect(records).toEqual([mailed('b')])
})

test('while mails cannot be composed they wait, and it costs them no attempt', async () => {
  let failures = 20
  const { line, attempts, records, unreadable } = arrange({
    compose: async (orders) => {
      failures -= 1
      if (failures >= 0) throw new RekeyError('unavailable', 'database: ECONNREFUSED')
      return orders.map(mailOf)
    },
  })
  line.add(orderOf('a'))
  await line.drained()
  expect(attempts).toEqual(['a'])
  expect(records).toEqual([mailed('a')])
  expect(unreadable).toHaveLength(20)
  expect(unreadable[0]).toEqual({ reason: 'database: ECONNREFUSED', waiting: 1 })
})

test('a mail that cannot be composed for another reason is given up in the end', async () => {
  const { line, records } = arrange({
    lifeMs: 100,
    compose: async () => {
      throw new Error('a broken template')
    },
  })
  line.add(orderOf('a'))
  await line.drained()
  expect(records).toEqual([lost('a', 'a broken template')])
})

test('a full line drops what comes, in silence but for the record', async () => {
  const going = Promise.withResolvers<void>()
  const { line, attempts, records, attempt } = arrange({ capacity: 3, until: going.promise })
  for (const name of ['a', 'b', 'c', 'd']) line.add(orderOf(name))
  await attempt()
  line.add(orderOf('e'))
  line.add(orderOf('c'))
  expect(line.waiting()).toBe(3)
  const dropped: RekeyEvent = { type: 'password_reset.ignored', reason: 'mail_line_full' }
  expect(records).toEqual([dropped, dropped])
  going.resolve()
  await line.drained()
  expect(attempts.toSorted()).toEqual(['a', 'b', 'c'])
})

test('the notice of a change has room of its own', async () => {
  const { line, attempts, records } = arrange({ capacity: 2 })
  for (const name of ['a', 'b', 'c']) line.add(orderOf(name))
  for (const name of ['d', 'e', 'f']) line.add(noticeOf(name))
  expect(records).toHaveLength(2)
  await line.drained()
  expect(attempts.toSorted()).toEqual(['a', 'b', 'd', 'e'])
})

test('what backs off counts as waiting', async () => {
  const { line, attempt } = arrange({
    outcomes: { a: [{ status: 'unsent', reason: '429 rate', retryAfterMs: 20 }] },
  })
  line.add(orderOf('a'))
  await attempt()
  await new Promise(setImmediate)
  expect(line.waiting()).toBe(1)
  await line.drained()
  expect(line.waiting()).toBe(0)
})

test('an empty line is drained already', async () => {
  const { line, attempts } = arrange({})
  await line.drained()
  expect(attempts).toEqual([])
})

test('mails keep to the pace of the provider', async () => {
  const { line, times } = arrange({ atOnce: 8, ratePerSecond: 20 })
  for (let name = 0; name < 11; name++) line.add(orderOf(String(name)))
  await line.drained()
  // Ten gaps of 52.5 ms, the first timer's own 10 ms early.
  expect((times.at(-1) ?? 0) - (times[0] ?? 0)).toBeGreaterThan(500)
})

test('what needs no mail costs nothing of the pace', async () => {
  const { line, attempts, times } = arrange({
    atOnce: 8,
    ratePerSecond: 2,
    compose: async (orders) =>
      orders.map((order) => (order.accountId === 'z' ? mailOf(order) : undefined)),
  })
  const addedAt = performance.now()
  for (let name = 0; name < 20; name++) line.add(orderOf(String(name)))
  line.add(orderOf('z'))
  await line.drained()
  expect(attempts).toEqual(['z'])
  expect((times[0] ?? 0) - addedAt).toBeLessThan(1500)
})

describe('with a daily budget', () => {
  const oneAnHour = { mailsPerDay: 24, lifeMs: 24 * 3_600_000 }

  test('links wait for their share of the day, and notices do not', async () => {
    const { line, attempts, attempt, passHours } = arrange(oneAnHour)
    for (const name of ['a', 'b']) line.add(orderOf(name))
    await attempt()
    for (const name of ['c', 'd']) {
      line.add(noticeOf(name))
      await attempt()
    }
    expect(attempts).toEqual(['a', 'c', 'd'])
    passHours(1)
    await line.drained()
    expect(attempts).toEqual(['a', 'c', 'd', 'b'])
  })

  test('what anybody can ask for waits, whether or not it carries a link', async () => {
    const { line, attempts, attempt, passHours } = arrange(oneAnHour)
    line.add(orderOf('a'))
    await attempt()
    line.add({ ...orderOf('b'), kind: 'no-password' })
    line.add(noticeOf('c'))
    await attempt()
    expect(attempts).toEqual(['a', 'c'])
    passHours(1)
    await line.drained()
    expect(attempts).toEqual(['a', 'c', 'b'])
  })

  test('an account without a mail within the hour goes before repeats', async () => {
    const { line, attempts, attempt, passHours } = arrange(oneAnHour)
    line.add(orderOf('a'))
    await attempt()
    for (const name of ['a', 'b', 'c']) line.add(orderOf(name, START + 60, `${name}'s friend`))
    for (let hour = 0; hour < 3; hour++) {
      passHours(1)
      await attempt()
    }
    await line.drained()
    expect(attempts).toEqual(['a', 'c', 'b', 'a'])
  })

  test('repeats go when nobody else waits', async () => {
    const { line, attempts, attempt } = arrange({ mailsPerDay: 2400 })
    for (let minute = 0; minute < 3; minute++) {
      line.add(orderOf('a', START + 60 * minute))
      await attempt()
    }
    expect(attempts).toEqual(['a', 'a', 'a'])
  })

  test('what was set aside for a mail that is refused goes to the next one', async () => {
    const { line, attempts } = arrange({ ...oneAnHour, outcomes: { a: [refused] } })
    for (const name of ['a', 'b']) line.add(orderOf(name))
    await line.drained()
    expect(attempts).toEqual(['a', 'b'])
  })

  test('mails that failed once do not hold up those behind them, nor lose their turn', async () => {
    const names = Array.from({ length: 12 }, (_, index) => String(index))
    const { line, attempts, records } = arrange({
      mailsPerDay: 240,
      outcomes: Object.fromEntries(names.slice(0, 5).map((name) => [name, [failed]])),
    })
    for (const name of names) line.add(orderOf(name))
    while (records.length < 10) await new Promise((resolve) => setTimeout(resolve, 5))
    expect(records).toHaveLength(10)
    expect(records.every(({ type }) => type === 'password_reset.mailed')).toBe(true)
    expect(attempts).toHaveLength(15)
  })

  test('a notice does not wait for the moment at which links are looked at again', async () => {
    const { line, attempt, times } = arrange(oneAnHour)
    for (const name of ['a', 'b']) line.add(orderOf(name))
    await attempt()
    await new Promise((resolve) => setTimeout(resolve, 50))
    const addedAt = performance.now()
    line.add(noticeOf('c'))
    await attempt()
    expect((times.at(-1) ?? 0) - addedAt).toBeLessThan(500)
  })

  test('a retry is the same mail of the budget', async () => {
    const { line, attempts } = arrange({ ...oneAnHour, outcomes: { a: [failed, unheard] } })
    line.add(orderOf('a'))
    await line.drained()
    expect(attempts).toEqual(['a', 'a', 'a'])
  })

  test('an order that needs no mail any more costs nothing of it', async () => {
    const { line, attempts } = arrange({
      ...oneAnHour,
      compose: async (orders) =>
        orders.map((order) => (order.accountId === 'a' ? undefined : mailOf(order))),
    })
    for (const name of ['a', 'b']) line.add(orderOf(name))
    await line.drained()
    expect(attempts).toEqual(['b'])
  })

  test('a link that the budget keeps until it is dead is reported', async () => {
    const { line, records, attempt, passHours } = arrange({ mailsPerDay: 24 })
    for (const name of ['a', 'b']) line.add(orderOf(name))
    await attempt()
    passHours(1)
    await line.drained()
    expect(records).toEqual([mailed('a'), lost('b', 'could not go out in time')])
  })
})
