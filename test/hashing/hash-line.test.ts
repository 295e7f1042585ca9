// The hashing line: a few at once, a bounded number that wait, in order, and no place is ever lost.

import { describe, expect, test } from 'vitest'
import { RekeyError } from '../../src/errors.ts'
import { createHashLine } from '../../src/hashing/hash-line.ts'

/** Hashes that end when the test says so, by number. */
function heldHashes(atOnce: number, mayWait: number) {
  const line = createHashLine(atOnce, mayWait)
  const begun: number[] = []
  const hold = new Map<number, PromiseWithResolvers<string>>()
  const ask = (number: number): Promise<string> => {
    const held = Promise.withResolvers<string>()
    hold.set(number, held)
    return line.run(() => {
      begun.push(number)
      return held.promise
    })
  }
  const finish = (number: number) => hold.get(number)?.resolve(`hash ${number}`)
  const fail = (number: number) => hold.get(number)?.reject(new Error(`no hash ${number}`))
  return { line, begun, ask, finish, fail }
}

function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

describe('the hashing line', () => {
  test('begins as many at once as it may, in order', async () => {
    const { begun, ask, finish } = heldHashes(2, 3)
    const hashes = [1, 2, 3, 4, 5].map(ask)
    expect(begun).toEqual([1, 2])
    for (const number of [1, 2, 3, 4, 5]) finish(number)
    await Promise.all(hashes)
    expect(begun).toEqual([1, 2, 3, 4, 5])
  })

  test('begins one for each that ends', async () => {
    const { begun, ask, finish } = heldHashes(2, 3)
    const hashes = [1, 2, 3, 4].map(ask)
    finish(2)
    await settle()
    expect(begun).toEqual([1, 2, 3])
    for (const number of [1, 3, 4]) finish(number)
    await Promise.all(hashes)
  })

  test('never runs more at once, however many ask while others end', async () => {
    const line = createHashLine(3, 1000)
    let running = 0
    let most = 0
    const work = async () => {
      running += 1
      most = Math.max(most, running)
      await settle()
      running -= 1
    }
    const askers = Array.from({ length: 30 }, async () => {
      for (let turn = 0; turn < 10; turn += 1) await line.run(work)
    })
    await Promise.all(askers)
    expect({ running, most }).toEqual({ running: 0, most: 3 })
  })

  test('gives each its own hash', async () => {
    const { ask, finish } = heldHashes(1, 2)
    const hashes = [1, 2, 3].map(ask)
    for (const number of [3, 2, 1]) finish(number)
    expect(await Promise.all(hashes)).toEqual(['hash 1', 'hash 2', 'hash 3'])
  })

  test('lets nobody overtake those who wait', async () => {
    const { begun, ask, finish } = heldHashes(1, 2)
    const first = ask(1)
    const second = ask(2)
    finish(1)
    const third = ask(3)
    await first
    expect(begun).toEqual([1, 2])
    finish(2)
    finish(3)
    await Promise.all([second, third])
  })
})

describe('a full hashing line', () => {
  test('refuses the next one at once as unavailable, to come back in 2 s', async () => {
    const { ask, finish } = heldHashes(1, 1)
    const hashes = [ask(1), ask(2)]
    const refusal = await ask(3).catch((error: unknown) => error)
    expect(refusal).toBeInstanceOf(RekeyError)
    expect(refusal).toMatchObject({ code: 'unavailable', retryAfterSeconds: 2 })
    for (const number of [1, 2]) finish(number)
    await Promise.all(hashes)
  })

  test('never begins what it refused', async () => {
    const { begun, ask, finish } = heldHashes(1, 0)
    const first = ask(1)
    await expect(ask(2)).rejects.toThrow(RekeyError)
    finish(1)
    await first
    expect(begun).toEqual([1])
  })

  test('takes one again as soon as one has ended', async () => {
    const { begun, ask, finish } = heldHashes(1, 1)
    const hashes = [ask(1), ask(2)]
    finish(1)
    await hashes[0]
    hashes.push(ask(3))
    finish(2)
    finish(3)
    await Promise.all(hashes)
    expect(begun).toEqual([1, 2, 3])
  })
})

describe('a hash that fails', () => {
  test('is told to the one who asked for it', async () => {
    const { ask, fail } = heldHashes(1, 1)
    const hash = ask(1)
    fail(1)
    await expect(hash).rejects.toThrow('no hash 1')
  })

  test('frees its place for the next', async () => {
    const { ask, finish, fail } = heldHashes(1, 1)
    const [failed, next] = [ask(1), ask(2)]
    fail(1)
    finish(2)
    await expect(failed).rejects.toThrow()
    expect(await next).toBe('hash 2')
  })

  test('frees its place although nobody waits', async () => {
    const { ask, finish, fail } = heldHashes(1, 0)
    const failed = ask(1)
    fail(1)
    await expect(failed).rejects.toThrow()
    const next = ask(2)
    finish(2)
    expect(await next).toBe('hash 2')
  })

  test('frees its place also when it throws before it returns a promise', async () => {
    const { line } = heldHashes(1, 0)
    const failed = line.run(() => {
      throw new Error('at once')
    })
    await expect(failed).rejects.toThrow('at once')
    expect(await line.run(async () => 'hash')).toBe('hash')
  })
})
