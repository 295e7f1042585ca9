// How many requests a client may make: the period, the seconds to wait, and what a flood costs.

import { beforeAll, describe, expect, test } from 'vitest'
import { createLimiter } from '../../src/http/limiter.ts'
import type { Limiter } from '../../src/ports.ts'
import { measureHeap } from '../flows/heap.ts'

const START = 1_769_860_800_000

function count(limiter: Limiter, client: string, moments: readonly number[]): number[] {
  return moments.map((milliseconds) => limiter.count(client, START + milliseconds))
}

describe('a client', () => {
  test('may make as many requests as the limit says', () => {
    const limiter = createLimiter({ limit: 3, seconds: 900 })
    expect(count(limiter, 'a', [0, 0, 0])).toEqual([0, 0, 0])
  })

  test('has to wait for the end of the period that its first request began', () => {
    const limiter = createLimiter({ limit: 2, seconds: 900 })
    expect(count(limiter, 'a', [0, 100_000, 100_000])).toEqual([0, 0, 800])
  })

  test.each([
    [0, 900],
    [1, 900],
    [999, 900],
    [1000, 899],
    [898_999, 2],
    [899_000, 1],
    [899_999, 1],
  ])('is told whole seconds, rounded up: %i ms into the period it is %i', (moment, seconds) => {
    const limiter = createLimiter({ limit: 1, seconds: 900 })
    expect(count(limiter, 'a', [0, moment])).toEqual([0, seconds])
  })

  test('may make requests again at the very end of the period', () => {
    const limiter = createLimiter({ limit: 1, seconds: 900 })
    expect(count(limiter, 'a', [0, 899_999, 900_000, 900_001])).toEqual([0, 1, 0, 900])
  })

  test('finds that it may come back after the seconds it was told', () => {
    const limiter = createLimiter({ limit: 1, seconds: 7 })
    const [, wait = 0] = count(limiter, 'a', [0, 1234])
    expect(count(limiter, 'a', [1234 + wait * 1000])).toEqual([0])
  })

  test('does not lengthen its wait by asking on', () => {
    const limiter = createLimiter({ limit: 1, seconds: 10 })
    expect(count(limiter, 'a', [0, 1000, 2000, 9000, 10_000])).toEqual([0, 9, 8, 1, 0])
  })

  test('does not use up what others may ask for', () => {
    const limiter = createLimiter({ limit: 1, seconds: 900 })
    expect([...count(limiter, 'a', [0, 0]), ...count(limiter, 'b', [0])]).toEqual([0, 900, 0])
  })

  test('is counted by each limiter alone', () => {
    const [one, other] = [
      createLimiter({ limit: 1, seconds: 900 }),
      createLimiter({ limit: 1, seconds: 900 }),
    ]
    expect([...count(one, 'a', [0]), ...count(other, 'a', [0])]).toEqual([0, 0])
  })

  test.each(['', 'unknown', '__proto__', 'constructor'])('may be named %j', (client) => {
    const limiter = createLimiter({ limit: 1, seconds: 900 })
    expect(count(limiter, client, [0, 0])).toEqual([0, 900])
  })
})

/** Many addresses ask once each, a thousand of them in a millisecond. */
function flood(limiter: Limiter, addresses: number, startMs = 0): void {
  for (let index = 0; index < addresses; index += 1) {
    limiter.count(`2001:${startMs}:${index}`, START + startMs + index / 1000)
  }
}

describe('a flood of a million addresses', () => {
  const limiter = createLimiter({ limit: 30, seconds: 900 })
  let bytes: number
  let milliseconds: number

  beforeAll(() => {
    for (let request = 0; request < 30; request += 1) limiter.count('heavy', START)
    for (let request = 0; request < 15; request += 1) limiter.count('half', START)
    const bytesBefore = measureHeap()
    const start = performance.now()
    flood(limiter, 1_000_000)
    milliseconds = performance.now() - start
    bytes = measureHeap() - bytesBefore
  })

  test('takes a bounded amount of memory', () => {
    expect(bytes).toBeLessThan(40_000_000)
  })

  test('is counted in bounded time', () => {
    expect(milliseconds).toBeLessThan(5000)
  })

  test('does not free a client that has reached its limit', () => {
    expect(limiter.count('heavy', START + 2000)).toBe(898)
  })

  test('does not free a client that has used half of its limit', () => {
    const waits = Array.from({ length: 16 }, () => limiter.count('half', START + 2000))
    expect(waits.filter((wait) => wait > 0)).toHaveLength(1)
  })
})

describe('a flood of more addresses than there is room for', () => {
  test('costs what is over before it costs what still counts', () => {
    const limiter = createLimiter({ limit: 1, seconds: 900 })
    flood(limiter, 99_999)
    limiter.count('young', START + 899_000)
    flood(limiter, 90_000, 1_000_000)
    expect(limiter.count('young', START + 1_001_000)).toBe(798)
  })

  test('finds what is over behind a client that has begun anew', () => {
    const limiter = createLimiter({ limit: 1, seconds: 900 })
    limiter.count('anew', START)
    flood(limiter, 99_990, 800_000)
    limiter.count('anew', START + 900_000)
    limiter.count('young', START + 1_699_000)
    flood(limiter, 90_000, 1_750_000)
    expect(limiter.count('young', START + 1_751_000)).toBe(848)
  })

  test('is counted in bounded time although every place is held by one who asked twice', () => {
    const limiter = createLimiter({ limit: 30, seconds: 900 })
    flood(limiter, 99_999)
    flood(limiter, 99_999)
    const start = performance.now()
    for (let index = 0; index < 1500; index += 1) limiter.count(`newcomer ${index}`, START + 1000)
    expect(performance.now() - start).toBeLessThan(500)
  })
})
