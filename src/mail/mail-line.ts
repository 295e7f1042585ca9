// Holds mail orders until they are sent: bounded, paced, a few at a time, tried again with back-off
// for as long as what they say holds.

import { RekeyError } from '../errors.ts'
import type { Events, MailLine, MailOrder, OutgoingMail, Transport } from '../ports.ts'
import type { DailyBudget, Share } from './daily-budget.ts'
import { createPace } from './pace.ts'

export interface DrainingMailLine extends MailLine {
  /** Makes haste from now on, and settles once every order is sent, refused or given up. */
  drained(): Promise<void>
  /** Orders that wait, are on their way, or wait to be tried again. */
  waiting(): number
}

interface MailLineOptions {
  readonly capacity: number
  /** How many mails are on their way at once. */
  readonly atOnce: number
  /** How long after its timestamp a mail is worth sending. */
  readonly lifeSeconds: number
  /** Composes a batch; undefined for an order that needs no mail any more. */
  readonly compose: (orders: readonly MailOrder[]) => Promise<(OutgoingMail | undefined)[]>
  readonly transport: Transport
  readonly events: Events
  /** Is told that nothing could be composed, and how many orders wait. */
  readonly onUnreadable: (reason: string, waiting: number) => void
  /** Is told of an order that is over, and whose mail certainly reached nobody. */
  readonly onUnsent: (order: MailOrder) => void
  /** @returns unix milliseconds */
  readonly clock: () => number
  readonly ratePerSecond?: number | undefined
  /** For what anybody can ask for: the notice of a change costs nothing of it, and never waits. */
  readonly budget?: DailyBudget | undefined
  /** How long to wait before the second attempt; twice as long before each further one. */
  readonly firstPauseMs?: number
}

interface Item {
  readonly key: string
  readonly order: MailOrder
  /** Unix milliseconds. */
  readonly expiresAt: number
  attempts: number
  /** What became of the last one. */
  reason: string
  /** Whether an attempt may have delivered it, unheard. */
  isInDoubt: boolean
  /** Whether it waits behind those whose address had no mail today. */
  isRepeat: boolean
  /** What is set aside of the budget for it. */
  share: Share | undefined
}

const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 30_000
const LONGEST_PAUSE_IN_HASTE_MS = 1000
/** Orders that arrive while it passes are read from the database in one statement. */
const BATCHING_MS = 10
/** How often what cannot go out is looked at. */
const IDLE_MS = 1000

