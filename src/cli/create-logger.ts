// The process's log: JSON lines, written by pino.

import { type DestinationStream, type Logger, pino } from 'pino'

/** Makes the process's log: JSON lines, errors without what they carried. */
export function createLogger(level: string, stream?: DestinationStream): Logger {
  return pino({ level, serializers: { err: serializeError } }, stream)
}

/** How an error is written to the log: never with what a query or a request carried. */
export function serializeError(error: Error): object {
  const code = 'code' in error ? error.code : undefined
  // The stack begins with the message, and a database library's message repeats the values.
  const stack = error.stack?.split('\n').filter((line) => line.startsWith('    at '))
  return { type: error.name, code, stack }
}
