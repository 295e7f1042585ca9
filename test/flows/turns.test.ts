// Work on one key happens one at a time and in order; other keys do not wait for it.

import { describe, expect, test } from 'vitest'
import { createTurns } from '../../src/flows/turns.ts'
import { measureHeap } from './heap.ts'

/** Work that ends when the test says so. */
function heldWork(log: string[], name: string) {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const work = async () => {
    log.push(`${name} begins`)
    try {
      return await promise
    } finally {
      log.push(`${name} ends`)
    }
  }
  return { work, finish: () => resolve(name), fail: () => reject(new Error(name)) }
}

/** Lets everything that can go on without the test go on. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

describe('work on one key', () => {
  test('begins at once where nobody works', async () => {
    const log: string[] = []
    const first = heldWork(log, 'a')
    const turn = createTurns().take('key', first.work)
    await settle()
    expect(log).toEqual(['a begins'])
    first.finish()
    await turn
  })

  test('waits for the work before it, in order', async () => {
    const turns = createTurns()
    const log: string[] = []
    const works = ['a', 'b', 'c'].map((name) => heldWork(log, name))
    const done = works.map(({ work }) => turns.take('key', work))
    for (const { finish } of works.toReversed()) finish()
    await Promise.all(done)
    expect(log).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends'])
  })

  test('does not begin as long as the work before it goes on', async () => {
    const turns = createTurns()
    const log: string[] = []
    const [first, second] = [heldWork(log, 'a'), heldWork(log, 'b')]
    const done = [turns.take('key', first.work), turns.take('key', second.work)]
    second.finish()
    await settle()
    expect(log).toEqual(['a begins'])
    first.finish()
    await Promise.all(done)
  })

  test('gives each caller the outcome of its own', async () => {
    const turns = createTurns()
    const outcomes = await Promise.all([
      turns.take('key', async () => 1),
      turns.take('key', async () => 'two'),
    ])
    expect(outcomes).toEqual([1, 'two'])
  })

  test('goes on after a failure, which only its own caller hears of', async () => {
    const turns = createTurns()
    const log: string[] = []
    const [first, second] = [heldWork(log, 'a'), heldWork(log, 'b')]
    const done = [turns.take('key', first.work), turns.take('key', second.work)]
    first.fail()
    second.finish()
    const outcomes = await Promise.allSettled(done)
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled'])
  })

  test('goes on after work that throws before it returns a promise', async () => {
    const turns = createTurns()
    const failing = turns.take('key', () => {
      throw new Error('at once')
    })
    const next = turns.take('key', async () => 'next')
    await expect(failing).rejects.toThrow('at once')
    expect(await next).toBe('next')
  })

  test('may be asked for anew as soon as it is over', async () => {
    const turns = createTurns()
    await turns.take('key', async () => 1)
    expect(await turns.take('key', async () => 2)).toBe(2)
  })

  test('waits also for work that itself has waited', async () => {
    const turns = createTurns()
    const log: string[] = []
    const works = ['a', 'b', 'c'].map((name) => heldWork(log, name))
    const [first, second, third] = works
    const done = [first, second].map((held) => held && turns.take('key', held.work))
    first?.finish()
    await done[0]
    done.push(third && turns.take('key', third.work))
    await settle()
    expect(log).toEqual(['a begins', 'a ends', 'b begins'])
    for (const { finish } of works) finish()
    await Promise.all(done)
  })

  test('never overlaps, however many ask in whatever order', async () => {
    const turns = createTurns()
    let working = 0
    let most = 0
    const work = async () => {
      working += 1
      most = Math.max(most, working)
      await settle()
      working -= 1
    }
    await Promise.all(Array.from({ length: 50 }, () => turns.take('key', work)))
    expect(most).toBe(1)
  })
})

describe('work on another key', () => {
  test('does not wait', async () => {
    const turns = createTurns()
    const held = heldWork([], 'a')
    const done = turns.take('key', held.work)
    expect(await turns.take('other', async () => 'not held up')).toBe('not held up')
    held.finish()
    await done
  })

  test.each(['', '__proto__', 'constructor'])('such as %j is a key like any other', async (key) => {
    const turns = createTurns()
    const outcomes = [turns.take(key, async () => 1), turns.take(key, async () => 2)]
    expect(await Promise.all(outcomes)).toEqual([1, 2])
  })
})

test('keys are forgotten when nobody works on them, whether they failed or not', async () => {
  const turns = createTurns()
  const before = measureHeap()
  // 2,000 keys of 20 kB each would be 40 MB.
  for (let index = 0; index < 2000; index += 1) {
    const key = Buffer.alloc(10_000, index).toString('hex')
    const done = turns.take(key, async () => {
      if (index % 2 === 0) throw new Error('half of them fail')
    })
    await done.catch(() => {})
  }
  expect(measureHeap() - before).toBeLessThan(5_000_000)
  await turns.take('still', async () => 'in use')
})
