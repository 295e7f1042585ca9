// Says what the turn of an order depends on: how many mails its client asked for within an hour, and
// how many were ordered for its account.

import type { MailOrder } from '../ports.ts'

/** As it was when the mail was asked for. */
export interface Turn {
  /** How many mails its client had asked for within the hour; of several clients the fewest. */
  readonly byClient: number
  /** How many mails were ordered for its account within the hour. */
  readonly byAccount: number
}

/** Times are unix milliseconds. */
export interface OrderTurns {
  /** Says whether an order would be the first of its client within the hour. */
  isFirst(order: MailOrder, now: number): boolean
  /** Counts a new order, unless no client has asked for it. @returns its turn */
  begin(order: MailOrder, now: number): Turn
  /**
   * Lets the client of an order share in the turn of one that waits for the same mail. The mail is
   * counted for the client only where that betters its turn: so an owner's request never waits for
   * the turn of another client that asked for the same account before.
   */
  join(turn: Turn, order: MailOrder, now: number): Turn
}

interface Period {
  count: number
  readonly startedAt: number
}

const NOT_ASKED_FOR: Turn = { byClient: 0, byAccount: 0 }
const HOUR_MS = 3_600_000
const MAX_COUNTED = 100_000

/** Makes turns of which none is taken. */
export function createOrderTurns(): OrderTurns {
  const clients = createCounts()
  const accounts = createCounts()
  return {
    isFirst: ({ client }, now) => client === undefined || clients.count(client, now) === 0,
    begin({ accountId, client }, now) {
      if (client === undefined) return NOT_ASKED_FOR
      const turn = {
        byClient: clients.count(client, now),
        byAccount: accounts.count(accountId, now),
      }
      clients.add(client, now)
      accounts.add(accountId, now)
      return turn
    },
    join(turn, { client = '' }, now) {
      const byClient = clients.count(client, now)
      if (byClient >= turn.byClient) return turn
      clients.add(client, now)
      return { ...turn, byClient }
    },
  }
}

/** Counts names for an hour from their first time on, at most 100,000: of more, the first to come go. */
function createCounts() {
  // All periods are equally long, so the map is in the order in which they end.
  const periods = new Map<string, Period>()
  // One of a clock that was ahead for a moment is over, too.
  const isOver = ({ startedAt }: Period, now: number) =>
    now < startedAt || now >= startedAt + HOUR_MS
  const find = (name: string, now: number) => {
    const period = periods.get(name)
    return period && !isOver(period, now) ? period : undefined
  }
  return {
    count: (name: string, now: number) => find(name, now)?.count ?? 0,
    add(name: string, now: number) {
      const period = find(name, now)
      if (period) {
        period.count += 1
        return
      }
      periods.delete(name)
      for (const [oldest, other] of periods) {
        if (periods.size < MAX_COUNTED && !isOver(other, now)) break
        periods.delete(oldest)
      }
      periods.set(name, { count: 1, startedAt: now })
    },
  }
}
