// The process's log: JSON lines, written by pino.

import { type DestinationStream, type Logger, pino } from 'pino'

/** Makes the process's log: JSON lines, errors without what they carried. */
export function createLogger(level: string, stream?: DestinationStream): Logger {
  return pino({ level, serializers: { err: serializeError } }, stream)
}

/** How an error is written to the log: never with what a query or a request carried. */
export function serializeError(thrown: unknown): object {
  // Anything can be thrown, also by the parts of an application.
  if (!(thrown instanceof Error)) return { type: typeof thrown }
  const code = 'code' in thrown ? thrown.code : undefined
  // The stack begins with the message, and a database library's message repeats the values.
  const stack = thrown.stack?.split('\n').filter((line) => line.startsWith('    at '))
  return { type: thrown.name, code, stack }
}
