// Sends mails through Resend's API with its SDK.
//
// The SDK tells neither whether anything was sent, nor the true status of an answer, nor does it cap
// what it reads. It hands its options to fetch, though, and fetch takes a dispatcher: the one here
// sees each exchange pass, and cuts what is too long.

import type { Dispatcher } from 'undici'
import { formatSender, needsUtf8, parseSender, toAsciiDomain } from '../../core/email-address.ts'
import { parseRetryAfter } from '../../core/retry-after.ts'
import type { OutgoingMail } from '../../ports.ts'
import {
  ATTEMPT_TIMEOUT_MS,
  MAX_REPLY_BYTES,
  type SendOutcome,
  type Transport,
} from './transport.ts'

/** By which Resend says that it will never take this mail. */
const FINAL_STATUSES: readonly number[] = [400, 422]
/** Not of the mail: what the SDK calls a body that it cannot read, and a sender that all mails share. */
const NAMES_OF_OTHERS: readonly string[] = ['application_error', 'invalid_from_address']
/** By which a gateway says that it got no reply, whatever became of the request behind it. */
const UNHEARD_STATUSES: readonly number[] = [408, 502, 504, 520, 522, 524]
/** The API takes local parts in ASCII only. */
const NEEDS_SMTPUTF8: SendOutcome = {
  status: 'refused',
  reason: 'the address needs SMTPUTF8, which Resend does not speak',
  isOfTransport: true,
}
const ERROR_NAME = /^[a-z_]{1,64}$/
const ERROR_CODE = /^[A-Z][A-Z0-9_]{1,63}$/

/** Whose mails they are, and where they are taken: https, or http on a loopback address. */
export interface ResendAccount {
  readonly apiKey: string
  readonly baseUrl: string
}

/** What was seen of one exchange. */
interface Exchange {
  /** Whether a connection stood and the request was about to go out on it. */
  hasBegun: boolean
  status: number | undefined
  retryAfter: string | undefined
  errorCode: string | undefined
  replyBytes: number
}

/**
 * Makes the transport. Key and address are given to the SDK outright: it would otherwise take them
 * from the environment.
 */
export function createResendTransport(account: ResendAccount): Transport {
  const open = async () => {
    const { Resend } = await import('resend')
    // By its default export, which is all that a bundle knows of a CommonJS module.
    const { getGlobalDispatcher } = (await import('undici')).default
    const resend = new Resend(account.apiKey, { baseUrl: account.baseUrl })
    // Which goes through a proxy where Node.js is told to (NODE_USE_ENV_PROXY).
    return { resend, dispatcher: getGlobalDispatcher() }
  }
  // Made for the first mail: it loads what a start need not wait for.
  let opened: ReturnType<typeof open> | undefined
  return {
    knowsKeys: true,
    async send(mail) {
      const { idempotencyKey } = mail
      if (needsUtf8(mail.to)) return NEEDS_SMTPUTF8
      opened ??= open()
      const { resend, dispatcher } = await opened
      const exchange: Exchange = {
        hasBegun: false,
        status: undefined,
        retryAfter: undefined,
        errorCode: undefined,
        replyBytes: 0,
      }
      // The SDK hands unknown options to fetch, though its types do not say so.
      const request = {
        idempotencyKey,
        signal: AbortSignal.timeout(ATTEMPT_TIMEOUT_MS),
        redirect: 'error',
        // A packed reply could be far more than the bytes that are counted.
        headers: { 'Accept-Encoding': 'identity' },
        dispatcher: watch(dispatcher, exchange),
      }
      const { data, error } = await resend.emails.send(contentOf(mail), request)
      return judge(exchange, typeof data?.id === 'string', error?.name)
    },
    // Its connections are shared with all of fetch, and end with the process.
    close() {},
  }
}

function contentOf({ from, to, replyTo, subject, text, html, headers }: OutgoingMail) {
  return {
    from: spell(from),
    to: toAsciiDomain(to),
    ...(replyTo !== undefined && { replyTo: spell(replyTo) }),
    subject,
    text,
    ...(html && { html }),
    headers: { ...headers },
  }
}

function spell(sender: string): string {
  const { name, address } = parseSender(sender)
  return formatSender({ name, address: toAsciiDomain(address) })
}

/** Dispatches like another one, notes what happens, and cuts what is too long. */
function watch(dispatcher: Dispatcher, exchange: Exchange): Pick<Dispatcher, 'dispatch'> {
  return {
    dispatch(options, handler) {
      const watching: Dispatcher.DispatchHandler = {
        onRequestStart(controller, context) {
          exchange.hasBegun = true
          handler.onRequestStart?.(controller, context)
        },
        onResponseStart(controller, status, headers, message) {
          exchange.status = status
          exchange.retryAfter = [headers['retry-after']].flat()[0]
          if (headers['content-encoding']) controller.abort(new Error('a packed reply'))
          else handler.onResponseStart?.(controller, status, headers, message)
        },
        onResponseData(controller, chunk) {
          exchange.replyBytes += chunk.byteLength
          if (exchange.replyBytes > MAX_REPLY_BYTES) controller.abort(new Error('a long reply'))
          else handler.onResponseData?.(controller, chunk)
        },
        onResponseError(controller, error) {
          exchange.errorCode = 'code' in error ? String(error.code) : undefined
          handler.onResponseError?.(controller, error)
        },
      }
      // The methods of fetch's handler keep what they know in it, so what is not watched stays its own.
      return dispatcher.dispatch(options, Object.assign(Object.create(handler), watching))
    },
  }
}

function judge(exchange: Exchange, hasId: boolean, errorName = ''): SendOutcome {
  const { hasBegun, status, errorCode = '' } = exchange
  if (status === undefined) {
    const code = ERROR_CODE.test(errorCode) ? errorCode : 'in time'
    return { status: hasBegun ? 'unknown' : 'unsent', reason: `no answer ${code}` }
  }
  if (hasId) return { status: 'sent' }
  // A name that is none of theirs may be anything, an address included.
  const name = ERROR_NAME.test(errorName) ? errorName : 'unnamed'
  const reason = `${status} ${name}`
  const retryAfterMs = parseRetryAfter(exchange.retryAfter, Date.now())
  const isFinal = FINAL_STATUSES.includes(status) && !NAMES_OF_OTHERS.includes(name)
  if (isFinal || name === 'invalid_idempotent_request') return { status: 'refused', reason }
  // A success that cannot be read may be one, and with 409 another process is sending the same mail
  // at this moment, of which the outcome is not known yet.
  const isUnheard = status < 300 || status === 409 || UNHEARD_STATUSES.includes(status)
  return { status: isUnheard ? 'unknown' : 'unsent', reason, retryAfterMs }
}
