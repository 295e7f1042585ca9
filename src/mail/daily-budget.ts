// Spreads the mails that anybody can ask for over each day (UTC).
//
// A twenty-fourth of the budget is there when a day begins, or the process in the middle of one; the
// rest comes evenly, the last of it an hour before a whole day is over. What is not used is carried
// over to the next hours, but not to the next day. Half of what is there at first is always kept for
// the first mail of a client within an hour, so that no client alone can use up what is free.

export interface DailyBudget {
  /**
   * Sets one mail aside.
   *
   * @param isFirst whether it is the first of its client within an hour
   * @returns undefined when none may go out now
   */
  reserve(isFirst: boolean, now: number): Reservation | undefined
  /** @returns milliseconds until a mail can be set aside; 0 when one can be now */
  waitMs(isFirst: boolean, now: number): number
}

/** One mail that is set aside. Exactly one of the two ends it. */
export interface Reservation {
  /** It went out, or may have. */
  spend(now: number): void
  /** It reached nobody: somebody else can have it. */
  release(): void
}

interface BudgetOptions {
  readonly mailsPerDay: number
  /** Is told, once a day each, that half, four fifths and all of the budget is used. */
  readonly onUsed: (percent: number) => void
  /** When counting begins; unix milliseconds. */
  readonly startedAt: number
}

const DAY_MS = 86_400_000
const AT_ONCE = 1 / 24
const KEPT_OF_AT_ONCE = 1 / 2
const MILESTONES = [50, 80, 100]
const MAX_DAYS = 7

/** Makes a budget of which nothing is used. Each process counts its own. */
export function createDailyBudget({ mailsPerDay, onUsed, ...options }: BudgetOptions): DailyBudget {
  const msPerMail = DAY_MS / mailsPerDay
  const atOnce = Math.ceil(mailsPerDay * AT_ONCE)
  const kept = Math.floor(atOnce * KEPT_OF_AT_ONCE)
  let startedAt = options.startedAt
  let today = dayOf(startedAt)
  // By the day. Of several, so that a clock that is on another day for a moment resets nothing.
  const usedOn = new Map<number, number>()
  let reserved = 0

  const turnDay = (now: number) => {
    // By a clock that was ahead for a moment.
    startedAt = Math.min(startedAt, now)
    today = dayOf(now)
  }
  const used = () => usedOn.get(today) ?? 0
  const waitMs = (isFirst: boolean, now: number) => {
    turnDay(now)
    const beganAt = Math.max(startedAt, today * DAY_MS)
    const next = used() + reserved + (isFirst ? 0 : kept) + 1
    const dueAt =
      next > mailsPerDay ? (today + 1) * DAY_MS : beganAt + Math.max(next - atOnce, 0) * msPerMail
    return Math.max(dueAt - now, 0)
  }
  const reservation: Reservation = {
    spend(now) {
      turnDay(now)
      reserved -= 1
      usedOn.set(today, used() + 1)
      const [oldest] = usedOn.size > MAX_DAYS ? usedOn.keys() : []
      if (oldest !== undefined) usedOn.delete(oldest)
      for (const percent of MILESTONES) {
        const threshold = (mailsPerDay * percent) / 100
        if (used() >= threshold && used() - 1 < threshold) onUsed(percent)
      }
    },
    release() {
      reserved -= 1
    },
  }

  return {
    waitMs,
    reserve(isFirst, now) {
      if (waitMs(isFirst, now) > 0) return undefined
      reserved += 1
      return reservation
    },
  }
}

function dayOf(ms: number): number {
  return Math.floor(ms / DAY_MS)
}
