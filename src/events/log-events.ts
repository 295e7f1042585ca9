// Writes what happened to the log.

import type { Events, IgnoredReason, RekeyEvent } from '../ports.ts'

/** Reasons that only the operator can do away with. */
const LOST_BY_THE_OPERATOR: ReadonlySet<IgnoredReason> = new Set([
  'cannot_be_rendered',
  'look_up_too_slow',
  'mail_line_full',
  'unknown_hash_format',
])

/** The part of a logger that events need. */
export interface EventLog {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
}

/** Makes events that go to the log, one line each. */
export function createLogEvents(log: EventLog): Events {
  return {
    record(event) {
      const { type, ...fields } = event
      log[levelOf(event)]({ event: type, ...fields }, type)
    },
  }
}

function levelOf(event: RekeyEvent): keyof EventLog {
  if (event.type === 'password_reset.mail_failed') return 'warn'
  // Anybody can ask for any address, and post a dead link, so these would be written by the thousand.
  if (event.type === 'password_reset.requested') return 'debug'
  if (event.type === 'password_reset.refused') return 'debug'
  // Somebody who is not the account's owner holds what sets its password.
  if (event.type === 'password_reset.link_printed') return 'warn'
  if (event.type !== 'password_reset.ignored') return 'info'
  // Somebody has asked in vain, and may ask the operator why.
  if (event.reason === 'capped') return 'info'
  return LOST_BY_THE_OPERATOR.has(event.reason) ? 'warn' : 'debug'
}
