// The line between a reply and everything that concerns an account: order, pace, bounds, failures.

import { expect, test } from 'vitest'
import { createIntakeLine } from '../../src/mail/intake-line.ts'
import type { ResetRequest } from '../../src/ports.ts'

const requestOf = (
  text: string,
  receivedAt = 0,
  kind: ResetRequest['identifier']['kind'] = 'address',
): ResetRequest => ({ identifier: { kind, text }, receivedAt, client: 'a client' })
const texts = (requests: readonly ResetRequest[]) =>
  requests.map(({ identifier }) => identifier.text)

interface Arranged {
  readonly capacity?: number
  readonly maxAgeSeconds?: number
  readonly now?: () => number
  /** What each batch comes to, in turn; afterwards all of them succeed. */
  readonly outcomes?: (() => Promise<unknown>)[]
  /** What comes of each batch after that. */
  readonly handle?: (texts: readonly string[]) => Promise<unknown>
  readonly findsNobody?: () => Promise<boolean>
}

/** What a look-up throws that was given up for the time that it took. */
const tooSlow = new Error('too slow')

function arrange({
  capacity = 10_000,
  maxAgeSeconds = 60,
  now = () => 0,
  outcomes = [],
  handle = async () => {},
  findsNobody = async () => true,
}: Arranged) {
  const batches: string[][] = []
  const failures: [unknown, number][] = []
  const drops: string[] = []
  const line = createIntakeLine({
    capacity,
    maxAgeSeconds,
    clock: now,
    handle: async (requests) => {
      batches.push(texts(requests))
      const outcome = outcomes.shift()
      await (outcome ? outcome() : handle(texts(requests)))
    },
    isTooSlow: (error) => error === tooSlow,
    findsNobody,
    onFailure: (error, waiting) => failures.push([error, waiting]),
    onDrop: (reason) => drops.push(reason),
  })
  return { line, batches, failures, drops }
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
  const { line, batches, drops } = arrange({
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
  expect(drops).toEqual(['too_late'])
})

/** A service whose database gives each look-up ten seconds, and is too slow for some of them. */
function arrangeSlow(isSlow: (texts: readonly string[]) => boolean) {
  let now = 0
  const handled = new Map<string, number>()
  const arranged = arrange({
    maxAgeSeconds: 300,
    now: () => now,
    handle: async (texts) => {
      if (isSlow(texts)) {
        now += 10_000
        throw tooSlow
      }
      for (const text of texts) handled.set(text, now)
    },
  })
  return { ...arranged, handled }
}

test('of 2000 requests the one that is too slow alone is dropped, and the others wait 40 seconds', async () => {
  const { line, handled, drops } = arrangeSlow((texts) => texts.includes('1234'))
  for (const name of [...Array(2000).keys()].map(String)) line.add(requestOf(name))
  await line.drained()
  expect(drops).toEqual(['look_up_too_slow'])
  expect([handled.size, handled.has('1234')]).toEqual([1999, false])
  expect(Math.max(...handled.values())).toBe(40_000)
})

test('a batch whose size makes it too slow is handled in parts, and nothing of it is dropped', async () => {
  const { line, batches, handled, drops } = arrangeSlow(({ length }) => length > 300)
  for (const name of [...Array(3000).keys()].map(String)) line.add(requestOf(name))
  await line.drained()
  expect([handled.size, drops]).toEqual([3000, []])
  // It did not grow while it was too slow.
  expect(batches.slice(0, 3).map(({ length }) => length)).toEqual([2000, 125, 125])
})

test('a request that was too slow once is tried again after the others, and not dropped for that', async () => {
  let failures = 2
  const { line, batches, drops } = arrange({
    handle: async (texts) => {
      if (texts.includes('a') && failures-- > 0) throw tooSlow
    },
  })
  for (const name of ['a', 'b', 'c']) line.add(requestOf(name))
  await line.drained()
  expect([batches, drops]).toEqual([[['a', 'b', 'c'], ['a'], ['b'], ['c'], ['a']], []])
})

test('while the database answers nobody, no request is blamed for it', async () => {
  const answers = [false, true]
  const { line, batches, drops } = arrange({
    outcomes: [() => Promise.reject(tooSlow), () => Promise.reject(tooSlow)],
    findsNobody: async () => answers.shift() ?? true,
  })
  line.add(requestOf('a'))
  await line.drained()
  expect([batches, drops]).toEqual([[['a'], ['a'], ['a']], []])
})

test('who gave an address does not wait for the logins', async () => {
  const logins = Promise.withResolvers<void>()
  const addressed = Promise.withResolvers<void>()
  const { line, batches } = arrange({
    handle: async (texts) => {
      if (texts.includes('login')) await logins.promise
      else addressed.resolve()
    },
  })
  line.add(requestOf('login', 0, 'login'))
  line.add(requestOf('a@b.c'))
  await addressed.promise
  expect(batches.toSorted()).toEqual([['a@b.c'], ['login']])
  logins.resolve()
  await line.drained()
})

test('a lane that is full of logins takes addresses', async () => {
  const { line } = arrange({ capacity: 1 })
  const added = ['login', 'login', 'address', 'address'] as const
  expect(added.map((kind) => line.add(requestOf('a', 0, kind)))).toEqual([true, false, true, false])
  await line.drained()
})

test('an empty line is drained already', async () => {
  const { line, batches } = arrange({})
  await line.drained()
  expect(batches).toEqual([])
})
