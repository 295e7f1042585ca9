// Writes what happened to the log.

import type { Events } from '../ports.ts'

/** The part of a logger that events need. */
export interface EventLog {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
}

/** Makes events that go to the log, one line each. */
export function createLogEvents(log: EventLog): Events {
  return {
    record({ type, ...fields }) {
      const isFull = 'reason' in fields && fields.reason === 'mail_line_full'
      const isTrouble = isFull || type === 'password_reset.mail_failed'
      log[isTrouble ? 'warn' : 'info']({ event: type, ...fields }, type)
    },
  }
}
