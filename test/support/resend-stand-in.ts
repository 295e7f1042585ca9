// A stand-in of Resend's HTTP API on loopback, which takes mail as Resend does, or refuses, stalls and lies.

import { randomUUID } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { setTimeout as delay } from 'node:timers/promises'
import type { Certificate } from './certificate.ts'
import { startServer } from './loopback-server.ts'
import { type ResendBehaviour, scriptedAnswer } from './resend-behaviours.ts'
import { domainAnswerTo, type ResendDomain } from './resend-domains.ts'
import {
  failure,
  idempotencyKeyOf,
  mailOf,
  type ReceivedMail,
  type ReceivedRequest,
  type ResendAnswer,
  refusalOf,
  requestOf,
} from './resend-rules.ts'

export interface ResendStandIn {
  readonly url: string
  readonly apiKey: string
  /** What was accepted, once for each idempotency key, oldest first. */
  readonly mails: readonly ReceivedMail[]
  /** Everything that was asked, whatever came of it; without a body where it was cut before that. */
  readonly requests: readonly ReceivedRequest[]
  /** Of the account, as `GET /domains` lists them. */
  domains: readonly ResendDomain[]
  /** @param match The mail's number, counted from 1, or what it is like; it may be there already. */
  waitForMail(match: Match<ReceivedMail>, timeoutMs?: number): Promise<ReceivedMail>
  waitForRequest(match: Match<ReceivedRequest>, timeoutMs?: number): Promise<ReceivedRequest>
  /** Has the next requests meet these, one each, before `answerAlways` counts again. */
  answerNext(...behaviours: ResendBehaviour[]): void
  /** @param behaviour Without it, mail is accepted again. */
  answerAlways(behaviour?: ResendBehaviour): void
  stop(): Promise<void>
}

type Match<T> = number | ((item: T) => boolean)

/** @param certificate With it, it speaks TLS, and is called localhost. */
export async function startResend(certificate?: Certificate): Promise<ResendStandIn> {
  const apiKey = `re_${randomUUID()}`
  const mails: ReceivedMail[] = []
  const requests: ReceivedRequest[] = []
  const accepted = new Map<string, { rawBody: string; id: string }>()
  const arrivals = new EventEmitter().setMaxListeners(0)
  const next: ResendBehaviour[] = []
  let always: ResendBehaviour = { kind: 'accept' }

  function accept(request: ReceivedRequest): ResendAnswer {
    const listed = domainAnswerTo(request, apiKey, standIn.domains)
    if (listed) return listed
    const refusal = refusalOf(request, apiKey)
    if (refusal) return refusal
    const key = idempotencyKeyOf(request) ?? randomUUID()
    const earlier = accepted.get(key)
    if (earlier && earlier.rawBody !== request.rawBody) {
      return failure(409, 'invalid_idempotent_request', 'Same key, different request payload.')
    }
    if (earlier) return { status: 200, body: { id: earlier.id } }
    const mail = mailOf(request)
    accepted.set(key, { rawBody: request.rawBody, id: mail.id })
    mails.push(mail)
    arrivals.emit('arrival')
    return { status: 200, body: { id: mail.id } }
  }

  async function handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const behaviour = next.shift() ?? always
    const blind = behaviour.kind === 'drop' && behaviour.after === 'headers'
    const request = requestOf(incoming, blind ? '' : await text(incoming))
    requests.push(request)
    arrivals.emit('arrival')
    if (behaviour.kind === 'hang') return
    if (behaviour.kind === 'slow') await delay(behaviour.delayMs)
    if (behaviour.kind === 'drop') {
      if (behaviour.after === 'acceptance') accept(request)
      incoming.socket.destroy()
      return
    }
    if (behaviour.kind === 'drip') return drip(response)
    if (behaviour.kind === 'flood') return flood(response, behaviour.bytes)
    const answer = scriptedAnswer(behaviour) ?? accept(request)
    response.writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers })
    response.end(typeof answer.body === 'string' ? answer.body : JSON.stringify(answer.body))
  }

  const { origin: url, stop } = await startServer(handle, { certificate })

  const standIn: ResendStandIn = {
    domains: [{ id: randomUUID(), name: 'app.example', status: 'verified', click_tracking: false }],
    url,
    apiKey,
    mails,
    requests,
    waitForMail: (match, timeoutMs) => found(arrivals, mails, match, timeoutMs),
    waitForRequest: (match, timeoutMs) => found(arrivals, requests, match, timeoutMs),
    answerNext: (...behaviours) => {
      next.push(...behaviours)
    },
    answerAlways: (behaviour = { kind: 'accept' }) => {
      always = behaviour
    },
    stop,
  }
  return standIn
}

function drip(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json' })
  const dripping = setInterval(() => response.write(' '), 1000)
  response.once('close', () => clearInterval(dripping))
}

async function flood(response: ServerResponse, bytes: number): Promise<void> {
  const chunk = Buffer.alloc(64 * 1024, ' ')
  response.writeHead(200, { 'content-type': 'application/json' })
  const chunks = Array(Math.ceil(bytes / chunk.length)).fill(chunk)
  // A client that has read enough hangs up.
  await pipeline(Readable.from(chunks), response).catch(() => {})
}

/** @returns The one line of a mail's text that is a link and nothing else, as a reader would find it. */
export function linkIn(mail: { text?: string | undefined }): string {
  const links = mail.text?.split(/\r?\n/).filter((line) => /^https?:\/\/\S+$/.test(line)) ?? []
  const [link] = links
  if (!link || links.length > 1) throw new Error(`${links.length} links stand alone in the mail`)
  return link
}

async function found<T>(
  arrivals: EventEmitter,
  items: readonly T[],
  match: Match<T>,
  timeoutMs = 10_000,
): Promise<T> {
  const signal = AbortSignal.timeout(timeoutMs)
  for (;;) {
    const item = typeof match === 'number' ? items[match - 1] : items.find(match)
    if (item) return item
    await once(arrivals, 'arrival', { signal }).catch((cause) => {
      const what = typeof match === 'number' ? `number ${match}` : 'that matches'
      throw new Error(`None ${what} within ${timeoutMs} ms, ${items.length} others`, { cause })
    })
  }
}
