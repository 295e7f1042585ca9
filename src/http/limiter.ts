// Counts what a client address or an account does in a period, from its first time on.

import type { Rate } from '../core/rate.ts'
import type { Limiter } from '../ports.ts'

interface Period {
  readonly who: string
  count: number
  /** Milliseconds of the limiter's clock. */
  endsAt: number
}

const MAX_COUNTED = 100_000
/** How many places are looked at to find one for a newcomer. */
const LOOKS = 32

/**
 * Makes a limiter that knows at most 100,000 of them: about 15 MB. No single count does more work than
 * another, whatever it finds.
 *
 * @param clock monotonic; milliseconds
 */
export function createLimiter(rate: Rate, clock: () => number): Limiter {
  const lengthMs = rate.seconds * 1000
  const periods = new Map<string, Period>()
  /** The same periods, in no order. */
  const places: Period[] = []
  let hand = 0

  // One that ends after its length began on a clock that has been set back since.
  const isOver = ({ endsAt }: Period, now: number) => endsAt <= now || endsAt > now + lengthMs

  /**
   * Finds, among the next few places, one whose period is over, else the one with the lowest count: a flood
   * of addresses makes room among its own, and does not push out a client near the limit.
   */
  const findPlace = (now: number): number => {
    let found = hand
    let least = Number.POSITIVE_INFINITY
    for (let looks = 0; looks < LOOKS && least > 0; looks += 1) {
      hand = (hand + 1) % places.length
      const period = places[hand] as Period
      const worth = isOver(period, now) ? 0 : period.count
      if (worth < least) [found, least] = [hand, worth]
    }
    return found
  }

  const admit = (who: string, now: number): Period => {
    const period = { who, count: 0, endsAt: now + lengthMs }
    if (places.length < MAX_COUNTED) {
      places.push(period)
    } else {
      const place = findPlace(now)
      periods.delete((places[place] as Period).who)
      places[place] = period
    }
    periods.set(who, period)
    return period
  }

  const secondsLeft = (period: Period, now: number) => Math.ceil((period.endsAt - now) / 1000)

  return {
    count(who) {
      const now = clock()
      const period = periods.get(who) ?? admit(who, now)
      if (isOver(period, now)) {
        period.count = 0
        period.endsAt = now + lengthMs
      }
      if (period.count >= rate.limit) return secondsLeft(period, now)
      period.count += 1
      return 0
    },
    waitFor(who) {
      const now = clock()
      const period = periods.get(who)
      const isReached = period && !isOver(period, now) && period.count >= rate.limit
      return isReached ? secondsLeft(period, now) : 0
    },
  }
}
