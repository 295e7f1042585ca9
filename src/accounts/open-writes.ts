// Follows writes whose answer was lost: asks what became of each, one after the other and with back-off,
// until it is known.

import { backOffMs } from '../core/back-off.ts'
import type { OpenWrite, OpenWrites } from '../ports.ts'

export interface DrainingOpenWrites extends OpenWrites {
  /** Asks without long pauses from now on, and settles once every outcome is known and announced. */
  drained(): Promise<void>
  /** Writes whose outcome is open, or still being announced. */
  waiting(): number
  /** Gives up those that are left. */
  close(): void
}

interface OpenWritesOptions {
  readonly capacity: number
  /** Called for a write that is not followed, because too many are open already. */
  readonly onFull: () => void
  readonly firstPauseMs?: number
}

const FIRST_PAUSE_MS = 250
const LONGEST_PAUSE_MS = 30_000
const LONGEST_PAUSE_DRAINING_MS = 500

/** Makes it with no write to follow. */
export function createOpenWrites({
  capacity,
  onFull,
  firstPauseMs = FIRST_PAUSE_MS,
}: OpenWritesOptions): DrainingOpenWrites {
  const open = new Map<OpenWrite, () => Promise<void>>()
  let running: Promise<void> | undefined
  let isDraining = false
  let endPause = () => {}

  const pause = (rounds: number) =>
    new Promise<void>((resolve) => {
      const longestMs = isDraining ? LONGEST_PAUSE_DRAINING_MS : LONGEST_PAUSE_MS
      const timer = setTimeout(resolve, backOffMs(rounds, firstPauseMs, longestMs))
      endPause = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  const askInTurn = async () => {
    for (const [write, announce] of [...open]) {
      const outcome = await write.ask().catch(() => 'no answer' as const)
      if (outcome === undefined) continue
      if (outcome === 'no answer') {
        // The others would get no answer either. Next time this one comes last.
        if (open.delete(write)) open.set(write, announce)
        return
      }
      if (outcome && open.has(write)) await announce()
      open.delete(write)
    }
  }
  const followAll = async () => {
    for (let rounds = 1; open.size > 0; rounds += 1) {
      await pause(rounds)
      await askInTurn()
    }
    running = undefined
  }

  return {
    follow(write, announce) {
      if (open.size >= capacity) return onFull()
      open.set(write, announce)
      running ??= followAll()
    },
    async drained() {
      isDraining = true
      endPause()
      await running
    },
    waiting: () => open.size,
    close() {
      open.clear()
      endPause()
    },
  }
}
