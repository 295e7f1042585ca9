// Lets work on one thing happen one at a time, in order, within this process.

/** Work waits for the work that took a turn on the same key before it, whatever its outcome. */
export interface Turns {
  take<T>(key: string, work: () => Promise<T>): Promise<T>
  /** How many work or wait. */
  size(): number
}

/** Makes an empty set of turns. It holds a key only while somebody works or waits on it. */
export function createTurns(): Turns {
  const last = new Map<string, Promise<unknown>>()
  let size = 0
  return {
    size: () => size,
    async take(key, work) {
      size += 1
      const previous = last.get(key) ?? Promise.resolve()
      const mine = previous.then(work, work)
      last.set(key, mine)
      try {
        return await mine
      } finally {
        size -= 1
        if (last.get(key) === mine) last.delete(key)
      }
    },
  }
}
