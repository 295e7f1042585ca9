// Keeps mails in memory instead of sending them, for development.

import type { OutgoingMail } from '../../ports.ts'
import type { Transport } from './transport.ts'

export interface Outbox extends Transport {
  /** The newest first. */
  mails(): readonly OutgoingMail[]
}

const MAX_MAILS = 100

/** Makes an empty outbox. Like a provider, it takes a mail with one idempotency key once. */
export function createOutbox(): Outbox {
  let mails: readonly OutgoingMail[] = []
  return {
    knowsKeys: true,
    mails: () => mails,
    async send(mail) {
      if (!mails.some((other) => other.idempotencyKey === mail.idempotencyKey)) {
        mails = [mail, ...mails].slice(0, MAX_MAILS)
      }
      return { status: 'sent' }
    },
    close() {},
  }
}
