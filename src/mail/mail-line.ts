// Holds mail orders until they are sent: bounded, paced, a few at a time, tried again with back-off
// for as long as what they say holds.

import { backOffMs } from '../core/back-off.ts'
import { domainOf } from '../core/email-address.ts'
import { messageOf, RekeyError } from '../errors.ts'
import type { Events, MailLine, MailOrder, OutgoingMail } from '../ports.ts'
import { createBudgetShares } from './budget-shares.ts'
import type { DailyBudget } from './daily-budget.ts'
import { createDomainLimits } from './domain-limits.ts'
import { endOf, type Item, isChange, makeItem, replaceOrder, roomOf, slotOf } from './mail-item.ts'
import { createOrderTurns, type Turn } from './order-turns.ts'
import { createPace } from './pace.ts'
import { createReadyMails, type Kind } from './ready-mails.ts'
import type { Chain, ChainOutcome } from './transports/chain.ts'

export interface DrainingMailLine extends MailLine {
  /** Makes haste from now on, and settles once every order is sent, refused or given up. */
  drained(): Promise<void>
  /** Orders that wait, are on their way, or wait to be tried again. */
  waiting(): number
}

interface MailLineOptions {
  /** How many orders may wait: so many notices of a change, and so many that anybody can ask for. */
  readonly capacity: number
  /** How many mails are on their way at once. */
  readonly atOnce: number
  /** How long after its timestamp a link works. */
  readonly linkLifeSeconds: number
  /** Composes a batch; undefined for an order that needs no mail any more. */
  readonly compose: (orders: readonly MailOrder[]) => Promise<(OutgoingMail | undefined)[]>
  readonly chain: Pick<Chain, 'send' | 'restMs'>
  readonly events: Events
  /** Is told that nothing could be composed, and how many orders wait. */
  readonly onUnreadable: (reason: string, waiting: number) => void
  /** Is told of an order that is over, and whose mail certainly reached nobody. */
  readonly onUnsent: (order: MailOrder) => void
  /** @returns unix milliseconds */
  readonly clock: () => number
  readonly ratePerSecond?: number | undefined
  /** Spent by what anybody can ask for; the notice of a change costs nothing of it. */
  readonly budget?: DailyBudget | undefined
  /** How long to wait before the second attempt; twice as long before each further one. */
  readonly firstPauseMs?: number
}

const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 30_000
const LONGEST_PAUSE_IN_HASTE_MS = 1000
/** Orders that arrive while it passes are read from the database in one statement. */
const BATCHING_MS = 10
/** How often what cannot go out is looked at. */
const IDLE_MS = 1000
const NOTICES: readonly Kind[] = ['notices', 'triedNotices']
const ALL: readonly Kind[] = [...NOTICES, 'firsts', 'others']

