// Holds link requests between the reply and everything that concerns an account.
//
// It drains in batches on a clock of its own, at the same pace whether or not there are accounts,
// so neither the reply nor the next one on the same connection can tell.

import type { IntakeLine, ResetRequest } from '../ports.ts'

export interface DrainingIntakeLine extends IntakeLine {
  /** Waits until it is empty. */
  drained(): Promise<void>
  /** Requests that wait or are being handled. */
  waiting(): number
}

interface IntakeOptions {
  readonly capacity: number
  /** A request that waited longer is dropped: its link would be dead on arrival. */
  readonly maxAgeSeconds: number
  /** Takes a batch to its mail orders. A rejection means: the same batch again, later. */
  readonly handle: (requests: readonly ResetRequest[]) => Promise<unknown>
  readonly onFailure: (error: unknown, waiting: number) => void
  /** @returns unix milliseconds */
  readonly clock: () => number
}

const BATCH_SIZE = 2000
const PACE_MS = 25
const RETRY_MS = 1000

/** Makes an empty line. */
export function createIntakeLine(options: IntakeOptions): DrainingIntakeLine {
  let waiting: ResetRequest[] = []
  let running: Promise<void> | undefined

  const drainOnce = async () => {
    const oldest = options.clock() - options.maxAgeSeconds * 1000
    waiting = waiting.filter((request) => request.receivedAt >= oldest)
    const batch = waiting.slice(0, BATCH_SIZE)
    try {
      await options.handle(batch)
      waiting = waiting.slice(batch.length)
      return PACE_MS
    } catch (error) {
      options.onFailure(error, waiting.length)
      return RETRY_MS
    }
  }
  const drain = async () => {
    let pause = PACE_MS
    while (waiting.length > 0) {
      await new Promise((resolve) => setTimeout(resolve, pause))
      pause = await drainOnce()
    }
    running = undefined
  }

  return {
    add(request) {
      if (waiting.length >= options.capacity) return false
      waiting.push(request)
      running ??= drain()
      return true
    },
    drained: async () => running,
    waiting: () => waiting.length,
  }
}
