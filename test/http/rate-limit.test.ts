// How many requests a client may make: the period, the seconds to wait, and what a flood costs.

import { beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Rate } from '../../src/core/rate.ts'
import { createLimiter } from '../../src/http/limiter.ts'
import type { Limiter } from '../../src/ports.ts'
import { measureHeap } from '../flows/heap.ts'

const START = 1_769_860_800_000

let now = START

beforeEach(() => {
  now = START
})

const create = (rate: Rate) => createLimiter(rate, () => now)

function count(limiter: Limiter, client: string, moments: readonly number[]): number[] {
  return moments.map((milliseconds) => {
    now = START + milliseconds
    return limiter.count(client)
  })
}

describe('a client', () => {
  test('may make as many requests as the limit says', () => {
    const limiter = create({ limit: 3, seconds: 900 })
    expect(count(limiter, 'a', [0, 0, 0])).toEqual([0, 0, 0])
  })

  test('has to wait for the end of the period that its first request began', () => {
    const limiter = create({ limit: 2, seconds: 900 })
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
    const limiter = create({ limit: 1, seconds: 900 })
    expect(count(limiter, 'a', [0, moment])).toEqual([0, seconds])
  })

  test('may make requests again at the very end of the period', () => {
    const limiter = create({ limit: 1, seconds: 900 })
    expect(count(limiter, 'a', [0, 899_999, 900_000, 900_001])).toEqual([0, 1, 0, 900])
  })

  test('finds that it may come back after the seconds it was told', () => {
    const limiter = create({ limit: 1, seconds: 7 })
    const [, wait = 0] = count(limiter, 'a', [0, 1234])
    expect(count(limiter, 'a', [1234 + wait * 1000])).toEqual([0])
  })

  test('does not lengthen its wait by asking on', () => {
    const limiter = create({ limit: 1, seconds: 10 })
    expect(count(limiter, 'a', [0, 1000, 2000, 9000, 10_000])).toEqual([0, 9, 8, 1, 0])
  })

  test('does not use up what others may ask for', () => {
    const limiter = create({ limit: 1, seconds: 900 })
    expect([...count(limiter, 'a', [0, 0]), ...count(limiter, 'b', [0])]).toEqual([0, 900, 0])
  })

  test('is counted by each limiter alone', () => {
    const [one, other] = [create({ limit: 1, seconds: 900 }), create({ limit: 1, seconds: 900 })]
    expect([...count(one, 'a', [0]), ...count(other, 'a', [0])]).toEqual([0, 0])
  })

  test.each(['', 'unknown', '__proto__', 'constructor'])('may be named %j', (client) => {
    const limiter = create({ limit: 1, seconds: 900 })
    expect(count(limiter, client, [0, 0])).toEqual([0, 900])
  })
})

/** Many addresses ask once each, a thousand of them in a millisecond. */
function flood(limiter: Limiter, addresses: number, startMs = 0): void {
  for (let index = 0; index < addresses; index += 1) {
    now = START + startMs + Math.floor(index / 1000)
    limiter.count(`2001:${startMs}:${index}`)
  }
}

describe('a flood of a million addresses', () => {
  const limiter = create({ limit: 30, seconds: 900 })
  let bytes: number

  beforeAll(() => {
    now = START
    for (let request = 0; request < 30; request += 1) limiter.count('heavy')
    for (let request = 0; request < 15; request += 1) limiter.count('half')
    const bytesBefore = measureHeap()
    flood(limiter, 1_000_000)
    bytes = measureHeap() - bytesBefore
  })

  beforeEach(() => {
    now = START + 2000
  })

  test('takes a bounded amount of memory', () => {
    expect(bytes).toBeLessThan(40_000_000)
  })

  test('does not free a client that has reached its limit', () => {
    expect(limiter.count('heavy')).toBe(898)
  })

  test('does not free a client that has used half of its limit', () => {
    const waits = Array.from({ length: 16 }, () => limiter.count('half'))
    expect(waits.filter((wait) => wait > 0)).toHaveLength(1)
  })
})

describe('a flood of more addresses than there is room for', () => {
  test('costs what is over before it costs what still counts', () => {
    const limiter = create({ limit: 1, seconds: 900 })
    flood(limiter, 99_999)
    count(limiter, 'young', [899_000])
    flood(limiter, 90_000, 1_000_000)
    expect(count(limiter, 'young', [1_001_000])).toEqual([798])
  })

  test('finds what is over behind a client that has begun anew', () => {
    const limiter = create({ limit: 1, seconds: 900 })
    count(limiter, 'anew', [0])
    flood(limiter, 99_990, 800_000)
    count(limiter, 'anew', [900_000])
    count(limiter, 'young', [1_699_000])
    flood(limiter, 90_000, 1_750_000)
    expect(count(limiter, 'young', [1_751_000])).toEqual([848])
  })

  test.each([1, 2, 29])(
    'costs one other for each newcomer, also where every place is held by one who asked %i times',
    (limit) => {
      const limiter = create({ limit, seconds: 900 })
      const clients = Array.from({ length: 100_000 }, (_, index) => `client ${index}`)
      for (let asked = 0; asked < limit; asked += 1) {
        for (const client of clients) limiter.count(client)
      }
      for (let newcomer = 0; newcomer < 7; newcomer += 1) limiter.count(`newcomer ${newcomer}`)
      expect(clients.filter((client) => limiter.waitFor(client) === 0)).toHaveLength(7)
    },
  )
})

describe('a clock that is set', () => {
  const day = 86_400_000

  test('back locks nobody out for longer than a period', () => {
    const limiter = create({ limit: 1, seconds: 900 })
    expect(count(limiter, 'a', [3 * day, 3 * day + 1, 0, 1])).toEqual([0, 900, 0, 900])
    expect(limiter.waitFor('a')).toBe(900)
  })

  test('back by less than a period lets nobody wait for more than one', () => {
    const limiter = create({ limit: 1, seconds: 900 })
    const [, wait = 0] = count(limiter, 'a', [100_000, 40_000])
    expect(wait).toBeLessThanOrEqual(900)
  })

  test('back holds no place for those who came before', () => {
    const limiter = create({ limit: 1, seconds: 900 })
    flood(limiter, 99_999, 3 * day)
    count(limiter, 'young', [0])
    flood(limiter, 90_000, 1000)
    expect(count(limiter, 'young', [2000])).toEqual([898])
  })
})
