// What sends one mail: the shape that every transport has, and the limits that all of them keep.

import type { OutgoingMail } from '../../ports.ts'

/**
 * What became of one attempt to send a mail. `reason` goes to the log and into events, so that nothing
 * in it is secret or an address; `retryAfterMs` is how long the provider wants to be left alone, where
 * it said so.
 */
export type SendOutcome =
  | { readonly status: 'sent' }
  /** This mail will never be taken, or not by this transport, while another one may be able to. */
  | { readonly status: 'refused'; readonly reason: string; readonly isOfTransport?: boolean }
  /**
   * Certainly not taken: nothing of it went out, or the provider turned it away for now, either every
   * mail or, where it says so, only this one.
   */
  | {
      readonly status: 'unsent'
      readonly reason: string
      readonly retryAfterMs?: number | undefined
      readonly isOfThisMail?: boolean
    }
  /** Perhaps taken, without our hearing of it: only who was asked can say, by the same key. */
  | {
      readonly status: 'unknown'
      readonly reason: string
      readonly retryAfterMs?: number | undefined
    }

/** A way to hand mails to a provider. */
export interface Transport {
  /** Whether the same mail, by its idempotency key, is delivered once however often it is sent. */
  readonly knowsKeys: boolean
  /** Makes one attempt, which ends within seconds. */
  send(mail: OutgoingMail): Promise<SendOutcome>
  /** Lets go of its connections. Nothing is sent any more. */
  close(): void
}

/** How long an attempt may take, from connecting to the end of the reply. */
export const ATTEMPT_TIMEOUT_MS = 10_000
/** How much of a reply is read. */
export const MAX_REPLY_BYTES = 64 * 1024
