// Posts one webhook to the receiver, signed as the Standard Webhooks specification has it.

import { Webhook as Signer } from 'standardwebhooks'
import { nameFetchFailure } from '../core/fetch-failure.ts'
import { parseRetryAfter } from '../core/retry-after.ts'
import { type Webhook, writePayload } from './webhook.ts'

export interface WebhookReceiver {
  /** https, or http on this machine. What its path and query hold may be secret. */
  readonly url: string
  /** Each `whsec_` and base64; every one of them signs. */
  readonly secrets: readonly string[]
}

/** What became of one attempt. `reason` is for the log; `retryAfterMs` is what the receiver asked for. */
export type PostOutcome =
  | { readonly status: 'taken' }
  /** It wants no more of them, ever. */
  | { readonly status: 'gone' }
  | {
      readonly status: 'failed'
      readonly reason: string
      readonly retryAfterMs?: number | undefined
    }

/** As long as the specification advises, from connecting to the head of the reply. */
const ATTEMPT_TIMEOUT_MS = 15_000

/** Makes what posts webhooks. An attempt never rejects, and ends within seconds. */
export function createPoster(
  { url, secrets }: WebhookReceiver,
  /** @returns unix milliseconds */
  clock: () => number,
): (webhook: Webhook) => Promise<PostOutcome> {
  const signers = secrets.map((secret) => new Signer(secret))
  return async (webhook) => {
    const { id } = webhook
    const body = writePayload(webhook)
    const sentAt = new Date(clock())
    try {
      const reply = await fetch(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'user-agent': 'rekey',
          'webhook-id': id,
          'webhook-timestamp': String(Math.floor(sentAt.getTime() / 1000)),
          'webhook-signature': signers.map((signer) => signer.sign(id, sentAt, body)).join(' '),
        },
        body,
        // A redirect is a failure of its status.
        redirect: 'manual',
        signal: AbortSignal.timeout(ATTEMPT_TIMEOUT_MS),
      })
      // The status says it all: however long the rest is, nobody waits for it or keeps it.
      await reply.body?.cancel()
      if (reply.ok) return { status: 'taken' }
      if (reply.status === 410) return { status: 'gone' }
      const retryAfterMs = parseRetryAfter(reply.headers.get('retry-after'), clock())
      return { status: 'failed', reason: String(reply.status), retryAfterMs }
    } catch (error) {
      return { status: 'failed', reason: nameFetchFailure(error) }
    }
  }
}
