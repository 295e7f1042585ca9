// Spreads so many mails that anybody can ask for over each day (UTC).
//
// A twenty-fourth of the budget is there when a day begins, or the process in the middle of one; the
// rest comes evenly, the last of it an hour before a whole day is over. What is not used is carried
// over to the next hours, but not to the next day.

export interface DailyBudget {
  /** Sets one mail aside. @returns undefined when none may go out now */
  reserve(now: number): Reservation | undefined
  /** @returns milliseconds until a mail can be set aside; 0 when one can be now */
  waitMs(now: number): number
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
const MILESTONES = [50, 80, 100]

/** Makes a budget of which nothing is used. Each process counts its own. */
export function createDailyBudget({ mailsPerDay, onUsed, ...options }: BudgetOptions): DailyBudget {
  const msPerMail = DAY_MS / mailsPerDay
  const atOnce = Math.ceil(mailsPerDay * AT_ONCE)
  let startedAt = options.startedAt
  let today = dayOf(startedAt)
  let used = 0
  let reserved = 0

  const turnDay = (now: number) => {
    // By a clock that was ahead for a moment.
    startedAt = Math.min(startedAt, now)
    if (dayOf(now) === today) return
    today = dayOf(now)
    used = 0
  }
  const waitMs = (now: number) => {
    turnDay(now)
    const beganAt = Math.max(startedAt, today * DAY_MS)
    const next = used + reserved + 1
    const dueAt =
      next > mailsPerDay ? (today + 1) * DAY_MS : beganAt + Math.max(next - atOnce, 0) * msPerMail
    return Math.max(dueAt - now, 0)
  }
  const reservation: Reservation = {
    spend(now) {
      turnDay(now)
      reserved -= 1
      used += 1
      for (const percent of MILESTONES) {
        const threshold = (mailsPerDay * percent) / 100
        if (used >= threshold && used - 1 < threshold) onUsed(percent)
      }
    },
    release() {
      reserved -= 1
    },
  }

  return {
    waitMs,
    reserve(now) {
      if (waitMs(now) > 0) return undefined
      reserved += 1
      return reservation
    },
  }
}

function dayOf(ms: number): number {
  return Math.floor(ms / DAY_MS)
}
