// A mail server on this machine, which takes mail by SMTP, or refuses, stalls and hangs up.

import { EventEmitter, once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import PostalMime, { type Email } from 'postal-mime'
import { SMTPServer } from 'smtp-server'
import type { Certificate } from './certificate.ts'

export interface SmtpMail {
  readonly from: string
  readonly to: readonly string[]
  /** As it came over the wire. */
  readonly raw: string
  /** As its reader sees it. */
  readonly content: Email
  readonly isEncrypted: boolean
}

/** How the server meets a mail, beside taking it. */
export type SmtpBehaviour =
  | { kind: 'accept' }
  /** Answers a step with a status of its own. */
  | {
      kind: 'refuse'
      at: 'greeting' | 'sender' | 'recipient' | 'content'
      status: number
      text?: string
    }
  /** Never answers a step. */
  | { kind: 'hang'; at: 'greeting' | 'sender' | 'recipient' | 'content' }
  /** Cuts the connection at a step; `acceptance` is after the mail was taken. */
  | { kind: 'drop'; at: 'recipient' | 'content' | 'acceptance' }

interface SmtpOptions {
  /** Without one it speaks no TLS at all. */
  readonly certificate?: Certificate | undefined
  /** Speaks TLS from the start, rather than after STARTTLS. */
  readonly secure?: boolean
  readonly auth?: { readonly user: string; readonly pass: string }
  /** What it does not announce, though it may. */
  readonly hides?: readonly ('PIPELINING' | 'SMTPUTF8')[]
}

export interface SmtpStandIn {
  readonly port: number
  readonly mails: readonly SmtpMail[]
  /** Whom it was asked to take a mail for, as it came over the wire and whatever came of it. */
  readonly recipients: readonly string[]
  /** How many connections there were. */
  connections(): number
  waitForMail(match: (mail: SmtpMail) => boolean): Promise<SmtpMail>
  answerNext(...behaviours: SmtpBehaviour[]): void
  answerAlways(behaviour?: SmtpBehaviour): void
  /** Has mails for a domain meet a behaviour, before all others. */
  answerDomain(domain: string, behaviour: SmtpBehaviour): void
  stop(): Promise<void>
}

export async function startSmtp({
  certificate,
  secure = false,
  auth,
  hides = [],
}: SmtpOptions = {}): Promise<SmtpStandIn> {
  const mails: SmtpMail[] = []
  const recipients: string[] = []
  const domains = new Map<string, SmtpBehaviour>()
  const arrivals = new EventEmitter().setMaxListeners(0)
  const next: SmtpBehaviour[] = []
  let always: SmtpBehaviour = { kind: 'accept' }
  let connections = 0
  /** How the mail that a connection brings at the moment is met. */
  const met = new Map<string, SmtpBehaviour>()

  type Answer = (error?: Error | null) => void
  const step = (id: string, at: string, answer: Answer) => {
    const behaviour = met.get(id) ?? always
    if (!('at' in behaviour) || behaviour.at !== at) return answer()
    if (behaviour.kind === 'hang') return
    if (behaviour.kind === 'drop') return cut(id)
    const { status, text: says = 'No.' } = behaviour
    answer(Object.assign(new Error(says), { responseCode: status }))
  }
  const cut = (id: string) => {
    for (const connection of server.connections) {
      if (connection.id === id) connection._socket.destroy()
    }
  }

  const hear = (_entry: unknown, _whose?: string, command = '') => {
    const [, recipient] = /^RCPT TO:<([^>]+)>/i.exec(command) ?? []
    if (recipient !== undefined) recipients.push(recipient)
  }

  const server = new SMTPServer({
    ...(certificate && { key: certificate.key, cert: certificate.cert }),
    secure,
    disabledCommands: [...(certificate ? [] : ['STARTTLS']), ...(auth ? [] : ['AUTH'])],
    authOptional: !auth,
    allowInsecureAuth: true,
    disableReverseLookup: true,
    hideSize: true,
    logger: { ...SILENT, debug: hear },
    hidePIPELINING: hides.includes('PIPELINING'),
    hideSMTPUTF8: hides.includes('SMTPUTF8'),
    onConnect(session, callback) {
      connections += 1
      step(session.id, 'greeting', callback)
    },
    onAuth({ username, password }, _session, callback) {
      const isRight = username === auth?.user && password === auth?.pass
      callback(isRight ? null : new Error('No such login'), { user: username })
    },
    onMailFrom(_address, session, callback) {
      met.set(session.id, next.shift() ?? always)
      step(session.id, 'sender', callback)
    },
    onRcptTo({ address }, session, callback) {
      const ofDomain = domains.get(address.replace(/^.*@/, ''))
      if (ofDomain) met.set(session.id, ofDomain)
      step(session.id, 'recipient', callback)
    },
    async onData(stream, session, callback) {
      const raw = await text(stream)
      const content = await PostalMime.parse(raw)
      step(session.id, 'content', (error) => {
        if (error) return callback(error)
        const { mailFrom, rcptTo } = session.envelope
        mails.push({
          from: mailFrom ? mailFrom.address : '',
          to: rcptTo.map(({ address }) => address),
          raw,
          content,
          isEncrypted: session.secure,
        })
        arrivals.emit('arrival')
        step(session.id, 'acceptance', callback)
      })
    },
  })
  // A client that gives up in the middle is none of our business.
  server.on('error', () => {})
  server.listen(0, '127.0.0.1')
  await once(server.server, 'listening')

  return {
    port: (server.server.address() as AddressInfo).port,
    mails,
    recipients,
    connections: () => connections,
    async waitForMail(match) {
      const signal = AbortSignal.timeout(10_000)
      for (;;) {
        const mail = mails.find(match)
        if (mail) return mail
        await once(arrivals, 'arrival', { signal })
      }
    },
    answerNext: (...behaviours) => {
      next.push(...behaviours)
    },
    answerAlways: (behaviour = { kind: 'accept' }) => {
      always = behaviour
    },
    answerDomain: (domain, behaviour) => {
      domains.set(domain, behaviour)
    },
    stop: () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const { id } of server.connections) cut(id)
      return closed
    },
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
