// How many requests a client may make in a period, counted from its first one.

import type { FastifyRequest } from 'fastify'
import { RekeyError } from '../errors.ts'
import type { Limiter } from '../ports.ts'
import { clientOf } from './client-address.ts'

interface Period {
  count: number
  /** Unix milliseconds. */
  readonly endsAt: number
}

const MAX_CLIENTS = 100_000

/** Makes a limiter that knows at most 100,000 clients: about 15 MB. */
export function createLimiter(rate: { limit: number; seconds: number }): Limiter {
  // All periods are equally long, so the map is in the order in which they end.
  const periods = new Map<string, Period>()

  const makeRoom = (now: number) => {
    for (const [client, period] of periods) {
      if (period.endsAt > now) break
      periods.delete(client)
    }
    if (periods.size < MAX_CLIENTS) return
    // A flood of addresses costs the clients that asked least, so nobody near the limit is forgotten
    // for it; and a tenth at once, so that not every newcomer costs a look through all of them.
    for (let least = 1; periods.size > MAX_CLIENTS * 0.9; least += 1) {
      for (const [client, period] of periods) if (period.count <= least) periods.delete(client)
    }
  }

  const secondsLeft = (period: Period, now: number) => Math.ceil((period.endsAt - now) / 1000)

  return {
    count(client, now) {
      let period = periods.get(client)
      if (!period || period.endsAt <= now) {
        if (period) periods.delete(client)
        if (periods.size >= MAX_CLIENTS) makeRoom(now)
        period = { count: 0, endsAt: now + rate.seconds * 1000 }
        periods.set(client, period)
      }
      if (period.count >= rate.limit) return secondsLeft(period, now)
      period.count += 1
      return 0
    },
    waitFor(client, now) {
      const period = periods.get(client)
      const isOver = period && period.endsAt > now && period.count >= rate.limit
      return isOver ? secondsLeft(period, now) : 0
    },
  }
}

/** A hook that refuses a client over its limit, before the body is read. */
export function limitRequests(limiter: Limiter, clock: () => number) {
  return (request: FastifyRequest, _reply: unknown, done: (error?: Error) => void): void => {
    const wait = limiter.count(clientOf(request.ip), clock())
    if (wait === 0) done()
    else done(new RekeyError('throttled', 'too many requests', { retryAfterSeconds: wait }))
  }
}