/** Makes an empty line. */
export function createMailLine(options: MailLineOptions): DrainingMailLine {
  const { budget, clock, events, transport, firstPauseMs = FIRST_PAUSE_MS } = options
  const pace = options.ratePerSecond ? createPace(options.ratePerSecond, BATCHING_MS) : undefined
  // By what makes two orders the same mail, so that a burst of requests waits as one. What stands
  // in an earlier queue goes first.
  const notices = new Map<string, Item>()
  const links = new Map<string, Item>()
  const repeats = new Map<string, Item>()
  const queues = [notices, links, repeats]
  const onTheirWay = new Set<Item>()
  const backingOff = new Map<string, { item: Item; timer: ReturnType<typeof setTimeout> }>()
  const whenDrained: (() => void)[] = []
  let timer: ReturnType<typeof setTimeout> | undefined
  let sweptAt = 0
  let isInHaste = false

  const ready = () => notices.size + links.size + repeats.size
  const size = () => ready() + onTheirWay.size + backingOff.size
  const queueOf = (item: Item) =>
    item.order.kind === 'password-changed' ? notices : item.isRepeat ? repeats : links
  const isWaiting = (key: string) => backingOff.has(key) || queues.some((queue) => queue.has(key))

  /** How long nothing that is ready can go out. */
  const waitMs = (now: number) => {
    const forAny = Math.max(transport.restMs?.() ?? 0, pace?.waitMs(now) ?? 0)
    return notices.size > 0 ? forAny : Math.max(forAny, budget?.waitMs(now) ?? 0)
  }
  const schedule = () => {
    if (size() === 0) for (const resolve of whenDrained.splice(0)) resolve()
    if (timer || ready() === 0 || onTheirWay.size >= options.atOnce) return
    timer = setTimeout(start, Math.min(Math.max(waitMs(clock()), BATCHING_MS), IDLE_MS))
  }
  const start = async () => {
    timer = undefined
    const now = clock()
    sweep(now)
    const items = take(now)
    try {
      if (items.length === 0) return schedule()
      const mails = await options.compose(items.map((item) => item.order))
      for (const [index, item] of items.entries()) dispatch(item, mails[index])
    } catch (error) {
      const reason = error instanceof Error ? error.message : 'unknown'
      const isAway = error instanceof RekeyError && error.code === 'unavailable'
      if (isAway) options.onUnreadable(reason, size())
      for (const item of items) {
        // No fault of a mail: however long the database is away, the pauses do not grow.
        if (!isAway) item.attempts += 1
        tryAgain(item, reason)
      }
    }
    schedule()
  }
  const sweep = (now: number) => {
    if (now < sweptAt + IDLE_MS) return
    sweptAt = now
    for (const item of queues.flatMap((queue) => [...queue.values()])) {
      if (item.expiresAt > now) continue
      queueOf(item).delete(item.key)
      fail(item)
    }
  }
  /** Takes what may go out now. */
  const take = (now: number) => {
    const items: Item[] = []
    if ((transport.restMs?.() ?? 0) > 0) return items
    for (const queue of queues) {
      for (const item of queue.values()) {
        if (onTheirWay.size >= options.atOnce) return items
        if (queue !== notices) item.share ??= budget?.reserve(now)
        if (queue !== notices && budget && !item.share) break
        if (pace && !pace.take(now)) return items
        queue.delete(item.key)
        onTheirWay.add(item)
        items.push(item)
      }
    }
    return items
  }
  const dispatch = (item: Item, mail: OutgoingMail | undefined) => {
    if (!mail) {
      item.share?.release()
      onTheirWay.delete(item)
      return
    }
    const { share } = item
    if (share && !item.isRepeat && links.size > 0 && share.isRepeat(mail.to, clock())) {
      share.release()
      item.share = undefined
      item.isRepeat = true
      onTheirWay.delete(item)
      repeats.set(item.key, item)
      return
    }
    share?.dedicate(mail.to, clock())
    void send(item, mail)
  }
  const send = async (item: Item, mail: OutgoingMail) => {
    const { accountId, kind } = item.order
    const outcome = await transport.send(mail)
    item.attempts += 1
    if (outcome.status === 'sent') {
      events.record({ type: 'password_reset.mailed', accountId, kind })
      item.share?.spend(clock())
      onTheirWay.delete(item)
    } else if (outcome.status === 'refused') {
      item.reason = outcome.reason
      fail(item)
    } else {
      const { reason, retryAfterMs } = outcome
      if (outcome.status === 'unknown') {
        item.isInDoubt = true
        events.record({ type: 'password_reset.mail_unconfirmed', accountId, kind, reason })
      }
      tryAgain(item, reason, retryAfterMs)
    }
    schedule()
  }
  const tryAgain = (item: Item, reason: string, atLeastMs = 0) => {
    item.reason = reason
    onTheirWay.delete(item)
    // Ordered again meanwhile: one of the two is enough.
    if (isWaiting(item.key)) return letGo(item)
    const grown = firstPauseMs * 2 ** Math.max(item.attempts - 1, 0)
    const longest = isInHaste ? LONGEST_PAUSE_IN_HASTE_MS : LONGEST_PAUSE_MS
    const pauseMs = Math.max(Math.min(grown, longest) * (1 + Math.random() / 2), atLeastMs)
    if (clock() + pauseMs >= item.expiresAt) return fail(item)
    backingOff.set(item.key, { item, timer: setTimeout(resume, pauseMs, item) })
  }
  const resume = (item: Item) => {
    clearTimeout(backingOff.get(item.key)?.timer)
    backingOff.delete(item.key)
    queueOf(item).set(item.key, item)
    schedule()
  }
  const fail = (item: Item) => {
    const { order, reason } = item
    const { accountId, kind } = order
    onTheirWay.delete(item)
    events.record({ type: 'password_reset.mail_failed', accountId, kind, reason })
    letGo(item)
  }
  const letGo = (item: Item) => {
    if (item.isInDoubt) item.share?.spend(clock())
    else {
      item.share?.release()
      options.onUnsent(item.order)
    }
  }

  return {
    add(order) {
      const key = `${order.kind} ${order.timestamp} ${order.accountId}`
      if (isWaiting(key)) return
      if (size() >= options.capacity) {
        events.record({ type: 'password_reset.ignored', reason: 'mail_line_full' })
        return
      }
      const item: Item = {
        key,
        order,
        expiresAt: (Number(order.timestamp) + options.lifeSeconds) * 1000,
        attempts: 0,
        reason: 'could not go out in time',
        isInDoubt: false,
        isRepeat: false,
        share: undefined,
      }
      queueOf(item).set(key, item)
      schedule()
    },
    drained() {
      isInHaste = true
      for (const { item } of [...backingOff.values()]) resume(item)
      return new Promise((resolve) => {
        whenDrained.push(resolve)
        schedule()
      })
    },
    waiting: size,
  }
}
