// A client of a running service, which checks that nothing that it sends comes back.

import { once } from 'node:events'
import { type Agent, type IncomingHttpHeaders, request as openRequest } from 'node:http'
import { text } from 'node:stream/consumers'
import { confide, MIN_CONFIDED_LENGTH } from './discretion.ts'
import { isLinkMail, type LinkValues } from './links.ts'
import { linkIn, type ResendStandIn } from './resend-stand-in.ts'

export interface Reply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  /** Status and body in one, to compare both to the byte. */
  readonly answer: string
}

export interface Asked {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
}

export interface Client {
  readonly url: string
  /** Asks for exactly this path, and checks that nothing which was sent comes back. */
  ask(path: string, asked?: Asked): Promise<Reply>
  /** Posts JSON to a path. A string or bytes are sent as they are. */
  send(path: string, body: unknown, headers?: Asked['headers']): Promise<Reply>
  /** Sends to a route under the default BASE_PATH. */
  post(route: string, body: unknown, headers?: Asked['headers']): Promise<Reply>
  /** @returns The machine code of the problem details that such a post is answered with. */
  code(route: string, body: unknown): Promise<string>
  /** Asks for a link by address, and reads it out of the mail that arrives. */
  mailedLink(address: string): Promise<LinkValues & { readonly url: string }>
}

export const basePath = '/api/v1/accounts'
/** Of an account that did reset its password, the log may say which it was. */
const PUBLIC_FIELDS = new Set(['user_id', 'timestamp'])

export function createClient(url: string, resend: ResendStandIn, agent: Agent): Client {
  const ask: Client['ask'] = async (path, { method = 'GET', headers = {}, body } = {}) => {
    const outgoing = openRequest(url, { method, path, agent, headers })
    outgoing.end(body)
    const [incoming] = await once(outgoing, 'response')
    const reply = await text(incoming)
    const sent = textsIn(body)
    for (const [name, value] of sent) if (!PUBLIC_FIELDS.has(name)) confide(value)
    const echoed = sent
      .values()
      .find((value) => isEchoed(value, reply + incoming.rawHeaders.join('\n')))
    if (echoed) throw new Error(`The reply repeats what was sent: ${reply}`)
    const { statusCode: status, headers: received } = incoming
    return { status, headers: received, text: reply, answer: `${status} ${reply}` }
  }
  const send: Client['send'] = (path, body, headers = {}) => {
    const isReady = typeof body === 'string' || body instanceof Uint8Array
    const bytes = isReady ? body : JSON.stringify(body)
    const length = String(Buffer.byteLength(bytes))
    return ask(path, {
      method: 'POST',
      body: bytes,
      headers: { 'content-type': 'application/json', 'content-length': length, ...headers },
    })
  }
  const post: Client['post'] = (route, body, headers) => send(`${basePath}/${route}`, body, headers)
  return {
    url,
    ask,
    send,
    post,
    async code(route, body) {
      const reply = await post(route, body, { accept: 'application/problem+json' })
      return JSON.parse(reply.text).code
    },
    async mailedLink(address) {
      const { answer } = await post('send-reset-password-link', { email: address })
      if (!answer.startsWith('200 ')) throw new Error(`No link can be had: ${answer}`)
      const mail = await resend.waitForMail((mail) => mail.to[0] === address && isLinkMail(mail))
      const link = confide(linkIn(mail))
      const { searchParams } = new URL(link)
      const read = (name: string) => searchParams.get(name) ?? ''
      const signature = confide(read('signature'))
      return { user_id: read('user_id'), timestamp: read('timestamp'), signature, url: link }
    },
  }
}

/** The texts in a JSON body by name; a body that is no JSON is one text. */
function textsIn(body: Asked['body']): Map<string, string> {
  const texts = new Map<string, string>()
  if (body === undefined) return texts
  const sent = Buffer.from(body).toString()
  try {
    JSON.parse(sent, (name, value) => {
      if (typeof value === 'string') texts.set(name, value)
      return value
    })
  } catch {
    texts.set('', sent)
  }
  return texts
}

function isEchoed(value: string, reply: string): boolean {
  return value.length >= MIN_CONFIDED_LENGTH && reply.includes(value)
}
