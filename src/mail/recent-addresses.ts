// Who was mailed within the last 24 hours.

export interface RecentAddresses {
  has(address: string, now: number): boolean
  /** Notes a mail that is about to go out. @returns what takes the note back, if it reaches nobody */
  add(address: string, now: number): () => void
}

const DAY_MS = 86_400_000

/**
 * Remembers nobody yet.
 *
 * @param nameAddress a short name that cannot be read back, the same for all spellings of an address
 */
export function createRecentAddresses(nameAddress: (address: string) => string): RecentAddresses {
  /** When each was last mailed, the longest ago first; unix milliseconds. */
  const mailed = new Map<string, number>()
  const forgetOld = (now: number) => {
    for (const [name, at] of mailed) {
      if (isRecent(at, now)) return
      mailed.delete(name)
    }
  }
  return {
    has(address, now) {
      forgetOld(now)
      const at = mailed.get(nameAddress(address))
      return at !== undefined && isRecent(at, now)
    },
    add(address, now) {
      const name = nameAddress(address)
      forgetOld(now)
      const isFirst = !mailed.has(name)
      // Deleted first, so that the map stays in the order of time.
      mailed.delete(name)
      mailed.set(name, now)
      return () => {
        if (isFirst && mailed.get(name) === now) mailed.delete(name)
      }
    },
  }
}

/** Also says so of a time that a clock that was ahead for a moment has left behind, for as long. */
function isRecent(at: number, now: number): boolean {
  return Math.abs(now - at) < DAY_MS
}
