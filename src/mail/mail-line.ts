// Holds mail orders until they are sent: bounded, paced, a few at a time, tried again with back-off
// for as long as what they say holds.

import { backOffMs } from '../core/back-off.ts'
import { messageOf, RekeyError } from '../errors.ts'
import type { Events, MailLine, MailOrder, OutgoingMail } from '../ports.ts'
import { type Budget, createBudgetShares } from './budget-shares.ts'
import { createPace } from './pace.ts'
import { createReadyMails, type Item } from './ready-mails.ts'
import type { Chain } from './transports/chain.ts'

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
  readonly budget?: Budget | undefined
  /** How long to wait before the second attempt; twice as long before each further one. */
  readonly firstPauseMs?: number
}

const CHANGE_LIFE_MS = 86_400_000
const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 30_000
const LONGEST_PAUSE_IN_HASTE_MS = 1000
/** Orders that arrive while it passes are read from the database in one statement. */
const BATCHING_MS = 10
/** How often what cannot go out is looked at. */
const IDLE_MS = 1000

/** Makes an empty line. */
export function createMailLine(options: MailLineOptions): DrainingMailLine {
  const { chain, clock, events, firstPauseMs = FIRST_PAUSE_MS } = options
  const pace = createPace(options.ratePerSecond ?? Number.POSITIVE_INFINITY, BATCHING_MS)
  const shares = createBudgetShares(options.budget)
  /** All that there are, by slot: ready, on their way, or backing off. */
  const items = new Map<string, Item>()
  const ready = createReadyMails()
  const onTheirWay = new Set<Item>()
  const backingOff = new Map<Item, ReturnType<typeof setTimeout>>()
  const waiting = { changes: 0, requested: 0 }
  const whenDrained: (() => void)[] = []
  let next: { timer: ReturnType<typeof setTimeout>; at: number } | undefined
  let sweptAt = 0
  /** Until when the accounts are not asked for again; by performance.now(). */
  let awayUntil = 0
  let isInHaste = false

  /** @returns unix milliseconds */
  const endOf = ({ order }: Item) =>
    Number(order.timestamp) * 1000 +
    (isChange(order) ? CHANGE_LIFE_MS : options.linkLifeSeconds * 1000)

  /** Looks at what is ready as soon as any of it can go out, and now and then where none can. */
  const schedule = () => {
    if (items.size === 0) for (const resolve of whenDrained.splice(0)) resolve()
    if (ready.size() === 0 || onTheirWay.size >= options.atOnce) return
    const now = performance.now()
    const forAny = Math.max(chain.restMs(), pace.waitMs(now), awayUntil - now)
    const forBudget = ready.count('change') > 0 ? 0 : shares.waitMs(clock())
    const waitMs = Math.min(Math.max(forAny, forBudget, BATCHING_MS), IDLE_MS)
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
        if (isAway) putBack(item)
        else tryAgain(item, reason)
      }
    }
    schedule()
  }
  const sweep = (now: number) => {
    if (now < sweptAt + IDLE_MS && now >= sweptAt) return
    sweptAt = now
    for (const item of ready.inTurn()) {
      if (endOf(item) > now) continue
      ready.drop(item)
      fail(item)
    }
  }
  /** Takes what may go out now. */
  const take = (now: number) => {
    const batch: Item[] = []
    if (chain.restMs() > 0 || awayUntil > performance.now()) return batch
    for (const item of ready.inTurn()) {
      if (onTheirWay.size >= options.atOnce || pace.waitMs(performance.now()) > 0) break
      if (!isChange(item.order) && !shares.reserve(item, now)) continue
      pace.take(performance.now())
      ready.take(item)
      onTheirWay.add(item)
      batch.push(item)
    }
    return batch
  }
  const dispatch = (item: Item, mail: OutgoingMail | undefined) => {
    if (!mail) {
      pace.giveBack()
      letGo(item)
      return end(item)
    }
    const isNew = item.rank === 'new' && ready.count('new') > 0
    if (isNew && shares.isRepeat(item, mail.to, clock())) {
      pace.giveBack()
      item.rank = 'repeat'
      return putBack(item)
    }
    shares.noteAddress(item, mail.to, clock())
    void send(item, mail)
  }
  const send = async (item: Item, mail: OutgoingMail) => {
    const { accountId, kind } = item.order
    const outcome = await chain.send(mail)
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
    if (item.rank === 'new') item.rank = 'tried'
    if (item.rank === 'change') item.rank = 'tried-change'
    const longestMs = isInHaste ? LONGEST_PAUSE_IN_HASTE_MS : LONGEST_PAUSE_MS
    putOff(item, Math.max(backOffMs(item.attempts, firstPauseMs, longestMs), atLeastMs))
  }
  const putOff = (item: Item, pauseMs: number) => {
    if (item.next) supersede(item, item.next)
    item.next = undefined
    if (clock() + pauseMs >= endOf(item)) return fail(item)
    shares.giveBack(item)
    onTheirWay.delete(item)
    backingOff.set(item, setTimeout(resume, pauseMs, item))
  }
  const resume = (item: Item) => {
    clearTimeout(backingOff.get(item))
    backingOff.delete(item)
    putBack(item)
    schedule()
  }
  const putBack = (item: Item) => {
    shares.giveBack(item)
    onTheirWay.delete(item)
    ready.add(item)
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
    onTheirWay.delete(item)
    items.delete(item.slot)
    waiting[roomOf(item.order)] -= 1
    if (item.next) begin(item.next)
  }
  const begin = (order: MailOrder) => {
    const slot = slotOf(order)
    const rank = isChange(order) ? 'change' : 'new'
    const item: Item = { ...UNTRIED, slot, order, next: undefined, rank, attempts: 0 }
    waiting[roomOf(order)] += 1
    items.set(slot, item)
    ready.add(item)
    schedule()
  }
  /** A newer mail is worth more than an older one that waits: its link works for longer. */
  const supersede = (item: Item, order: MailOrder) => {
    if (order.timestamp <= item.order.timestamp) return
    letGo(item)
    Object.assign(item, { ...UNTRIED, order })
  }

  return {
    add(order) {
      const known = items.get(slotOf(order))
      if (known && onTheirWay.has(known)) known.next = order
      else if (known) supersede(known, order)
      else if (waiting[roomOf(order)] < options.capacity) begin(order)
      else events.record({ type: 'password_reset.ignored', reason: 'mail_line_full' })
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

const UNTRIED = {
  reason: 'could not go out in time',
  isInDoubt: false,
  reservation: undefined,
  forgetAddress: undefined,
}

function isChange({ kind }: MailOrder): boolean {
  return kind === 'password-changed'
}

/** Which of the two rooms of the line an order takes up. */
function roomOf(order: MailOrder): 'changes' | 'requested' {
  return isChange(order) ? 'changes' : 'requested'
}

/** Of the mails of one kind that an account is sent the newest is enough; of notices, to one address. */
function slotOf(order: MailOrder): string {
  const { kind, accountId } = order
  const address = order.kind === 'password-changed' ? order.emailAddress : ''
  return JSON.stringify([kind, accountId, address])
}
