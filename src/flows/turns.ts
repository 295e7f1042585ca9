// Lets work on one thing happen one at a time, in order, within this process.

/** Work waits for the work that took a turn on the same key before it, whatever its outcome. */
export interface Turns {
  take<T>(key: string, work: () => Promise<T>): Promise<T>
}

/** Makes an empty set of turns. It holds a key only while somebody works or waits on it. */
export function createTurns(): Turns {
  const last = new Map<string, Promise<unknown>>()
  return {
    async take(key, work) {
      const previous = last.get(key) ?? Promise.resolve()
      const mine = previous.then(work, work)
      last.set(key, mine)
      try {
        return await mine
      } finally {
        if (last.get(key) === mine) last.delete(key)
      }
    },
  }
}
