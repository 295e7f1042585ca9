// The line of webhooks: how many at once, what is tried again, what is given up, what it holds.

import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import type { PostOutcome } from '../../src/events/post-webhook.ts'
import type { Webhook } from '../../src/events/webhook.ts'
import { createWebhookEvents } from '../../src/events/webhook-events.ts'
import { createWebhookLine } from '../../src/events/webhook-line.ts'
import { measureHeap } from '../flows/heap.ts'

const HOUR_MS = 3_600_000
const failed: PostOutcome = { status: 'failed', reason: '500' }

interface Arranged {
  readonly capacity?: number
  readonly atOnce?: number
  readonly firstPauseMs?: number
  /** What becomes of the attempts for a webhook, in turn; afterwards it is taken. */
  readonly outcomes?: Readonly<Record<string, PostOutcome[]>>
  readonly post?: (webhook: Webhook) => Promise<PostOutcome>
}

function arrange({ capacity = 100, atOnce = 4, firstPauseMs = 1, outcomes = {}, post }: Arranged) {
  const attempts: string[] = []
  const times: number[] = []
  const logged: string[] = []
  const rests: number[] = []
  let now = Date.now()
  const note = (fields: object, message: string) => {
    const { restMs, ...told } = fields as { restMs?: number }
    if (restMs !== undefined) rests.push(restMs)
    logged.push(`${message} ${JSON.stringify(told)}`)
  }
  const line = createWebhookLine({
    capacity,
    atOnce,
    firstPauseMs,
    log: { warn: note, error: note },
    clock: () => now,
    post(webhook) {
      attempts.push(webhook.id)
      times.push(performance.now())
      const outcome = outcomes[webhook.id]?.shift() ?? { status: 'taken' }
      return post ? post(webhook) : Promise.resolve(outcome)
    },
  })
  return {
    line,
    attempts,
    times,
    logged,
    rests,
    add: (id: string, type = 'password_reset.requested') =>
      line.add({ id, type, occurredAt: now, data: { user_id: id } }),
    passHours: (hours: number) => {
      now += hours * HOUR_MS
    },
  }
}

const until = async (isSo: () => boolean) => {
  while (!isSo()) await delay(1)
}

test('whoever adds does not wait, not even for the work of sending', async () => {
  const { line, add, attempts } = arrange({})
  add('a')
  await turn()
  expect(attempts).toEqual([])
  expect(line.waiting()).toBe(1)
  await line.drained()
  expect([attempts, line.waiting()]).toEqual([['a'], 0])
})

test('what fails is tried again under its id until it is taken', async () => {
  const { line, add, attempts } = arrange({ outcomes: { a: [failed, failed, failed] } })
  add('a')
  await line.drained()
  expect(attempts).toEqual(['a', 'a', 'a', 'a'])
})

test('no more are on their way at once than may be', async () => {
  let underWay = 0
  let most = 0
  const { line, add } = arrange({
    atOnce: 3,
    async post() {
      underWay += 1
      most = Math.max(most, underWay)
      await delay(2)
      underWay -= 1
      return { status: 'taken' }
    },
  })
  for (let id = 0; id < 20; id++) add(String(id))
  await line.drained()
  expect(most).toBe(3)
})

test('while the receiver fails it is asked with one at a time, and less and less often', async () => {
  let isBack = false
  let underWay = 0
  const together: number[] = []
  const { line, add, times, attempts, rests } = arrange({
    firstPauseMs: 8,
    async post() {
      underWay += 1
      together.push(underWay)
      await delay(1)
      underWay -= 1
      return isBack ? { status: 'taken' } : failed
    },
  })
  for (let id = 0; id < 50; id++) add(String(id))
  await until(() => attempts.length >= 9)
  // The first four had begun before any had failed.
  expect(together.slice(4)).toEqual(Array(together.length - 4).fill(1))
  expect(rests).toEqual(rests.toSorted((a, b) => a - b))
  const gaps = times.slice(4).map((at, index) => at - (times[index + 3] ?? 0))
  // A timer may be early by a part of a millisecond, and the log rounds.
  for (const [index, gap] of gaps.entries()) expect(gap).toBeGreaterThan((rests[index] ?? 0) - 2)
  isBack = true
  await until(() => line.waiting() === 0)
  expect(new Set(attempts).size).toBe(50)
})

test('each attempt that fails makes the rest longer, however quick the answer is', async () => {
  const lines = Array.from({ length: 20 }, () => arrange({ atOnce: 1, post: async () => failed }))
  for (const { add } of lines) for (let id = 0; id < 10; id++) add(String(id))
  for (const { line, attempts, rests } of lines) {
    await until(() => attempts.length >= 6)
    line.close()
    await turn()
    expect(rests).toHaveLength(attempts.length)
  }
})

test('no pause is longer than half a minute for the receiver', async () => {
  const lines = Array.from({ length: 20 }, () =>
    arrange({ firstPauseMs: 3_600_000, post: async () => failed }),
  )
  for (const { add } of lines) add('a')
  for (const { rests } of lines) {
    await until(() => rests.length === 1)
    expect(rests[0]).toBeLessThanOrEqual(30_000)
  }
})

test('one that the receiver cannot take does not hold up the others', async () => {
  const { line, add, attempts } = arrange({
    post: async ({ id }) => (id === 'poison' ? failed : { status: 'taken' }),
  })
  add('poison')
  for (let id = 0; id < 200; id++) {
    add(String(id))
    await until(() => line.waiting() === 1)
  }
  expect(attempts.filter((id) => id !== 'poison')).toHaveLength(200)
  expect(attempts.filter((id) => id === 'poison').length).toBeLessThan(20)
})

