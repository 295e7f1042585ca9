// How mails are spread over each second.

import { describe, expect, test } from 'vitest'
import { createPace } from '../../src/mail/pace.ts'

/** Sends as often as the pace lets it. @returns when, in milliseconds */
function sendFor(durationMs: number, perSecond: number, togetherMs = 10): number[] {
  const pace = createPace(perSecond, togetherMs)
  const times: number[] = []
  for (let now = 0; now < durationMs; now += togetherMs) {
    while (pace.take(now)) times.push(now)
  }
  return times
}

describe.each([1, 2, 5, 14, 100, 333, 1000])('%s a second', (perSecond) => {
  const times = sendFor(10_000, perSecond)

  test('are never more within any second', () => {
    const most = Math.max(
      ...times.map((from) => times.filter((at) => at >= from && at < from + 1000).length),
    )
    expect(most).toBeLessThanOrEqual(perSecond)
  })

  test('are nearly as many', () => {
    expect(times.length).toBeGreaterThanOrEqual(Math.floor(perSecond * 10 * 0.9) - 1)
  })
})

test('what was given back is there for the next mail', () => {
  const pace = createPace(10, 10)
  pace.take(0)
  pace.giveBack()
  expect([pace.take(0), pace.take(0)]).toEqual([true, false])
})

test('without a limit nothing waits', () => {
  const pace = createPace(Number.POSITIVE_INFINITY, 10)
  expect(Array.from({ length: 1000 }, () => pace.take(0))).not.toContain(false)
})

test('time without mails is not made up for', () => {
  const pace = createPace(10, 10)
  expect(pace.take(60_000)).toBe(true)
  expect(pace.take(60_000)).toBe(false)
  expect(pace.waitMs(60_000)).toBeGreaterThan(90)
})
