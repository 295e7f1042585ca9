// The line of mails to be sent: how many at once, what is tried again, what is given up.

import { EventEmitter, once } from 'node:events'
import { expect, test } from 'vitest'
import { RekeyError } from '../../src/errors.ts'
import { createMailLine } from '../../src/mail/mail-line.ts'
import type { MailOrder, OutgoingMail, RekeyEvent, SendOutcome } from '../../src/ports.ts'

const orderOf = (accountId: string, timestamp = '1700000000'): MailOrder => ({
  kind: 'reset-link',
  accountId,
  timestamp,
})
const mailOf = ({ accountId }: MailOrder): OutgoingMail => ({
  from: 'a@b.c',
  to: `${accountId}@b.c`,
  subject: 's',
  text: 't',
  html: 'h',
  idempotencyKey: accountId,
})
const sent: SendOutcome = { status: 'sent' }
const failed: SendOutcome = { status: 'unsent', reason: '500 internal' }
const refused: SendOutcome = { status: 'refused', reason: '422 validation' }

interface Arranged {
  readonly capacity?: number
  readonly atOnce?: number
  readonly backOffMs?: readonly number[]
  readonly compose?: (orders: readonly MailOrder[]) => Promise<(OutgoingMail | undefined)[]>
  /** What becomes of the attempts for an account, in turn; afterwards they succeed. */
  readonly outcomes?: Readonly<Record<string, SendOutcome[]>>
  /** Attempts wait for it. */
  readonly until?: Promise<unknown>
}

function arrange({
  capacity = 100,
  atOnce = 2,
  backOffMs = [1, 1, 1],
  compose = async (orders) => orders.map(mailOf),
  outcomes = {},
  until = Promise.resolve(),
}: Arranged) {
  const attempts: string[] = []
  const records: RekeyEvent[] = []
  const unreadable: { reason: string; waiting: number }[] = []
  const failures: string[] = []
  const signals = new EventEmitter()
  let most = 0
  let underWay = 0
  const line = createMailLine({
    capacity,
    atOnce,
    backOffMs,
    compose,
    transport: {
      async send({ idempotencyKey }) {
        attempts.push(idempotencyKey)
        underWay += 1
        most = Math.max(most, underWay)
        signals.emit('attempt')
        await until
        underWay -= 1
        return outcomes[idempotencyKey]?.shift() ?? sent
      },
      close() {},
    },
    events: { record: (event) => records.push(event) },
    onUnreadable: (reason, waiting) => unreadable.push({ reason, waiting }),
    onFailed: (order) => failures.push(order.accountId),
  })
  return {
    line,
    attempts,
    records,
    unreadable,
    failures,
    most: () => most,
    attempt: () => once(signals, 'attempt'),
  }
}

const mailed = (accountId: string): RekeyEvent => ({
  type: 'password_reset.mailed',
  accountId,
  kind: 'reset-link',
})
const lost = (accountId: string, reason: string): RekeyEvent => ({
  type: 'password_reset.mail_failed',
  accountId,
  kind: 'reset-link',
  reason,
})

test('orders are sent in their order, a few at a time', async () => {
  const { line, attempts, records, most } = arrange({ atOnce: 3 })
  const names = [...Array(20).keys()].map(String)
  for (const name of names) line.add(orderOf(name))
  await line.drained()
  expect(attempts).toEqual(names)
  expect(most()).toBeLessThanOrEqual(3)
  expect(records).toEqual(names.map(mailed))
})

test('a burst of orders for the same mail waits as one', async () => {
  const { line, attempts } = arrange({})
  for (let times = 0; times < 10; times++) line.add(orderOf('a'))
  line.add(orderOf('a', '1700000060'))
  line.add({ ...orderOf('a'), kind: 'password-changed' })
  expect(line.waiting()).toBe(3)
  await line.drained()
  expect(attempts).toEqual(['a', 'a', 'a'])
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

test('a mail that fails to the end is given up and reported', async () => {
  const { line, attempts, records, failures } = arrange({
    outcomes: { a: [failed, failed, failed, failed, sent] },
  })
  line.add(orderOf('a'))
  await line.drained()
  expect(attempts).toHaveLength(4)
  expect(records).toEqual([lost('a', '500 internal')])
  expect(failures).toEqual(['a'])
})

test('a refused mail is reported and never tried again', async () => {
  const { line, attempts, records, failures } = arrange({ outcomes: { a: [refused] } })
  line.add(orderOf('a'))
  line.add(orderOf('b'))
  await line.drained()
  expect(attempts).toEqual(['a', 'b'])
  expect(records).toEqual([lost('a', '422 validation'), mailed('b')])
  expect(failures).toEqual(['a'])
})

test('mails that back off do not hold up the others', async () => {
  const { line, attempts } = arrange({
    atOnce: 1,
    backOffMs: [50],
    outcomes: { a: [failed], b: [failed] },
  })
  for (const name of ['a', 'b', 'c', 'd']) line.add(orderOf(name))
  await line.drained()
  expect(attempts.slice(0, 4)).toEqual(['a', 'b', 'c', 'd'])
  expect(attempts.slice(4).toSorted()).toEqual(['a', 'b'])
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
  expect(attempts).toEqual(['a', 'b', 'c'])
})

test('what backs off counts as waiting', async () => {
  const { line, attempt } = arrange({ backOffMs: [20], outcomes: { a: [failed] } })
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
