// How many mails that anybody can ask for go out in a day, when, and what is said of it.

import { describe, expect, test } from 'vitest'
import { createDailyBudget, type DailyBudget } from '../../src/mail/daily-budget.ts'

const HOUR = 3_600_000
const MIDNIGHT = Date.UTC(2026, 0, 31)

function arrange(mailsPerDay: number, startedAt = MIDNIGHT) {
  const said: number[] = []
  const budget = createDailyBudget({
    mailsPerDay,
    startedAt,
    onUsed: (percent) => said.push(percent),
  })
  return { budget, said }
}

/** Sends as much as there is. @returns how many mails that were */
function spendAll(budget: DailyBudget, now: number, isFirst = true): number {
  for (let count = 0; ; count += 1) {
    const share = budget.reserve(isFirst, now)
    if (!share) return count
    share.spend(now)
  }
}

describe('a budget', () => {
  test('is spread over the day, and used up before its end', () => {
    const { budget } = arrange(240)
    const perHour = Array.from({ length: 24 }, (_, hour) =>
      spendAll(budget, MIDNIGHT + hour * HOUR),
    )
    expect(perHour).toEqual(Array(24).fill(10))
    expect(spendAll(budget, MIDNIGHT + 24 * HOUR - 1)).toBe(0)
  })

  test('carries over what was not used, to the end of the day', () => {
    const { budget } = arrange(240)
    expect(spendAll(budget, MIDNIGHT + 11 * HOUR)).toBe(120)
    expect(spendAll(budget, MIDNIGHT + 24 * HOUR)).toBe(10)
  })

  test('is not there at once for a process that begins late in the day', () => {
    const { budget } = arrange(240, MIDNIGHT + 20 * HOUR)
    expect(spendAll(budget, MIDNIGHT + 20 * HOUR)).toBe(10)
    expect(spendAll(budget, MIDNIGHT + 21 * HOUR)).toBe(10)
  })

  test('of one mail lets it out at once, and no other', () => {
    const { budget } = arrange(1)
    expect(spendAll(budget, MIDNIGHT)).toBe(1)
    expect(budget.waitMs(true, MIDNIGHT + HOUR)).toBe(23 * HOUR)
  })

  test('says when the next mail may go', () => {
    const { budget } = arrange(240)
    spendAll(budget, MIDNIGHT)
    expect(budget.waitMs(true, MIDNIGHT)).toBe(HOUR / 10)
  })

  test('is never more than used in a day, whenever mails are asked for', () => {
    const { budget } = arrange(100)
    let sent = 0
    for (let now = MIDNIGHT; now < MIDNIGHT + 24 * HOUR; now += 60_000)
      sent += spendAll(budget, now)
    expect(sent).toBe(100)
  })

  test('has again what was set aside for a mail that reached nobody', () => {
    const { budget } = arrange(1)
    budget.reserve(true, MIDNIGHT)?.release()
    expect(spendAll(budget, MIDNIGHT)).toBe(1)
  })

  test('is there on the day that a clock comes back to', () => {
    const { budget } = arrange(24)
    expect(budget.waitMs(true, MIDNIGHT + 30 * 24 * HOUR)).toBe(0)
    expect(spendAll(budget, MIDNIGHT)).toBe(1)
    expect(budget.waitMs(true, MIDNIGHT)).toBe(HOUR)
  })

  test('is not there anew after a clock was on another day for a moment', () => {
    const { budget, said } = arrange(24)
    for (let hour = 0; hour < 24; hour += 1) spendAll(budget, MIDNIGHT + hour * HOUR)
    for (const days of [-1, 1]) budget.waitMs(true, MIDNIGHT + days * 24 * HOUR)
    expect(spendAll(budget, MIDNIGHT + 24 * HOUR - 1)).toBe(0)
    expect(said).toEqual([50, 80, 100])
  })

  test('is there for a process that began by a clock which was ahead', () => {
    const { budget } = arrange(24, MIDNIGHT + 3 * HOUR)
    expect(budget.waitMs(true, MIDNIGHT + HOUR)).toBe(0)
  })

  test('keeps half of what is there at first for the first mail of each client', () => {
    const { budget } = arrange(2400)
    expect(spendAll(budget, MIDNIGHT, false)).toBe(50)
    expect(budget.waitMs(false, MIDNIGHT)).toBe(HOUR / 100)
    expect(spendAll(budget, MIDNIGHT)).toBe(50)
  })

  test('keeps that half all day long, whatever was carried over', () => {
    const { budget } = arrange(2400)
    expect(spendAll(budget, MIDNIGHT + 12 * HOUR, false)).toBe(1250)
    for (let hour = 12; hour < 24; hour += 1) spendAll(budget, MIDNIGHT + hour * HOUR, false)
    expect(spendAll(budget, MIDNIGHT + 24 * HOUR - 1)).toBe(50)
  })

  test.each([1, 24])('of %d a day has no half to keep', (mailsPerDay) => {
    const { budget } = arrange(mailsPerDay)
    expect(spendAll(budget, MIDNIGHT, false)).toBe(1)
  })

  test('sets aside no more than there is', () => {
    const { budget } = arrange(48)
    const shares = [1, 2, 3].map(() => budget.reserve(true, MIDNIGHT))
    expect(shares.map((share) => share !== undefined)).toEqual([true, true, false])
  })
})

describe('50, 80 and 100 percent', () => {
  test('are said once each', () => {
    const { budget, said } = arrange(100)
    for (let hour = 0; hour < 24; hour += 1) spendAll(budget, MIDNIGHT + hour * HOUR)
    expect(said).toEqual([50, 80, 100])
  })

  test('are said again the next day', () => {
    const { budget, said } = arrange(2)
    for (let hour = 0; hour < 48; hour += 1) spendAll(budget, MIDNIGHT + hour * HOUR)
    expect(said).toEqual([50, 80, 100, 50, 80, 100])
  })

  test('are all said of a single mail', () => {
    const { budget, said } = arrange(1)
    spendAll(budget, MIDNIGHT)
    expect(said).toEqual([50, 80, 100])
  })
})
