// Spreads mails evenly over each second, so that a provider's limit is never met.

export interface Pace {
  /** Takes leave to send one mail now. @returns false when it is too soon */
  take(now: number): boolean
  /** Gives back what was taken for a mail that does not go out. */
  giveBack(): void
  /** @returns milliseconds until the next mail may go; 0 when one may go now */
  waitMs(now: number): number
}

/**
 * A little longer than the provider's own count would have it: a mail that is late on its way and the
 * next one that is not would otherwise meet within its second.
 */
const MARGIN = 1.05

/**
 * Makes a pace that has let nothing pass yet. Its times are of any clock that never goes back.
 *
 * @param perSecond may be Infinity
 * @param togetherMs mails that fall due within so many milliseconds go at once
 */
export function createPace(perSecond: number, togetherMs: number): Pace {
  const gapMs = (1000 * MARGIN) / perSecond
  /** When the next mail is due; milliseconds. */
  let due = Number.NEGATIVE_INFINITY
  const waitMs = (now: number) => Math.max(due - togetherMs - now, 0)
  return {
    waitMs,
    take(now) {
      if (waitMs(now) > 0) return false
      due = Math.max(due, now) + gapMs
      return true
    },
    giveBack() {
      due -= gapMs
    },
  }
}
