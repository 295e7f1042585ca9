// Holds mail orders until they are sent: bounded, a few at a time, tried again with back-off.

import { RekeyError } from '../errors.ts'
import type { Events, MailLine, MailOrder, OutgoingMail, Transport } from '../ports.ts'

export interface DrainingMailLine extends MailLine {
  /** Waits until every order is sent, refused or given up. */
  drained(): Promise<void>
  /** Orders that wait, are on their way, or wait to be tried again. */
  waiting(): number
}

interface MailLineOptions {
  readonly capacity: number
  /** How many mails are on their way at once. */
  readonly atOnce: number
  /** Composes a batch; undefined for an order that needs no mail any more. */
  readonly compose: (orders: readonly MailOrder[]) => Promise<(OutgoingMail | undefined)[]>
  readonly transport: Transport
  readonly events: Events
  /** Is told that nothing could be composed, and how many orders wait. */
  readonly onUnreadable: (reason: string, waiting: number) => void
  /** Is told of an order whose mail was refused or given up. */
  readonly onFailed: (order: MailOrder) => void
  /** How long to wait before the second, third, ... attempt; up to half as long again. */
  readonly backOffMs?: readonly number[]
}

interface Item {
  readonly key: string
  readonly order: MailOrder
  readonly earlierAttempts: number
}

const BACK_OFF_MS = [500, 2000, 8000, 30_000]
// Orders that arrive while it passes are read from the database in one statement.
const PACE_MS = 10

/** Makes an empty line. */
export function createMailLine(options: MailLineOptions): DrainingMailLine {
  const { transport, events, backOffMs = BACK_OFF_MS } = options
  // By what makes two orders the same mail, so that a burst of requests waits as one.
  const waiting = new Map<string, Item>()
  const onTheirWay = new Set<Item>()
  const backingOff = new Set<Item>()
  const whenDrained: (() => void)[] = []
  let isPaced = false

  const size = () => waiting.size + onTheirWay.size + backingOff.size
  const schedule = () => {
    if (waiting.size > 0 && onTheirWay.size < options.atOnce && !isPaced) {
      isPaced = true
      setTimeout(start, PACE_MS)
    }
    if (size() === 0) for (const resolve of whenDrained.splice(0)) resolve()
  }
  const start = async () => {
    isPaced = false
    const items = waiting
      .values()
      .take(options.atOnce - onTheirWay.size)
      .toArray()
    for (const item of items) {
      waiting.delete(item.key)
      onTheirWay.add(item)
    }
    try {
      const mails = await options.compose(items.map((item) => item.order))
      for (const [index, item] of items.entries()) void send(item, mails[index])
    } catch (error) {
      const reason = error instanceof Error ? error.message : 'unknown'
      const isAway = error instanceof RekeyError && error.code === 'unavailable'
      if (isAway) options.onUnreadable(reason, size())
      for (const item of items) {
        // No fault of a mail: it costs no attempt, however long the database is away.
        if (isAway) putBack(item, item.earlierAttempts, backOffMs[0] ?? 0)
        else tryAgain(item, reason)
      }
      schedule()
    }
  }
  const send = async (item: Item, mail: OutgoingMail | undefined) => {
    const outcome = mail ? await transport.send(mail) : undefined
    if (outcome?.status === 'unsent' || outcome?.status === 'unknown')
      return tryAgain(item, outcome.reason)
    const { accountId, kind } = item.order
    if (outcome?.status === 'sent')
      events.record({ type: 'password_reset.mailed', accountId, kind })
    if (outcome?.status === 'refused') fail(item, outcome.reason)
    onTheirWay.delete(item)
    schedule()
  }
  const tryAgain = (item: Item, reason: string) => {
    onTheirWay.delete(item)
    const pause = backOffMs[item.earlierAttempts]
    if (pause === undefined) fail(item, reason)
    else putBack(item, item.earlierAttempts + 1, pause)
    schedule()
  }
  const putBack = (item: Item, earlierAttempts: number, pauseMs: number) => {
    onTheirWay.delete(item)
    backingOff.add(item)
    const resume = () => {
      backingOff.delete(item)
      waiting.set(item.key, { ...item, earlierAttempts })
      schedule()
    }
    setTimeout(resume, pauseMs * (1 + Math.random() / 2))
  }
  const fail = (item: Item, reason: string) => {
    const { accountId, kind } = item.order
    events.record({ type: 'password_reset.mail_failed', accountId, kind, reason })
    options.onFailed(item.order)
  }

  return {
    add(order) {
      const key = `${order.kind} ${order.timestamp} ${order.accountId}`
      if (waiting.has(key)) return
      if (size() >= options.capacity) {
        events.record({ type: 'password_reset.ignored', reason: 'mail_line_full' })
        return
      }
      waiting.set(key, { key, order, earlierAttempts: 0 })
      schedule()
    },
    drained: () => new Promise((resolve) => (size() === 0 ? resolve() : whenDrained.push(resolve))),
    waiting: size,
  }
}
