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
  | { kind: 'hang'; at: 'greeting' | 'recipient' | 'content' }
  /** Cuts the connection at a step; `acceptance` is after the mail was taken. */
  | { kind: 'drop'; at: 'recipient' | 'content' | 'acceptance' }

interface SmtpOptions {
  /** Without one it speaks no TLS at all. */
  readonly certificate?: Certificate | undefined
  /** Speaks TLS from the start, rather than after STARTTLS. */
  readonly secure?: boolean
  readonly auth?: { readonly user: string; readonly pass: string }
}

export interface SmtpStandIn {
  readonly port: number
  readonly mails: readonly SmtpMail[]
  /** How many connections there were. */
  connections(): number
  waitForMail(match: (mail: SmtpMail) => boolean): Promise<SmtpMail>
  answerNext(...behaviours: SmtpBehaviour[]): void
  answerAlways(behaviour?: SmtpBehaviour): void
  stop(): Promise<void>
}

export async function startSmtp({
  certificate,
  secure = false,
  auth,
}: SmtpOptions = {}): Promise<SmtpStandIn> {
  const mails: SmtpMail[] = []
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

  const server = new SMTPServer({
    ...(certificate && { key: certificate.key, cert: certificate.cert }),
    secure,
    disabledCommands: [...(certificate ? [] : ['STARTTLS']), ...(auth ? [] : ['AUTH'])],
    authOptional: !auth,
    allowInsecureAuth: true,
    disableReverseLookup: true,
    hideSize: true,
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
    onRcptTo(_address, session, callback) {
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
    stop: () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()))
      for (const { id } of server.connections) cut(id)
      return closed
    },
  }
}
