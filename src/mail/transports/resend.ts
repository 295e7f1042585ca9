// Sends mails through Resend's API with its SDK.

import { Resend } from 'resend'
import type { SendOutcome, Transport } from '../../ports.ts'

const ATTEMPT_TIMEOUT_MS = 10_000
/** Statuses that say something about this very mail, so that the same request can only fail again. */
const FINAL_STATUSES = [400, 405, 409, 413, 422]
const ERROR_NAME = /^[a-z_]{1,64}$/

/**
 * Makes the transport. Key and address are given to the SDK outright: it would otherwise take them
 * from the environment.
 */
export function createResendTransport(options: { apiKey: string; baseUrl: string }): Transport {
  // Made for the first mail: it loads Node's fetch, which a start need not wait for.
  let resend: Resend | undefined
  return {
    async send({ idempotencyKey, ...mail }) {
      // The SDK hands unknown options to fetch, though its types do not say so.
      const request = {
        idempotencyKey,
        signal: AbortSignal.timeout(ATTEMPT_TIMEOUT_MS),
        redirect: 'error',
      }
      resend ??= new Resend(options.apiKey, { baseUrl: options.baseUrl })
      const { data, error } = await resend.emails.send(mail, request)
      if (error) return judge(error)
      return data?.id ? { status: 'sent' } : { status: 'failed', reason: 'an answer without an id' }
    },
  }
}

/** Resolved by the SDK, never thrown: an error that looks like success to whoever forgets to look. */
function judge(error: { name: string; statusCode: number | null }): SendOutcome {
  const { name, statusCode } = error
  // A name that is none of theirs may be anything, an address included.
  const reason = `${statusCode ?? 'no answer'} ${ERROR_NAME.test(name) ? name : 'unnamed'}`
  // Another process is sending the same mail at this moment; its outcome is not known yet.
  const isFinal =
    FINAL_STATUSES.includes(statusCode ?? 0) && name !== 'concurrent_idempotent_requests'
  return { status: isFinal ? 'refused' : 'failed', reason }
}
