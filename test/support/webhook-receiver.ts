// A stand-in of a host application that receives webhooks, verified with the library that it would use,
// and that can refuse, stall, lie and go away.

import { randomBytes } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { Webhook } from 'standardwebhooks'
import { startServer } from './loopback-server.ts'

export type ReceiverBehaviour =
  | { kind: 'take' }
  | { kind: 'status'; status: number; headers?: Record<string, string> }
  /** Reads the request and never answers. */
  | { kind: 'hang' }
  /** Takes it, and goes on with the reply a byte a second. */
  | { kind: 'drip' }
  /** Cuts the connection, having read the request. */
  | { kind: 'drop' }
  /** Answers with what is no HTTP. */
  | { kind: 'garble' }
  /** Takes it in so many bytes. */
  | { kind: 'flood'; bytes: number }

export interface ReceivedWebhook {
  readonly id: string
  readonly type: string
  readonly timestamp: string
  readonly data: Readonly<Record<string, string>>
  readonly headers: Readonly<Record<string, string>>
  readonly rawBody: string
  readonly path: string
  /** Whether it was answered with a success. */
  readonly isTaken: boolean
}

export interface WebhookReceiver {
  readonly url: string
  readonly secret: string
  /** Every attempt that carried a good signature, oldest first. */
  readonly attempts: readonly ReceivedWebhook[]
  /** How many attempts did not. */
  readonly forged: () => number
  /** Has the next requests meet these, one each, before `answerAlways` counts again. */
  answerNext(...behaviours: ReceiverBehaviour[]): void
  /** @param behaviour Without it, webhooks are taken again. */
  answerAlways(behaviour?: ReceiverBehaviour): void
  /** @returns Every webhook taken so far, once that many have been. */
  waitForTaken(count: number, timeoutMs?: number): Promise<readonly ReceivedWebhook[]>
  waitForAttempts(count: number, timeoutMs?: number): Promise<void>
  leave(): Promise<void>
  /** Listens again where it did. */
  comeBack(): Promise<void>
  stop(): Promise<void>
}

export function makeWebhookSecret(bytes = 32): string {
  return `whsec_${randomBytes(bytes).toString('base64')}`
}

export async function startReceiver(secret = makeWebhookSecret()): Promise<WebhookReceiver> {
  const verifier = new Webhook(secret)
  const attempts: ReceivedWebhook[] = []
  const arrivals = new EventEmitter().setMaxListeners(0)
  const next: ReceiverBehaviour[] = []
  let always: ReceiverBehaviour = { kind: 'take' }
  let forged = 0

  async function handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const rawBody = await text(incoming)
    const headers = incoming.headers as Record<string, string>
    let said: Pick<ReceivedWebhook, 'type' | 'timestamp' | 'data'>
    try {
      if (incoming.method !== 'POST') throw new Error('no webhook')
      said = verifier.verify(rawBody, headers) as typeof said
    } catch {
      forged += 1
      response.writeHead(401).end()
      return
    }
    const behaviour = next.shift() ?? always
    const isTaken = ['take', 'drip', 'flood'].includes(behaviour.kind)
    const id = headers['webhook-id'] ?? ''
    attempts.push({ ...said, id, headers, rawBody, path: incoming.url ?? '', isTaken })
    arrivals.emit('arrival')
    switch (behaviour.kind) {
      case 'take':
        response.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":true}')
        break
      case 'status':
        response.writeHead(behaviour.status, behaviour.headers).end('{"detail":"not now"}')
        break
      case 'drop':
        incoming.socket.destroy()
        break
      case 'garble':
        incoming.socket.end('220 mail.example ESMTP\r\n')
        break
      case 'drip': {
        response.writeHead(200).flushHeaders()
        const dripping = setInterval(() => response.write(' '), 1000)
        response.once('close', () => clearInterval(dripping))
        break
      }
      case 'flood':
        response.writeHead(200)
        response.end(Buffer.alloc(behaviour.bytes, ' '))
        break
      case 'hang':
    }
  }

  let server = await startServer(handle)
  const { origin, port } = server

  const waitUntil = async (isSo: () => boolean, timeoutMs: number) => {
    const signal = AbortSignal.timeout(timeoutMs)
    while (!isSo()) {
      await once(arrivals, 'arrival', { signal }).catch((cause) => {
        const told = attempts.map(({ type, isTaken }) => `${type} ${isTaken}`).slice(-20)
        throw new Error(`Only these within ${timeoutMs} ms: ${told}`, { cause })
      })
    }
  }
  const taken = () => attempts.filter(({ isTaken }) => isTaken)
  const leave = () => server.stop()
  return {
    url: `${origin}/hooks/rekey?from=rekey`,
    secret,
    attempts,
    forged: () => forged,
    answerNext: (...behaviours) => {
      next.push(...behaviours)
    },
    answerAlways: (behaviour = { kind: 'take' }) => {
      always = behaviour
    },
    async waitForTaken(count, timeoutMs = 10_000) {
      await waitUntil(() => taken().length >= count, timeoutMs)
      return taken()
    },
    waitForAttempts: (count, timeoutMs = 10_000) =>
      waitUntil(() => attempts.length >= count, timeoutMs),
    leave,
    async comeBack() {
      server = await startServer(handle, { port })
    },
    stop: leave,
  }
}
