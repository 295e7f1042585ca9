// The line between a reply and everything that concerns an account: order, pace, bounds, failures.

import { expect, test } from 'vitest'
import { createIntakeLine } from '../../src/mail/intake-line.ts'
import type { ResetRequest } from '../../src/ports.ts'

const requestOf = (text: string, receivedAt = 0): ResetRequest => ({
  identifier: { kind: 'address', text },
  receivedAt,
  client: 'a client',
})
const texts = (requests: readonly ResetRequest[]) =>
  requests.map(({ identifier }) => identifier.text)

interface Arranged {
  readonly capacity?: number
  readonly maxAgeSeconds?: number
  readonly now?: () => number
  /** What each batch comes to, in turn; afterwards all of them succeed. */
  readonly outcomes?: (() => Promise<unknown>)[]
}

function arrange({
  capacity = 10_000,
  maxAgeSeconds = 60,
  now = () => 0,
  outcomes = [],
}: Arranged) {
  const batches: string[][] = []
  const failures: [unknown, number][] = []
  const line = createIntakeLine({
    capacity,
    maxAgeSeconds,
    clock: now,
    handle: async (requests) => {
      batches.push(texts(requests))
      await outcomes.shift()?.()
    },
    onFailure: (error, waiting) => failures.push([error, waiting]),
  })
  return { line, batches, failures }
}

test('a request is taken at once and handled later', async () => {
  const { line, batches } = arrange({})
  expect(line.add(requestOf('a'))).toBe(true)
  await Promise.resolve()
  await new Promise(setImmediate)
  expect(batches).toEqual([])
  expect(line.waiting()).toBe(1)
  await line.drained()
  expect(batches).toEqual([['a']])
  expect(line.waiting()).toBe(0)
})

test('requests are handled in their order, 2000 in a batch', async () => {
  const { line, batches } = arrange({})
  const names = [...Array(4801).keys()].map(String)
  for (const name of names) line.add(requestOf(name))
  await line.drained()
  expect(batches.map(({ length }) => length)).toEqual([2000, 2000, 801])
  expect(batches.flat()).toEqual(names)
})

test('a full line takes nothing more until it has been emptied', async () => {
  const { line, batches } = arrange({ capacity: 2 })
  expect(['a', 'b', 'c'].map((name) => line.add(requestOf(name)))).toEqual([true, true, false])
  await line.drained()
  expect(line.add(requestOf('d'))).toBe(true)
  await line.drained()
  expect(batches).toEqual([['a', 'b'], ['d']])
})

test('requests that come while a batch is handled count, and wait for the next one', async () => {
  const handling = Promise.withResolvers<void>()
  const going = Promise.withResolvers<void>()
  const { line, batches } = arrange({
    capacity: 2,
    outcomes: [
      () => {
        handling.resolve()
        return going.promise
      },
    ],
  })
  line.add(requestOf('a'))
  await handling.promise
  expect([line.add(requestOf('b')), line.add(requestOf('c'))]).toEqual([true, false])
  going.resolve()
  await line.drained()
  expect(batches).toEqual([['a'], ['b']])
})

test('a batch that fails is tried again with what has come since, and loses nothing', async () => {
  const failure = new Error('unavailable')
  const failed = Promise.withResolvers<void>()
  const { line, batches, failures } = arrange({
    outcomes: [
      async () => {
        failed.resolve()
        throw failure
      },
    ],
  })
  line.add(requestOf('a'))
  await failed.promise
  line.add(requestOf('b'))
  await line.drained()
  expect(batches).toEqual([['a'], ['a', 'b']])
  expect(failures).toEqual([[failure, expect.any(Number)]])
})

test('a request that has waited longer than its link would live is dropped', async () => {
  let now = 0
  const failed = Promise.withResolvers<void>()
  const { line, batches } = arrange({
    maxAgeSeconds: 60,
    now: () => now,
    outcomes: [
      async () => {
        failed.resolve()
        throw new Error('unavailable')
      },
    ],
  })
  for (const receivedAt of [0, 500, 1000]) line.add(requestOf(String(receivedAt), receivedAt))
  await failed.promise
  now = 60_500
  await line.drained()
  expect(batches).toEqual([
    ['0', '500', '1000'],
    ['500', '1000'],
  ])
})

test('an empty line is drained already', async () => {
  const { line, batches } = arrange({})
  await line.drained()
  expect(batches).toEqual([])
})
