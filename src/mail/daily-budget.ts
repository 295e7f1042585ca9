// Spreads so many reset links over each day (UTC), and knows who had one within 24 hours.
//
// A twenty-fourth of the budget is there when a day begins, or the process in the middle of one; the
// rest comes evenly, the last of it an hour before a whole day is over. What is not used is carried
// over to the next hours, but not to the next day.

export interface DailyBudget {
  /** Sets one mail aside. @returns undefined when none may go out now */
  reserve(now: number): Share | undefined
  /** @returns milliseconds until a mail can be set aside; 0 when one can be now */
  waitMs(now: number): number
}

/** One mail that is set aside. */
export interface Share {
  /** Says whether an address had another mail within 24 hours, or is about to get one. */
  isRepeat(address: string, now: number): boolean
  /** Says whom it is for, before it goes out. */
  dedicate(address: string, now: number): void
  /** It went out. */
  spend(now: number): void
  /** It reached nobody: somebody else can have it. */
  release(): void
}

interface BudgetOptions {
  readonly mailsPerDay: number
  /** A short name for an address that cannot be read back, the same for all its spellings. */
  readonly nameAddress: (address: string) => string
  /** Is told, once a day each, that half, four fifths and all of the budget is used. */
  readonly onUsed: (percent: number) => void
  /** When counting begins; unix milliseconds. */
  readonly startedAt: number
}

const DAY_MS = 86_400_000
const FIRST_SHARE_OF_DAY = 1 / 24
const MILESTONES = [50, 80, 100]

/** Makes a budget of which nothing is used. Each process counts its own. */
export function createDailyBudget(options: BudgetOptions): DailyBudget {
  const { mailsPerDay, nameAddress } = options
  const msPerMail = DAY_MS / mailsPerDay
  const atOnce = Math.ceil(mailsPerDay * FIRST_SHARE_OF_DAY)
  /** When each address was last mailed, the longest ago first; unix milliseconds. */
  const mailed = new Map<string, number>()
  let today = dayOf(options.startedAt)
  let beganAt = options.startedAt
  let used = 0
  let reserved = 0

  const turnDay = (now: number) => {
    if (dayOf(now) <= today) return
    today = dayOf(now)
    beganAt = today * DAY_MS
    used = 0
  }
  const waitMs = (now: number) => {
    turnDay(now)
    const next = used + reserved + 1
    const dueAt =
      next > mailsPerDay ? (today + 1) * DAY_MS : beganAt + Math.max(next - atOnce, 0) * msPerMail
    return Math.max(dueAt - now, 0)
  }
  const lastMailed = (name: string, now: number) => {
    for (const [other, at] of mailed) {
      if (at > now - DAY_MS) break
      mailed.delete(other)
    }
    return mailed.get(name)
  }
  const createShare = (): Share => {
    let name: string | undefined
    let isFirst = false
    return {
      isRepeat(address, now) {
        const asked = nameAddress(address)
        return asked !== name && lastMailed(asked, now) !== undefined
      },
      dedicate(address, now) {
        if (name !== undefined) return
        name = nameAddress(address)
        isFirst = lastMailed(name, now) === undefined
        // Deleted first, so that the map stays in the order of time.
        mailed.delete(name)
        mailed.set(name, now)
      },
      spend(now) {
        turnDay(now)
        reserved -= 1
        used += 1
        const reached = MILESTONES.filter((percent) => used >= (mailsPerDay * percent) / 100)
        const before = MILESTONES.filter((percent) => used - 1 >= (mailsPerDay * percent) / 100)
        for (const percent of reached.slice(before.length)) options.onUsed(percent)
      },
      release() {
        reserved -= 1
        if (name !== undefined && isFirst) mailed.delete(name)
      },
    }
  }

  return {
    waitMs,
    reserve(now) {
      if (waitMs(now) > 0) return undefined
      reserved += 1
      return createShare()
    },
  }
}

function dayOf(ms: number): number {
  return Math.floor(ms / DAY_MS)
}
