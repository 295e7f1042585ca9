// Holds webhooks until the receiver has taken them: bounded, a few at a time, each tried again with
// back-off for a day.
//
// While the receiver fails it is left alone, for longer each time, and then asked with a single
// webhook. One that fails alone backs off by itself, so that it cannot hold up the others.

import { backOffMs } from '../core/back-off.ts'
import type { PostOutcome } from './post-webhook.ts'
import { isChange, type Webhook } from './webhook.ts'

export interface WebhookLine {
  /** Takes a webhook. @returns false when it is dropped, because the line is full or closed */
  add(webhook: Webhook): boolean
  /** Makes haste from now on, and settles once every webhook is taken or given up. */
  drained(): Promise<void>
  /** Webhooks that wait, are on their way, or wait to be tried again. */
  waiting(): number
  /** Gives up whatever waits. Nothing is sent any more. */
  close(): void
}

interface WebhookLineOptions {
  /** How many may wait: so many of changes, and so many of all the rest. */
  readonly capacity: number
  /** How many are on their way at once. */
  readonly atOnce: number
  /** Makes one attempt. It never rejects. */
  readonly post: (webhook: Webhook) => Promise<PostOutcome>
  readonly log: WebhookLog
  /** @returns unix milliseconds */
  readonly clock: () => number
  /** How long the first pauses are; each further one is twice as long. */
  readonly firstPauseMs?: number
}

/** The part of a logger that the line needs. */
export interface WebhookLog {
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

interface Item {
  readonly webhook: Webhook
  readonly rank: Rank
  attempts: number
  /** What became of the last one. */
  reason: string
}

/** Changes go first and have room of their own: nobody can crowd them out by asking for links. */
type Rank = 'changes' | 'others'

const LIFE_MS = 86_400_000
const FIRST_PAUSE_MS = 500
const LONGEST_PAUSE_MS = 300_000
const LONGEST_REST_MS = 30_000
const LONGEST_PAUSE_IN_HASTE_MS = 1000
/** How often the log says that the line is full. */
const TELLING_MS = 60_000

/** Makes an empty line. */
export function createWebhookLine(options: WebhookLineOptions): WebhookLine {
  const { capacity, atOnce, post, log, clock, firstPauseMs = FIRST_PAUSE_MS } = options
  const ready: Readonly<Record<Rank, Set<Item>>> = { changes: new Set(), others: new Set() }
  const backingOff = new Map<Item, ReturnType<typeof setTimeout>>()
  const waiting = { changes: 0, others: 0 }
  const whenDrained: (() => void)[] = []
  let onTheirWay = 0
  /** Of the receiver, in a row. */
  let failures = 0
  /** By the clock of `performance`. */
  let restsUntil = 0
  let askedUntil = 0
  let timer: ReturnType<typeof setTimeout> | undefined
  let isInHaste = false
  let isClosed = false
  const full = { dropped: 0, toldAt: Number.NEGATIVE_INFINITY }

  const size = () => waiting.changes + waiting.others
  const pause = (times: number, longestMs: number) =>
    backOffMs(times, firstPauseMs, isInHaste ? LONGEST_PAUSE_IN_HASTE_MS : longestMs)
  const isOver = ({ webhook }: Item) => clock() >= webhook.occurredAt + LIFE_MS

  /** Sends as soon as the receiver may be asked; never at once, so that whoever adds does not wait. */
  const schedule = () => {
    if (size() === 0) for (const resolve of whenDrained.splice(0)) resolve()
    if (timer || ready.changes.size + ready.others.size === 0) return
    const now = performance.now()
    // Unreferenced, as every timer here: a line keeps no process alive that is done with the rest.
    timer = setTimeout(start, Math.max(restsUntil, askedUntil, now) - now).unref()
  }
  const reschedule = () => {
    clearTimeout(timer)
    timer = undefined
    schedule()
  }
  const start = () => {
    timer = undefined
    for (const item of take((failures > 0 ? 1 : atOnce) - onTheirWay)) void send(item)
    if (size() === 0) schedule()
  }
  const take = (count: number) => {
    const items: Item[] = []
    for (const queue of [ready.changes, ready.others]) {
      for (const item of queue) {
        const isLate = isOver(item)
        if (!isLate && items.length >= count) break
        queue.delete(item)
        if (isLate) giveUp(item)
        else items.push(item)
      }
    }
    return items
  }
  const send = async (item: Item) => {
    onTheirWay += 1
    const failuresBefore = failures
    const outcome = await post(item.webhook)
    onTheirWay -= 1
    if (outcome.status === 'taken') {
      failures = 0
      restsUntil = 0
      end(item)
    } else if (outcome.status === 'gone') {
      ready[item.rank].add(item)
      const lost = close()
      log.error(
        { lost },
        'the webhook receiver is gone (410): nothing is sent until the next start',
      )
    } else {
      const { reason, retryAfterMs = 0 } = outcome
      item.reason = reason
      item.attempts += 1
      askedUntil = Math.max(askedUntil, performance.now() + retryAfterMs)
      // Others that were on their way when the rest began say nothing new.
      if (failures === failuresBefore) rest(reason)
      tryAgain(item)
    }
    reschedule()
  }
  const rest = (reason: string) => {
    const now = performance.now()
    failures += 1
    restsUntil = now + pause(failures, LONGEST_REST_MS)
    const restMs = Math.round(Math.max(restsUntil, askedUntil) - now)
    const { dropped } = full
    log.warn({ reason, restMs, waiting: size(), dropped }, 'the webhook receiver fails: left alone')
  }
  const tryAgain = (item: Item) => {
    if (isClosed || isOver(item)) return giveUp(item)
    const pauseMs = pause(item.attempts, LONGEST_PAUSE_MS)
    backingOff.set(item, setTimeout(resume, pauseMs, item).unref())
  }
  const resume = (item: Item) => {
    clearTimeout(backingOff.get(item))
    backingOff.delete(item)
    ready[item.rank].add(item)
    schedule()
  }
  const giveUp = (item: Item) => {
    const { reason, webhook } = item
    const { id, type } = webhook
    log.warn({ webhookId: id, event: type, reason }, 'a webhook is given up')
    end(item)
  }
  const end = ({ rank }: Item) => {
    waiting[rank] -= 1
  }
  /** @returns how many it gives up */
  const close = () => {
    isClosed = true
    const items = [...ready.changes, ...ready.others, ...backingOff.keys()]
    for (const item of items) end(item)
    for (const pending of backingOff.values()) clearTimeout(pending)
    backingOff.clear()
    ready.changes.clear()
    ready.others.clear()
    return items.length
  }
  const drop = () => {
    full.dropped += 1
    const now = performance.now()
    if (now < full.toldAt + TELLING_MS) return
    full.toldAt = now
    log.warn({ dropped: full.dropped, waiting: size() }, 'the webhook line is full: dropped so far')
  }

  return {
    add(webhook) {
      if (isClosed) return false
      const rank = isChange(webhook) ? 'changes' : 'others'
      if (waiting[rank] >= capacity) {
        drop()
        return false
      }
      waiting[rank] += 1
      ready[rank].add({ webhook, rank, attempts: 0, reason: 'could not go out in time' })
      schedule()
      return true
    },
    drained() {
      if (!isInHaste) {
        isInHaste = true
        // The pauses are ours to shorten; what the receiver asked for is not.
        restsUntil = 0
        for (const item of [...backingOff.keys()]) resume(item)
      }
      return new Promise((resolve) => {
        whenDrained.push(resolve)
        reschedule()
      })
    },
    waiting: size,
    close,
  }
}
