// Holds mail orders until they are sent: bounded, paced, a few at a time, tried again with back-off
// for as long as what they say holds.

import { RekeyError } from '../errors.ts'
import type { Events, MailLine, MailOrder, OutgoingMail } from '../ports.ts'
import type { DailyBudget } from './daily-budget.ts'
import { createPace } from './pace.ts'
import { createReadyMails, type Item } from './ready-mails.ts'
import type { RecentAddresses } from './recent-addresses.ts'
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
  /** Spent by what anybody can ask for; the notice of a change neither costs nor waits. */
  readonly budget?: { readonly daily: DailyBudget; readonly recent: RecentAddresses } | undefined
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
  const { budget, chain, clock, events, firstPauseMs = FIRST_PAUSE_MS } = options
  const pace = createPace(options.ratePerSecond ?? Number.POSITIVE_INFINITY, BATCHING_MS)
  const ready = createReadyMails()
  const onTheirWay = new Set<Item>()
  /** By slot. */
  const backingOff = new Map<string, { item: Item; timer: ReturnType<typeof setTimeout> }>()
  const waiting = { changes: 0, requested: 0 }
  const whenDrained: (() => void)[] = []
  let next: { timer: ReturnType<typeof setTimeout>; at: number } | undefined
  let sweptAt = 0
  let isInHaste = false

  const size = () => waiting.changes + waiting.requested
  /** @returns unix milliseconds */
  const endOf = ({ order }: Item) =>
    Number(order.timestamp) * 1000 +
    (isChange(order) ? CHANGE_LIFE_MS : options.linkLifeSeconds * 1000)

  /** Looks at what is ready as soon as any of it can go out, and now and then where none can. */
  const schedule = () => {
    if (size() === 0) for (const resolve of whenDrained.splice(0)) resolve()
    if (ready.size() === 0 || onTheirWay.size >= options.atOnce) return
    const forAny = Math.max(chain.restMs(), pace.waitMs(performance.now()))
    const forBudget = ready.count('change') > 0 ? 0 : (budget?.daily.waitMs(clock()) ?? 0)
    const waitMs = Math.min(Math.max(forAny, forBudget, BATCHING_MS), IDLE_MS)
    const at = performance.now() + waitMs
    if (next && next.at <= at) return
    clearTimeout(next?.timer)
    next = { at, timer: setTimeout(start, waitMs) }
  }
  const start = async () => {
    next = undefined
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
        pace.giveBack()
        // No fault of a mail: however long the database is away, the pauses do not grow.
        if (!isAway) item.attempts += 1
        tryAgain(item, reason)
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
    const items: Item[] = []
    if (chain.restMs() > 0) return items
    for (const item of ready.inTurn()) {
      if (onTheirWay.size >= options.atOnce || pace.waitMs(performance.now()) > 0) break
      if (budget && !isChange(item.order)) {
        item.reservation ??= budget.daily.reserve(now)
        if (!item.reservation) continue
      }
      pace.take(performance.now())
      ready.take(item)
      onTheirWay.add(item)
      items.push(item)
    }
    return items
  }
  const dispatch = (item: Item, mail: OutgoingMail | undefined) => {
    if (!mail) {
      pace.giveBack()
      letGo(item)
      return end(item)
    }
    if (item.reservation && budget) {
      const { recent } = budget
      const isNew = item.rank === 'new' && ready.count('new') > 0
      if (isNew && recent.has(mail.to, clock())) {
        pace.giveBack()
        item.rank = 'repeat'
        return putBack(item)
      }
      item.forgetAddress ??= recent.add(mail.to, clock())
    }
    void send(item, mail)
  }
  const send = async (item: Item, mail: OutgoingMail) => {
    const { accountId, kind } = item.order
    const outcome = await chain.send(mail)
    if (outcome.status === 'sent') {
      events.record({ type: 'password_reset.mailed', accountId, kind })
      item.reservation?.spend(clock())
      end(item)
    } else if (outcome.status === 'repeated') {
      events.record({ type: 'password_reset.ignored', reason: 'already_mailed' })
      pace.giveBack()
      giveBackShare(item)
      end(item)
    } else if (outcome.status === 'refused') {
      item.reason = outcome.reason
      fail(item)
    } else if (outcome.status === 'deferred') {
      pace.giveBack()
      tryAgain(item, item.reason, outcome.retryAfterMs)
    } else {
      const { reason, retryAfterMs } = outcome
      item.attempts += 1
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
    // Asked for again meanwhile: one of the two is enough.
    if (backingOff.has(item.slot) || ready.find(item.slot)) {
      letGo(item)
      return end(item)
    }
    const grown = firstPauseMs * 2 ** Math.max(item.attempts - 1, 0)
    const longest = isInHaste ? LONGEST_PAUSE_IN_HASTE_MS : LONGEST_PAUSE_MS
    const pauseMs = Math.max(Math.min(grown, longest) * (1 + Math.random() / 2), atLeastMs)
    if (clock() + pauseMs >= endOf(item)) return fail(item)
    if (item.rank === 'new' && item.attempts > 0) item.rank = 'retry'
    giveBackShare(item)
    onTheirWay.delete(item)
    backingOff.set(item.slot, { item, timer: setTimeout(resume, pauseMs, item) })
  }
  const resume = (item: Item) => {
    clearTimeout(backingOff.get(item.slot)?.timer)
    backingOff.delete(item.slot)
    putBack(item)
    schedule()
  }
  const putBack = (item: Item) => {
    giveBackShare(item)
    onTheirWay.delete(item)
    ready.add(item)
  }
  /** While a mail waits, somebody else can have its share of the budget; not one that may be used. */
  const giveBackShare = (item: Item) => {
    if (item.isInDoubt) return
    item.reservation?.release()
    item.forgetAddress?.()
    item.reservation = undefined
    item.forgetAddress = undefined
  }
  const fail = (item: Item) => {
    const { order, reason } = item
    const { accountId, kind } = order
    events.record({ type: 'password_reset.mail_failed', accountId, kind, reason })
    letGo(item)
    end(item)
  }
  /** Settles what a mail costs that is not heard of any more. */
  const letGo = (item: Item) => {
    giveBackShare(item)
    if (item.isInDoubt) item.reservation?.spend(clock())
    else options.onUnsent(item.order)
  }
  const end = (item: Item) => {
    onTheirWay.delete(item)
    waiting[isChange(item.order) ? 'changes' : 'requested'] -= 1
  }
  /** A newer link is worth more than an older one that waits: it works for longer. */
  const supersede = (item: Item, order: MailOrder) => {
    if (order.timestamp <= item.order.timestamp) return
    letGo(item)
    Object.assign(item, { ...UNTRIED, order, rank: item.rank, attempts: item.attempts })
  }

  return {
    add(order) {
      const slot = slotOf(order)
      const known = ready.find(slot) ?? backingOff.get(slot)?.item
      if (known) return supersede(known, order)
      const kind = isChange(order) ? 'changes' : 'requested'
      if (waiting[kind] >= options.capacity) {
        events.record({ type: 'password_reset.ignored', reason: 'mail_line_full' })
        return
      }
      waiting[kind] += 1
      ready.add({ ...UNTRIED, slot, order, rank: isChange(order) ? 'change' : 'new', attempts: 0 })
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

const UNTRIED = {
  reason: 'could not go out in time',
  isInDoubt: false,
  reservation: undefined,
  forgetAddress: undefined,
}

function isChange({ kind }: MailOrder): boolean {
  return kind === 'password-changed'
}

/** Of the mails that an account's owner asked for the newest is enough; each change is told of. */
function slotOf({ kind, accountId, timestamp }: MailOrder): string {
  return kind === 'password-changed' ? `${kind} ${timestamp} ${accountId}` : `${kind} ${accountId}`
}
