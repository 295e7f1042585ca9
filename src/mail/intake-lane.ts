// Drains link requests of one kind in batches, and finds the one that is too slow to be looked up.
//
// A batch that takes too long is tried again in parts, a sixteenth each, down to a single request. One
// that is too slow alone waits until the others are through, and is dropped when it is so again. Only
// while the database answers for other names: else no request is to blame, and all wait.

import type { Identifier, ResetRequest } from '../ports.ts'

/** What takes the requests of a lane, and hears of what goes wrong. */
export interface LaneOptions {
  readonly capacity: number
  /** A request that waited longer is dropped: its link would be dead on arrival. */
  readonly maxAgeSeconds: number
  /** Takes a batch to its mail orders. A rejection means: the same requests again, later. */
  readonly handle: (requests: readonly ResetRequest[]) => Promise<unknown>
  /** Says of a rejection whether the work was given up for the time that it took. */
  readonly isTooSlow: (error: unknown) => boolean
  /** Says whether the database answers in time for a name of the kind that no account has. */
  readonly findsNobody: (kind: Identifier['kind']) => Promise<boolean>
  readonly onFailure: (error: unknown, waiting: number) => void
  readonly onDrop: (reason: 'too_late' | 'look_up_too_slow') => void
  /** @returns unix milliseconds */
  readonly clock: () => number
}

export interface IntakeLane {
  /** Takes a request. @returns false when the lane is full */
  add(request: ResetRequest): boolean
  /** Waits until it is empty. */
  drained(): Promise<void>
  /** Requests that wait or are being handled. */
  waiting(): number
}

const BATCH_SIZE = 2000
const PARTS = 16
const PACE_MS = 25
const RETRY_MS = 1000

/** Makes an empty lane. */
export function createIntakeLane(kind: Identifier['kind'], options: LaneOptions): IntakeLane {
  let waiting: ResetRequest[] = []
  /** Those that were too slow alone, once. */
  let suspects: ResetRequest[] = []
  let mostAtOnce = BATCH_SIZE
  /** How many of those at the front were in a batch that was too slow. */
  let suspected = 0
  let running: Promise<void> | undefined

  const keepYoung = (requests: readonly ResetRequest[]) => {
    const oldest = options.clock() - options.maxAgeSeconds * 1000
    return requests.filter((request) => {
      const isYoung = request.receivedAt >= oldest
      if (!isYoung) options.onDrop('too_late')
      return isYoung
    })
  }
  const pass = (count: number) => {
    waiting = waiting.slice(count)
    suspected = Math.max(0, suspected - count)
  }
  const handleNext = async () => {
    const batch = waiting.slice(0, Math.min(mostAtOnce, suspected || BATCH_SIZE))
    try {
      await options.handle(batch)
      pass(batch.length)
      if (suspected === 0) mostAtOnce = Math.min(BATCH_SIZE, mostAtOnce * 2)
      return PACE_MS
    } catch (error) {
      options.onFailure(error, waiting.length + suspects.length)
      if (!options.isTooSlow(error)) return RETRY_MS
      mostAtOnce = Math.ceil(batch.length / PARTS)
      suspected = batch.length
      const [slow] = batch
      if (batch.length > 1 || !slow) return PACE_MS
      if (!(await options.findsNobody(kind))) return RETRY_MS
      pass(1)
      suspects.push(slow)
      return PACE_MS
    }
  }
  const handleSuspect = async (request: ResetRequest) => {
    try {
      await options.handle([request])
    } catch (error) {
      options.onFailure(error, waiting.length + suspects.length)
      if (!options.isTooSlow(error) || !(await options.findsNobody(kind))) return RETRY_MS
      options.onDrop('look_up_too_slow')
    }
    suspects = suspects.slice(1)
    return PACE_MS
  }
  const drainOnce = async () => {
    waiting = keepYoung(waiting)
    suspects = keepYoung(suspects)
    const [suspect] = suspects
    return waiting.length === 0 && suspect ? handleSuspect(suspect) : handleNext()
  }
  const count = () => waiting.length + suspects.length
  const drain = async () => {
    let pause = PACE_MS
    while (count() > 0) {
      await new Promise((resolve) => setTimeout(resolve, pause))
      pause = await drainOnce()
    }
    running = undefined
  }

  return {
    add(request) {
      if (count() >= options.capacity) return false
      waiting.push(request)
      running ??= drain()
      return true
    },
    drained: async () => running,
    waiting: count,
  }
}
