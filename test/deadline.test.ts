// The time that a reply has, in which only waits for the database count.

import { afterEach, expect, test, vi } from 'vitest'
import { startDeadline } from '../src/deadline.ts'

afterEach(() => {
  vi.useRealTimers()
})

test('work that is exempt takes nothing of the time that is left, whatever becomes of it', async () => {
  vi.useFakeTimers({ toFake: ['performance'] })
  const deadline = startDeadline(1000)
  const hash = Promise.withResolvers<string>()
  const waiting = deadline.exempt(hash.promise)
  vi.advanceTimersByTime(60_000)
  hash.resolve('a hash')
  expect(await waiting).toBe('a hash')
  expect(deadline.leftMs()).toBe(1000)

  const refused = Promise.withResolvers<string>()
  const refusal = deadline.exempt(refused.promise)
  vi.advanceTimersByTime(60_000)
  refused.reject(new Error('the hash line is full'))
  await expect(refusal).rejects.toThrow('the hash line is full')
  vi.advanceTimersByTime(1500)
  expect(deadline.leftMs()).toBe(-500)
})
