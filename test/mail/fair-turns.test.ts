// Whose mail goes next where not all can go: nobody who asks for many is in the way of those who ask once.

import { EventEmitter, once } from 'node:events'
import { expect, test } from 'vitest'
import { createDailyBudget } from '../../src/mail/daily-budget.ts'
import { createMailLine } from '../../src/mail/mail-line.ts'
import type { MailOrder, RekeyEvent } from '../../src/ports.ts'

const START_MS = Date.UTC(2026, 0, 31)
const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
/** Of which 100 are there at once, and 50 of these for firsts alone; then one more every 36 seconds. */
const MAILS_PER_DAY = 2400
const MS_PER_MAIL = 36_000

/** A line whose clock only `pass` moves, and whose mails all arrive. */
function arrange({
  mailsPerDay = MAILS_PER_DAY,
  ratePerSecond,
  capacity = 20_000,
}: {
  readonly mailsPerDay?: number
  readonly ratePerSecond?: number
  readonly capacity?: number
}) {
  const sent: string[] = []
  const records: RekeyEvent[] = []
  const arrivals = new EventEmitter()
  let now = START_MS
  const line = createMailLine({
    capacity,
    atOnce: 8,
    linkLifeSeconds: 3600,
    clock: () => now,
    ratePerSecond,
    budget: createDailyBudget({ mailsPerDay, onUsed: () => {}, startedAt: now }),
    compose: async (orders) =>
      orders.map((order) => ({
        from: 'a@b.c',
        to: `${order.accountId}@${order.accountId}.example`,
        subject: 's',
        text: 't',
        html: 'h',
        headers: {},
        accountId: order.accountId,
        message: { kind: 'no-password', name: undefined },
        idempotencyKey: `${order.accountId} ${order.timestamp}`,
      })),
    chain: {
      restMs: () => 0,
      async send({ accountId }) {
        sent.push(accountId)
        arrivals.emit('arrival')
        return { status: 'sent' }
      },
    },
    events: { record: (event) => records.push(event) },
    onUnreadable: () => {},
    onUnsent: () => {},
  })
  return {
    sent,
    records,
    line,
    ask(client: string, ...accountIds: readonly string[]) {
      for (const accountId of accountIds) {
        const timestamp = String(Math.floor(now / 1000))
        line.add({ kind: 'reset-link', accountId, timestamp, client } satisfies MailOrder)
      }
    },
    pass(ms: number) {
      now += ms
    },
    /** Waits until as many mails were sent. @returns whom the last of them was for */
    async hear(count: number) {
      while (sent.length < count) await once(arrivals, 'arrival')
      return sent[count - 1]
    },
  }
}

const name = (count: number, what: string) =>
  Array.from({ length: count }, (_, index) => `${what}${index}`)

test('one client that asks for 10,000 accounts leaves half of what is free to others', async () => {
  const { ask, hear, sent } = arrange({})
  ask('attacker', ...name(10_000, 'account'))
  await hear(50)
  ask('reader', 'ann')
  expect(await hear(51)).toBe('ann')
  for (const reader of name(49, 'reader')) ask(reader, `account of ${reader}`)
  await hear(100)
  expect(sent.slice(51).every((accountId) => accountId.startsWith('account of'))).toBe(true)
})

test('ten clients that ask for 1,000 accounts each do so too', async () => {
  const { ask, hear, sent } = arrange({})
  for (const client of name(10, 'attacker')) ask(client, ...name(1000, `${client} asks for `))
  // Ten are firsts of theirs. Those that are not use up what is not kept.
  await hear(50)
  ask('reader', 'ann')
  expect(await hear(51)).toBe('ann')
  expect(sent.filter((accountId) => accountId.endsWith(' asks for 0'))).toHaveLength(10)
})

test('who asks for an account first cannot put back the request of its owner', async () => {
  const { ask, hear } = arrange({})
  ask('attacker', ...name(5000, 'account'), 'ann', ...name(5000, 'other'))
  await hear(50)
  ask('reader', 'ann')
  expect(await hear(51)).toBe('ann')
})

