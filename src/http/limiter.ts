// Counts what a client address or an account does in a period, from its first time on.

import type { Rate } from '../core/rate.ts'
import type { Limiter } from '../ports.ts'

interface Period {
  count: number
  /** Unix milliseconds. */
  readonly endsAt: number
}

const MAX_COUNTED = 100_000

/** Makes a limiter that knows at most 100,000 of them: about 15 MB. */
export function createLimiter(rate: Rate): Limiter {
  // All periods are equally long, so the map is in the order in which they end.
  const periods = new Map<string, Period>()

  const makeRoom = (now: number) => {
    for (const [who, period] of periods) {
      if (period.endsAt > now) break
      periods.delete(who)
    }
    if (periods.size < MAX_COUNTED) return
    // A flood of addresses costs those that asked least, so nobody near the limit is forgotten
    // for it; and a tenth at once, so that not every newcomer costs a look through all of them.
    for (let least = 1; periods.size > MAX_COUNTED * 0.9; least += 1) {
      for (const [who, period] of periods) if (period.count <= least) periods.delete(who)
    }
  }

  const secondsLeft = (period: Period, now: number) => Math.ceil((period.endsAt - now) / 1000)

  return {
    count(who, now) {
      let period = periods.get(who)
      if (!period || period.endsAt <= now) {
        if (period) periods.delete(who)
        if (periods.size >= MAX_COUNTED) makeRoom(now)
        period = { count: 0, endsAt: now + rate.seconds * 1000 }
        periods.set(who, period)
      }
      if (period.count >= rate.limit) return secondsLeft(period, now)
      period.count += 1
      return 0
    },
    waitFor(who, now) {
      const period = periods.get(who)
      const isOver = period && period.endsAt > now && period.count >= rate.limit
      return isOver ? secondsLeft(period, now) : 0
    },
  }
}
