// Sends one mail at a time over one connection with nodemailer, and follows in nodemailer's log how far the
// server has come with it.

import type { Readable } from 'node:stream'
import type { createTransport, SendMailOptions, SMTPPoolOptions } from 'nodemailer'

/** What a mail waits for: a server, an answer about its sender or its recipient, or its acceptance. */
export type Progress = 'server' | 'sender' | 'recipient' | 'acceptance'

export interface SmtpLane {
  isBusy(): boolean
  /**
   * Sends a mail.
   *
   * @param needsUtf8 whether it may go only to a server that announces SMTPUTF8 (RFC 6531)
   * @returns false for one that may not go to this server
   * @throws NodemailerError
   */
  send(mail: SendMailOptions, needsUtf8: boolean): Promise<boolean>
  /** What the last mail has waited for last. */
  progress(): Progress
  close(): void
}

/**
 * Makes a lane that is not connected yet. Its connection is kept for the next mail.
 *
 * @param create nodemailer's, which is loaded for the first mail
 */
export function createSmtpLane(
  create: typeof createTransport,
  connection: SMTPPoolOptions,
): SmtpLane {
  let isBusy = false
  let needsUtf8 = false
  let knowsUtf8 = false
  let isHeld = false
  let content: Readable | undefined
  let lastCommand = ''
  let awaited: Progress = 'server'

  const follow = ({ tnx }: { tnx?: string }, said: string) => {
    if (tnx === 'client') {
      lastCommand = said
      // A server may be sent the commands of a mail all at once (RFC 2920), so its answers are counted.
      if (said.startsWith('MAIL FROM')) awaited = 'sender'
      else if (!/^(?:RCPT TO|DATA)/.test(said)) awaited = 'server'
    } else if (tnx === 'server') {
      if (lastCommand.startsWith('EHLO')) knowsUtf8 = /^250[ -]SMTPUTF8\b/im.test(said)
      if (awaited === 'sender') awaited = 'recipient'
    }
  }
  const pool = create({
    ...connection,
    pool: true,
    maxConnections: 1,
    // What never went out over a connection that was closed meanwhile may take another one.
    maxRequeues: 1,
    transactionLog: true,
    logger: { ...SILENT, debug: follow },
  })
  pool.use('stream', ({ message }, next) => {
    // The pool asks for the envelope once it is connected, and sends nothing of one without recipient.
    const getEnvelope = message.getEnvelope.bind(message)
    message.getEnvelope = () => {
      isHeld = needsUtf8 && !knowsUtf8
      return isHeld ? { from: false, to: [] } : getEnvelope()
    }
    // It reads a mail's content only once the server has asked for it: until then the mail cannot have
    // been taken, whatever becomes of the connection.
    const createReadStream = message.createReadStream.bind(message)
    message.createReadStream = (options) => {
      content = createReadStream(options)
      return content
    }
    next()
  })

  return {
    isBusy: () => isBusy,
    async send(mail, mailNeedsUtf8) {
      isBusy = true
      needsUtf8 = mailNeedsUtf8
      isHeld = false
      content = undefined
      awaited = 'server'
      try {
        await pool.sendMail(mail)
        return true
      } catch (error) {
        if (isHeld) return false
        throw error
      } finally {
        isBusy = false
      }
    },
    progress: () => (content?.readableDidRead ? 'acceptance' : awaited),
    close: () => pool.close(),
  }
}

const ignore = () => {}
const SILENT = {
  trace: ignore,
  debug: ignore,
  info: ignore,
  warn: ignore,
  error: ignore,
  fatal: ignore,
}