test('an owner who was mailed for others is still before the second mail of each of them', async () => {
  const { ask, hear, pass } = arrange({})
  for (const [minute, client] of name(5, 'attacker').entries()) {
    ask(client, 'ann')
    await hear(minute + 1)
    pass(MINUTE_MS)
  }
  for (const client of name(5, 'attacker')) ask(client, ...name(1000, `${client} asks for `))
  await hear(58)
  ask('reader', 'ann')
  expect(await hear(59)).toBe('ann')
})

test('the first mail of an hour goes before the second of another client that came before it', async () => {
  const { ask, hear, pass, sent } = arrange({})
  for (const client of name(100, 'crowd')) ask(client, client)
  await hear(100)
  ask('early', ...name(20, 'early'))
  for (const reader of name(12, 'reader')) ask(reader, reader)
  pass(13 * MS_PER_MAIL)
  await hear(113)
  expect(sent.slice(100).toSorted()).toEqual(['early0', ...name(12, 'reader')].toSorted())
})

test('a crowd of clients that each ask once does not keep out who comes after it', async () => {
  const { ask, hear, pass, sent } = arrange({})
  for (const client of name(2000, 'crowd')) ask(client, client)
  await hear(100)
  ask('reader', 'ann')
  for (let more = 1; more <= 2; more += 1) {
    pass(MS_PER_MAIL)
    await hear(100 + more)
  }
  expect(sent.slice(100)).toContain('ann')
})

test('a client that asks twice for one mail has asked for one', async () => {
  const { ask, hear, pass, sent } = arrange({})
  for (const client of name(100, 'crowd')) ask(client, client)
  await hear(100)
  ask('hasty', ...Array(5).fill('ann'), 'her other account')
  ask('other', 'bob', 'his other account', 'his third')
  for (let more = 1; more <= 2; more += 1) {
    pass(MS_PER_MAIL)
    await hear(100 + more)
  }
  expect(sent.slice(100).toSorted()).toEqual(['ann', 'bob'])
  // What is not the first of its client waits until there is more than what is kept.
  pass(52 * MS_PER_MAIL)
  await hear(104)
  expect(sent.slice(102).toSorted()).toEqual(['her other account', 'his other account'])
})

test('a client is counted for an hour, and not for longer by a clock that was ahead', async () => {
  const { ask, hear, pass, sent } = arrange({})
  pass(365 * 24 * HOUR_MS)
  ask('reader', 'early')
  await hear(1)
  pass(-365 * 24 * HOUR_MS)
  ask('attacker', ...name(1000, 'account'))
  await hear(51)
  ask('reader', 'ann')
  expect(await hear(52)).toBe('ann')
  ask('reader', 'bob')
  pass(HOUR_MS)
  ask('reader', 'carl')
  await hear(53)
  expect(sent.slice(52, 53)).toEqual(['carl'])
})

test('at the pace of a provider, too, a first goes before what others have asked for', async () => {
  const { ask, hear, sent } = arrange({ mailsPerDay: 10_000_000, ratePerSecond: 20 })
  ask('attacker', ...name(10_000, 'account'))
  await hear(1)
  ask('reader', 'ann')
  await hear(3)
  expect(sent).toContain('ann')
})

test('in a full line a first takes the place of what would go last', async () => {
  const { ask, hear, pass, records, line } = arrange({ mailsPerDay: 24, capacity: 100 })
  ask('attacker', ...name(200, 'account'))
  await hear(1)
  ask('attacker', 'account200')
  expect(line.waiting()).toBe(100)
  ask('reader', 'ann')
  ask('reader', 'her other account')
  expect(line.waiting()).toBe(100)
  pass(HOUR_MS - MINUTE_MS)
  ask('reader', 'ann')
  pass(MINUTE_MS)
  expect(await hear(2)).toBe('ann')
  const dropped = records.filter(({ type }) => type === 'password_reset.ignored')
  expect(dropped).toHaveLength(100 + 1 + 1)
})
