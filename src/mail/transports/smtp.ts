// Sends mails to an SMTP server with nodemailer.

import type { Readable } from 'node:stream'
import type { NodemailerError } from 'nodemailer'
import { parseSender } from '../../core/email-address.ts'
import type { OutgoingMail } from '../../ports.ts'
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
const ENHANCED_CODE = /^\d{3}[ -]([245]\.\d{1,3}\.\d{1,3})\b/

/** Makes the transport. Its connections are made when they are needed, and kept for a while. */
export function createSmtpTransport(server: SmtpServer, connections: number): Transport {
  // By the signal of the attempt.
  const contents = new WeakMap<AbortSignal, Readable>()
  const open = async () => {
    const { createTransport } = await import('nodemailer')
    const pool = createTransport({
      ...describeConnection(server, ATTEMPT_TIMEOUT_MS),
      pool: true,
      // As many as there are mails on their way, so that none waits for another inside the pool.
      maxConnections: connections,
      // What never went out over a connection that was closed meanwhile may take another one.
      maxRequeues: 1,
    })
    // The pool reads a mail's content only once the server has asked for it: until then the mail
    // cannot have been taken, whatever becomes of the connection.
    pool.use('stream', ({ message, data }, next) => {
      const createReadStream = message.createReadStream.bind(message)
      message.createReadStream = (options) => {
        const content = createReadStream(options)
        if (data.signal) contents.set(data.signal, content)
        return content
      }
      next()
    })
    return pool
  }
  let opened: ReturnType<typeof open> | undefined
  return {
    knowsKeys: false,
    async send(mail) {
      opened ??= open()
      const pool = await opened
      const from = parseSender(mail.from)
      // The same for every attempt, so that a mailbox that gets two of them can tell.
      const messageId = `<${mail.idempotencyKey}@${from.address.split('@')[1]}>`
      const signal = AbortSignal.timeout(ATTEMPT_TIMEOUT_MS)
      try {
        await pool.sendMail({ ...contentOf(mail), from, messageId, signal })
        return { status: 'sent' }
      } catch (error) {
        return judge(error as NodemailerError, contents.get(signal)?.readableDidRead ?? false)
      }
    },
    close() {
      opened?.then((pool) => pool.close()).catch(() => {})
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

function contentOf({ to, replyTo, subject, text, html }: OutgoingMail) {
  // As parts, so that nothing in a name or an address is read as another recipient.
  return {
    to: { name: '', address: to },
    ...(replyTo === undefined ? {} : { replyTo: parseSender(replyTo) }),
    subject,
    text,
    html,
  }
}

/** @param wasRead whether the content, or a part of it, was handed to the connection */
function judge(error: NodemailerError, wasRead: boolean): SendOutcome {
  const { code = 'unnamed', originalCode = code } = error
  const { command = '', responseCode, response = '' } = error
  const enhanced = ENHANCED_CODE.exec(response)?.[1]
  // The words of an answer may repeat the address; its numbers do not.
  const answer = [command, responseCode || code, enhanced].filter(Boolean).join(' ')
  const isMessageError = code === 'EENVELOPE' || code === 'EMESSAGE'
  if (responseCode) {
    // The sender is the same for every mail, so its refusal is no fault of this one; nor is one by a
    // policy (RFC 3463, section 3.8), which most servers apply to sender and recipient alike.
    const isOfMessage = isMessageError && command !== 'MAIL FROM' && responseCode !== 530
    const isPolicy = command === 'RCPT TO' && /^\d\.7\./.test(enhanced ?? '')
    if (isOfMessage && !isPolicy && error.permanent === true) {
      return { status: 'refused', reason: answer }
    }
    // Said of this mail, unless of a server that closes, is full (RFC 5321), or wants a login.
    const isOfThisMail =
      /^(?:RCPT TO|DATA)$/.test(command) && ![421, 452, 530].includes(responseCode)
    return isOfThisMail
      ? { status: 'unsent', reason: answer, isOfThisMail: true, retryAfterMs: TURNED_AWAY_PAUSE_MS }
      : { status: 'unsent', reason: answer }
  }
  if (isMessageError) return { status: 'refused', reason: answer }
  return { status: wasRead ? 'unknown' : 'unsent', reason: `no answer ${originalCode}` }
}