/** Makes an empty line. */
export function createMailLine(options: MailLineOptions): DrainingMailLine {
  const { chain, clock, events, firstPauseMs = FIRST_PAUSE_MS } = options
  const pace = createPace(options.ratePerSecond ?? Number.POSITIVE_INFINITY, BATCHING_MS)
  const shares = createBudgetShares(options.budget)
  /** All that there are, by slot: ready, on their way, or backing off. */
  const items = new Map<string, Item>()
  const ready = createReadyMails()
  const turns = createOrderTurns()
  const domains = createDomainLimits(options.atOnce)
  const onTheirWay = new Set<Item>()
  const backingOff = new Map<Item, ReturnType<typeof setTimeout>>()
  const waiting = { changes: 0, requested: 0 }
  const whenDrained: (() => void)[] = []
  let begun = 0
  let next: { timer: ReturnType<typeof setTimeout>; at: number } | undefined
  let sweptAt = 0
  /** Until when the accounts are not asked for again; by performance.now(). */
  let awayUntil = 0
  /** Whether something has come, or come back, since none of what is ready had room at its domain. */
  let isThereNews = false
  let isInHaste = false

  /** Looks at what is ready as soon as any of it can go out, and now and then where none can. */
  const schedule = () => {
    if (items.size === 0) for (const resolve of whenDrained.splice(0)) resolve()
    if (items.size === onTheirWay.size + backingOff.size) return
    if (onTheirWay.size >= options.atOnce) return
    const now = performance.now()
    const forAny = Math.max(chain.restMs(), pace.waitMs(now), awayUntil - now)
    const forBudget = shares.waitMs(ready, clock())
    const forRoom = isThereNews ? BATCHING_MS : IDLE_MS
    const waitMs = Math.min(Math.max(forAny, forBudget, forRoom), IDLE_MS)
    const at = now + waitMs
    if (next && next.at <= at) return
    clearTimeout(next?.timer)
    next = { at, timer: setTimeout(start, waitMs) }
  }
  const start = async () => {
    next = undefined
    const now = clock()
    sweep(now)
    const batch = take(now)
    try {
      if (batch.length === 0) return schedule()
      const mails = await options.compose(batch.map((item) => item.order))
      for (const [index, item] of batch.entries()) dispatch(item, mails[index])
    } catch (error) {
      const reason = messageOf(error)
      const isAway = error instanceof RekeyError && error.code === 'unavailable'
      if (isAway) {
        options.onUnreadable(reason, items.size)
        awayUntil = performance.now() + firstPauseMs
      }
      for (const item of batch) {
        pace.giveBack()
        comeBack(item)
        if (isAway) putBack(item)
        else tryAgain(item, reason)
      }
    }
    schedule()
  }
  const sweep = (now: number) => {
    if (now < sweptAt + IDLE_MS && now >= sweptAt) return
    sweptAt = now
    for (const item of ready.all()) {
      if (endOf(item.order, options.linkLifeSeconds) > now) continue
      ready.drop(item)
      fail(item)
    }
  }
  /** Takes what may go out now. */
  const take = (now: number) => {
    const batch: Item[] = []
    if (chain.restMs() > 0 || awayUntil > performance.now()) return batch
    let kinds = ALL
    while (onTheirWay.size < options.atOnce && pace.waitMs(performance.now()) === 0) {
      const item = ready.next(kinds, domains.hasRoom)
      if (!item) {
        isThereNews = kinds !== ALL
        break
      }
      if (!isChange(item.order) && !shares.reserve(item, now)) {
        kinds = NOTICES
        continue
      }
      ready.take(item)
      domains.enter(item)
      pace.take(performance.now())
      onTheirWay.add(item)
      batch.push(item)
    }
    return batch
  }
  const dispatch = (item: Item, mail: OutgoingMail | undefined) => {
    if (!mail) {
      pace.giveBack()
      comeBack(item)
      letGo(item)
      return end(item)
    }
    const domain = domainOf(mail.to)
    if (item.domain !== domain) {
      comeBack(item)
      item.domain = domain
      if (!domains.hasRoom(item)) {
        pace.giveBack()
        return putBack(item)
      }
      domains.enter(item)
      onTheirWay.add(item)
    }
    void send(item, mail)
  }
  const send = async (item: Item, mail: OutgoingMail) => {
    const { accountId, kind } = item.order
    const outcome = await chain.send(mail)
    comeBack(item, outcome)
    if (outcome.status === 'sent') {
      events.record({ type: 'password_reset.mailed', accountId, kind })
      shares.spend(item, clock())
      end(item)
    } else if (outcome.status === 'repeated') {
      events.record({ type: 'password_reset.ignored', reason: 'already_mailed' })
      pace.giveBack()
      shares.settle(item, clock())
      end(item)
    } else if (outcome.status === 'refused') {
      item.reason = outcome.reason
      fail(item)
    } else if (outcome.status === 'deferred') {
      pace.giveBack()
      putOff(item, outcome.retryAfterMs)
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
    item.attempts += 1
    const longestMs = isInHaste ? LONGEST_PAUSE_IN_HASTE_MS : LONGEST_PAUSE_MS
    putOff(item, Math.max(backOffMs(item.attempts, firstPauseMs, longestMs), atLeastMs))
  }
  const putOff = (item: Item, pauseMs: number) => {
    takeNext(item)
    if (clock() + pauseMs >= endOf(item.order, options.linkLifeSeconds)) return fail(item)
    shares.giveBack(item)
    backingOff.set(item, setTimeout(resume, pauseMs, item))
  }
  const resume = (item: Item) => {
    clearTimeout(backingOff.get(item))
    backingOff.delete(item)
    putBack(item)
    schedule()
  }
  const putBack = (item: Item) => {
    takeNext(item)
    shares.giveBack(item)
    makeReady(item)
  }
  const makeReady = (item: Item) => {
    ready.add(item)
    isThereNews = true
  }
  const comeBack = (item: Item, outcome?: ChainOutcome) => {
    onTheirWay.delete(item)
    domains.leave(item, outcome)
    isThereNews = true
  }
  const fail = (item: Item) => {
    const { order, reason } = item
    const { accountId, kind } = order
    events.record({ type: 'password_reset.mail_failed', accountId, kind, reason })
    letGo(item)
    end(item)
  }
  /** Lets go of an order that is not heard of any more. */
  const letGo = (item: Item) => {
    shares.settle(item, clock())
    if (!item.isInDoubt) options.onUnsent(item.order)
  }
  const end = (item: Item) => {
    items.delete(item.slot)
    waiting[roomOf(item.order)] -= 1
    if (item.next) begin(item.next.order, item.next.turn)
  }
  const begin = (order: MailOrder, turn: Turn) => {
    begun += 1
    const item = makeItem(order, turn, begun)
    waiting[roomOf(order)] += 1
    items.set(item.slot, item)
    makeReady(item)
    schedule()
  }
  /** A newer mail is worth more than an older one that waits: its link works for longer. */
  const supersede = (item: Item, order: MailOrder) => {
    if (order.timestamp <= item.order.timestamp) return
    letGo(item)
    replaceOrder(item, order)
  }
  /** Lets a mail that waits again be the one that was asked for while it was on its way. */
  const takeNext = (item: Item) => {
    const { next: newer } = item
    item.next = undefined
    if (!newer) return
    if (newer.turn.byClient < item.turn.byClient) item.turn = newer.turn
    supersede(item, newer.order)
  }
  /** Takes another order for a mail that waits. */
  const join = (item: Item, order: MailOrder) => {
    const isReady = ready.drop(item)
    item.turn = turns.join(item.turn, order, clock())
    if (isReady) makeReady(item)
    supersede(item, order)
  }
  /** In a full line the first mail of a client takes the place of the one whose turn comes last. */
  const makeRoom = (order: MailOrder) => {
    if (waiting[roomOf(order)] < options.capacity) return true
    const last = !isChange(order) && turns.isFirst(order, clock()) ? ready.last() : undefined
    events.record({ type: 'password_reset.ignored', reason: 'mail_line_full' })
    if (!last) return false
    ready.drop(last)
    letGo(last)
    end(last)
    return true
  }

  return {
    add(order) {
      const known = items.get(slotOf(order))
      if (known && onTheirWay.has(known)) {
        const turn = known.next
          ? turns.join(known.next.turn, order, clock())
          : turns.begin(order, clock())
        known.next = { order, turn }
      } else if (known) join(known, order)
      else if (makeRoom(order)) begin(order, turns.begin(order, clock()))
    },
    drained() {
      isInHaste = true
      for (const item of [...backingOff.keys()]) resume(item)
      return new Promise((resolve) => {
        whenDrained.push(resolve)
        schedule()
      })
    },
    waiting: () => items.size,
  }
}
