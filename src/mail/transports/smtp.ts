// Sends mails to an SMTP server with nodemailer.

import type { createTransport, NodemailerError } from 'nodemailer'
import {
  domainOf,
  needsUtf8,
  parseSender,
  type Sender,
  toAsciiDomain,
} from '../../core/email-address.ts'
import type { OutgoingMail } from '../../ports.ts'
import { createSmtpLane, type Progress, type SmtpLane } from './smtp-lane.ts'
import {
  ATTEMPT_TIMEOUT_MS,
  MAX_REPLY_BYTES,
  type SendOutcome,
  type Transport,
} from './transport.ts'

/** Where the server is, and who is sending. */
export interface SmtpServer {
  readonly host: string
  readonly port: number
  /** TLS from the first byte, as `smtps:` has it. */
  readonly secure: boolean
  /** Whether the connection stays on this machine, so that it may do without TLS. */
  readonly isLoopback: boolean
  readonly auth: { readonly user: string; readonly pass: string } | undefined
}

/** A server that turns a mail away for now (greylisting) is not won over sooner. */
const TURNED_AWAY_PAUSE_MS = 60_000
/** Its address has letters that only SMTPUTF8 carries. */
const NEEDS_SMTPUTF8: SendOutcome = {
  status: 'refused',
  reason: 'the address needs SMTPUTF8, which the server does not announce',
  isOfTransport: true,
}
const ENHANCED_CODE = /^\d{3}[ -]([245]\.\d{1,3}\.\d{1,3})\b/

/**
 * Makes the transport. It has as many connections as there were ever mails on their way at once, each
 * made when it is needed and kept for a while.
 */
export function createSmtpTransport(server: SmtpServer): Transport {
  const connection = describeConnection(server, ATTEMPT_TIMEOUT_MS)
  const lanes: SmtpLane[] = []
  const addLane = (create: typeof createTransport) => {
    const lane = createSmtpLane(create, connection)
    lanes.push(lane)
    return lane
  }
  return {
    knowsKeys: false,
    async send(mail) {
      const { createTransport } = await import('nodemailer')
      const lane = lanes.find((each) => !each.isBusy()) ?? addLane(createTransport)
      const signal = AbortSignal.timeout(ATTEMPT_TIMEOUT_MS)
      try {
        const isSent = await lane.send({ ...contentOf(mail), signal }, needsSmtpUtf8(mail))
        return isSent ? { status: 'sent' } : NEEDS_SMTPUTF8
      } catch (error) {
        return judge(error as NodemailerError, lane.progress())
      }
    },
    close() {
      for (const lane of lanes) lane.close()
    },
  }
}

/** How a connection to a server is made: with verified TLS, but for one that stays on this machine. */
export function describeConnection(server: SmtpServer, timeoutMs: number) {
  const { host, port, secure, isLoopback, auth } = server
  return {
    host,
    port,
    secure,
    auth,
    // Else a server that offers no login would be used without one.
    forceAuth: auth !== undefined,
    requireTLS: !secure && !isLoopback,
    ignoreTLS: !secure && isLoopback,
    tls: { minVersion: 'TLSv1.2' as const, rejectUnauthorized: true },
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    maxResponseSize: MAX_REPLY_BYTES,
    disableFileAccess: true,
    disableUrlAccess: true,
  }
}

function contentOf(mail: OutgoingMail) {
  const { to, replyTo, subject, text, html, headers } = mail
  const from = parseSender(mail.from)
  // As parts, so that nothing in a name or an address is read as another recipient.
  return {
    from: inAscii(from),
    to: inAscii({ name: '', address: to }),
    ...(replyTo === undefined ? {} : { replyTo: inAscii(parseSender(replyTo)) }),
    // The same for every attempt, so that a mailbox that gets two of them can tell.
    messageId: `<${mail.idempotencyKey}@${domainOf(from.address)}>`,
    subject,
    text,
    html,
    headers,
  }
}

function inAscii({ name, address }: Sender): Sender {
  return { name, address: toAsciiDomain(address) }
}

function needsSmtpUtf8({ from, to }: OutgoingMail): boolean {
  return [parseSender(from).address, to].some(needsUtf8)
}

/** @param awaited what the mail waited for last */
function judge(error: NodemailerError, awaited: Progress): SendOutcome {
  const { code = 'unnamed', originalCode = code } = error
  const { command = '', responseCode, response = '' } = error
  const enhanced = ENHANCED_CODE.exec(response)?.[1] ?? ''
  // The words of an answer may repeat the address; its numbers do not.
  const answer = [command, responseCode || code, enhanced].filter(Boolean).join(' ')
  const isMessageError = code === 'EENVELOPE' || code === 'EMESSAGE'
  if (responseCode) {
    // The sender is the same for every mail, so its refusal is no fault of this one; nor is one by a
    // policy (RFC 3463, section 3.8), which most servers apply to sender and recipient alike.
    const isOfMessage = isMessageError && command !== 'MAIL FROM' && responseCode !== 530
    const isPolicy = command === 'RCPT TO' && /^\d\.7\./.test(enhanced)
    if (isOfMessage && !isPolicy && error.permanent === true) {
      return { status: 'refused', reason: answer }
    }
    // Said of this mail, unless of a server that closes, is full (RFC 5321), or wants a login. The
    // mailbox can be full, too (RFC 3463, sections 3.2 and 3.3).
    const isFullMailbox = /^4\.[12]\./.test(enhanced)
    const isOfServer = [421, 530].includes(responseCode) || (responseCode === 452 && !isFullMailbox)
    const isOfThisMail = /^(?:RCPT TO|DATA)$/.test(command) && !isOfServer
    return isOfThisMail ? turnAway(answer) : { status: 'unsent', reason: answer }
  }
  if (isMessageError) return { status: 'refused', reason: answer }
  const silence = `no answer ${originalCode}`
  if (awaited === 'acceptance') return { status: 'unknown', reason: silence }
  // Whom a mail is for is what a server may look into for long before it answers.
  if (awaited === 'recipient') return turnAway(`${silence} to RCPT TO`)
  return { status: 'unsent', reason: silence }
}

function turnAway(reason: string): SendOutcome {
  const retryAfterMs = TURNED_AWAY_PAUSE_MS
  return { status: 'unsent', reason, isOfThisMail: true, retryAfterMs }
}