test('a webhook is tried for a day, and then given up aloud', async () => {
  const { line, add, logged, passHours, attempts } = arrange({ post: async () => failed })
  add('a')
  await until(() => attempts.length === 3)
  passHours(25)
  await until(() => line.waiting() === 0)
  expect(logged.at(-1)).toBe(
    'a webhook is given up {"webhookId":"a","event":"password_reset.requested","reason":"500"}',
  )
})

test('what waited for more than a day behind others is not sent any more', async () => {
  let isBack = false
  const { line, add, passHours, attempts, logged } = arrange({
    firstPauseMs: 50,
    post: async () => (isBack ? { status: 'taken' } : failed),
  })
  for (let id = 0; id < 30; id++) add(String(id))
  await until(() => attempts.length === 5)
  isBack = true
  passHours(25)
  add('new')
  await line.drained()
  expect(attempts.slice(5)).toEqual(['new'])
  expect(logged.filter((message) => message.includes('given up'))).toHaveLength(30)
})

test('the receiver is left alone for as long as it asks, also in haste', async () => {
  const asked: PostOutcome = { status: 'failed', reason: '429', retryAfterMs: 150 }
  const { line, add, times, attempts } = arrange({ outcomes: { a: [asked] } })
  add('a')
  await until(() => attempts.length === 1)
  add('b')
  await line.drained()
  expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(145)
})

test('in haste the pauses are ours to shorten', async () => {
  const { line, add, attempts } = arrange({ firstPauseMs: 60_000, outcomes: { a: [failed] } })
  add('a')
  await until(() => attempts.length === 1)
  await line.drained()
  expect(attempts).toEqual(['a', 'a'])
})

test('a receiver that is gone for good is not asked again', async () => {
  const { line, add, attempts, logged } = arrange({
    atOnce: 1,
    outcomes: { b: [{ status: 'gone' }] },
  })
  for (const id of ['a', 'b', 'c', 'd']) add(id)
  await until(() => line.waiting() === 0)
  add('e')
  await line.drained()
  expect(attempts).toEqual(['a', 'b'])
  expect(logged).toEqual([
    'the webhook receiver is gone (410): nothing is sent until the next start {"lost":3}',
  ])
})

test('those that were on their way to a receiver that is gone are not tried again', async () => {
  const { line, add, attempts, logged } = arrange({
    async post({ id }) {
      if (id === 'a') return { status: 'gone' }
      await delay(10)
      return failed
    },
  })
  for (const id of ['a', 'b', 'c']) add(id)
  await line.drained()
  await delay(30)
  expect(attempts).toEqual(['a', 'b', 'c'])
  expect(line.waiting()).toBe(0)
  expect(logged[0]).toContain('gone (410)')
})

test('what waits in a line that is closed is not sent', async () => {
  const { line, add, attempts } = arrange({
    atOnce: 2,
    async post() {
      await delay(5)
      return failed
    },
  })
  for (const id of ['a', 'b', 'c']) add(id)
  await until(() => attempts.length === 2)
  line.close()
  add('d')
  await line.drained()
  await delay(30)
  expect(attempts).toEqual(['a', 'b'])
})

test('a full line drops what comes, and says so once in a while', async () => {
  const { line, add, attempts, logged } = arrange({ capacity: 3 })
  for (const id of ['a', 'b', 'c', 'd', 'e']) add(id)
  expect(line.waiting()).toBe(3)
  expect(logged).toEqual(['the webhook line is full: dropped so far {"dropped":1,"waiting":3}'])
  await line.drained()
  expect(attempts).toEqual(['a', 'b', 'c'])
})

test.each(['password_reset.completed', 'password.changed'])(
  '%s goes first and has room of its own',
  async (type) => {
    const { line, add, attempts } = arrange({ capacity: 2 })
    for (const id of ['a', 'b', 'c']) add(id)
    for (const id of ['d', 'e', 'f']) add(id, type)
    await line.drained()
    expect(attempts).toEqual(['d', 'e', 'a', 'b'])
  },
)

test('what a full line dropped is told at its next occurrence, and then once a minute', async () => {
  const { line, add } = arrange({ capacity: 1 })
  const events = createWebhookEvents({ line, clock: Date.now })
  const ask = () => events.record({ type: 'password_reset.requested', accountId: '42' })
  add('a')
  ask()
  await line.drained()
  ask()
  expect(line.waiting()).toBe(1)
  await line.drained()
  ask()
  expect(line.waiting()).toBe(0)
})

test('a flood of events with nobody to take them stays within bounds', async () => {
  const { line } = arrange({ capacity: 10_000, post: async () => failed, firstPauseMs: 1000 })
  const events = createWebhookEvents({ line, clock: Date.now })
  const before = measureHeap()
  for (let number = 0; number < 100_000; number++) {
    const accountId = `6a0e2c0e-8f5b-4f0e-9d5c-${String(number).padStart(12, '0')}`
    events.record({ type: 'password_reset.requested', accountId })
    events.record({ type: 'password_reset.completed', accountId })
    if (number % 10_000 === 0) await delay(1)
  }
  const heldMb = (measureHeap() - before) / 1e6
  expect(line.waiting()).toBe(20_000)
  // 14 MB when it was last looked at, with what is remembered of the last minute.
  expect(heldMb).toBeLessThan(20)
})
