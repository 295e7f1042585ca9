// The log of a service, line by line as it comes.

import { EventEmitter, once } from 'node:events'

export type LogLine = Readonly<Record<string, unknown>>

export interface ServiceLog {
  readonly lines: readonly LogLine[]
  /** @param from How many lines to pass over. */
  waitFor(match: (line: LogLine) => boolean, from?: number, timeoutMs?: number): Promise<LogLine>
  add(line: string): void
}

export function createLog(): ServiceLog {
  const lines: LogLine[] = []
  const arrivals = new EventEmitter().setMaxListeners(0)
  return {
    lines,
    add(line) {
      lines.push(JSON.parse(line))
      arrivals.emit('line')
    },
    async waitFor(match, from = 0, timeoutMs = 15_000) {
      const signal = AbortSignal.timeout(timeoutMs)
      for (;;) {
        const line = lines.slice(from).find(match)
        if (line) return line
        await once(arrivals, 'line', { signal }).catch((cause) => {
          const last = lines
            .slice(from)
            .slice(-5)
            .map((each) => JSON.stringify(each))
          throw new Error(`No such line in the log; the last ones are ${last}`, { cause })
        })
      }
    },
  }
}
