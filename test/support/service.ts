// Runs the service as its users meet it, in this process or in one of its own, and watches that
// neither a reply nor a log line gives away what was confided to it.

import { type ChildProcess, spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { Agent, type IncomingHttpHeaders, request as openRequest } from 'node:http'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { hash, verify } from '@node-rs/argon2'
import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import { pino } from 'pino'
import type { Sql, TransactionSql } from 'postgres'
import { readConfig } from '../../src/config/read-config.ts'
import { deriveKeys, generateSecret } from '../../src/core/key-ring.ts'
import { type AccountFacts, sealLink } from '../../src/core/link.ts'
import { formatToken } from '../../src/core/token.ts'
import { assembleService } from '../../src/service/assemble-service.ts'
import { createLogger } from '../../src/service/create-logger.ts'
import { loadContent } from '../../src/service/load-content.ts'
import type { Certificate } from './certificate.ts'
import { createDatabase, type TestDatabase } from './database.ts'
import type { ReceivedMail } from './resend-rules.ts'
import { linkIn, type ResendStandIn, startResend } from './resend-stand-in.ts'
import { seconds } from './seconds.ts'

export type Environment = Readonly<Record<string, string>>

/** What a service needs around it. Several services can share it. */
export interface Surroundings {
  readonly database: TestDatabase
  readonly resend: ResendStandIn
  end(): Promise<void>
}

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

/** The three values of a link, under the names that a body has for them. */
export interface LinkValues {
  readonly user_id: string
  readonly timestamp: string
  readonly signature: string
}

/** A client of a running service. */
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

export interface TestService extends Client {
  readonly log: ServiceLog
  /** Stops it and checks its log. @returns How many accepted requests and mails were lost. */
  stop(): Promise<number>
}

export interface ServiceProcess extends RekeyProcess, Client {}

export interface RekeyProcess {
  readonly child: ChildProcess
  readonly log: ServiceLog
  /** Settles when the process is gone; what it has said is checked by then. */
  readonly ended: Promise<{ status: number | null; output: string; errors: string }>
}

export type LogLine = Readonly<Record<string, unknown>>

export interface ServiceLog {
  readonly lines: readonly LogLine[]
  /** @param from How many lines to pass over. */
  waitFor(match: (line: LogLine) => boolean, from?: number, timeoutMs?: number): Promise<LogLine>
  add(line: string): void
}

export const linkSecret = generateSecret()
export const resetPageUrl = 'https://app.example/reset'
export const basePath = '/api/v1/accounts'
const linkRules = { audience: 'https://app.example', ttlSeconds: 3600, bucketSeconds: 60 }
const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/** Processes that a failed test has left behind end with the surroundings of its file. */
const running = new Set<ChildProcess>()

/** Whatever a log line must not hold: grows with all that the tests of a file send and store. */
const confided = new Set<string>([linkSecret])
/** Shorter ones would be found by chance. */
const MIN_CONFIDED_LENGTH = 10
/** Of an account that did reset its password, the log may say which it was. */
const PUBLIC_FIELDS = new Set(['user_id', 'timestamp'])
const SECRETIVE = {
  'mail address': /[\w.+-]+@[\w-]+\.[\w.-]+/,
  'password hash': /\$argon2|\$2[aby]\$|pbkdf2[_:]|scrypt[$:]\d/,
  secret: /rk1_[\w-]{43}|whsec_[\w+/]{32}/,
  link: /(?:signature|token)=[\w-]{20}/,
}

/** Remembers something that no log line may hold. @returns it */
export function confide(value: string): string {
  if (value.length >= MIN_CONFIDED_LENGTH) confided.add(value)
  return value
}

/** @throws Error when a log holds something that looks secret, or anything that was confided. */
export function expectDiscretion(output: string): void {
  for (const [name, pattern] of Object.entries(SECRETIVE)) {
    const index = output.search(pattern)
    if (index >= 0) throw new Error(`A ${name} in the log: ${around(output, index)}`)
  }
  for (const value of confided) {
    const spellings = [value, JSON.stringify(value).slice(1, -1)]
    const index = Math.max(...spellings.map((spelling) => output.indexOf(spelling)))
    if (index >= 0) throw new Error(`Something confided in the log: ${around(output, index)}`)
  }
}

/** @param certificate With it, the stand-in of Resend speaks TLS. */
export async function createSurroundings(certificate?: Certificate): Promise<Surroundings> {
  const [database, resend] = await Promise.all([createDatabase(), startResend(certificate)])
  confide(new URL(database.url).password)
  confide(resend.apiKey)
  return {
    database,
    resend,
    async end() {
      for (const child of running) child.kill('SIGKILL')
      await Promise.all([database.drop(), resend.stop()])
    },
  }
}

/** The least environment for these surroundings, talkative and without limits that tests would hit. */
export function environmentFor({ database, resend }: Surroundings): Environment {
  return {
    DATABASE_URL: database.url,
    LINK_SECRETS: linkSecret,
    RESET_PAGE_URL: resetPageUrl,
    MAIL_FROM: 'Rekey <no-reply@app.example>',
    RESEND_API_KEY: resend.apiKey,
    RESEND_BASE_URL: resend.url,
    HOST: '127.0.0.1',
    PORT: '0',
    LOG_LEVEL: 'trace',
    RATE_LIMIT_REQUESTS: '999999/1s',
    RATE_LIMIT_CONFIRMS: '999999/1s',
  }
}

/** Starts the service in this process, and waits until it has found its table, if it can. */
export async function startService(
  surroundings: Surroundings,
  env: Environment = {},
): Promise<TestService> {
  const reading = readConfig({ ...environmentFor(surroundings), ...env })
  if ('faults' in reading) throw new Error(reading.faults.join('\n'))
  const log = createLog()
  const stream = { write: (line: string) => log.add(line) }
  const logger = createLogger(reading.config.process.logLevel, stream)
  const service = assembleService(reading.config, loadContent(reading.config), logger)
  const faults = await service.mappingFaults
  if (faults.length > 0) throw new Error(faults.join('\n'))
  const agent = new Agent({ keepAlive: true })
  const client = createClient(await service.listen(), surroundings.resend, agent)
  return {
    ...client,
    log,
    async stop() {
      agent.destroy()
      const lost = await service.stop()
      expectDiscretion(log.lines.map((line) => JSON.stringify(line)).join('\n'))
      return lost
    },
  }
}

/**
 * Starts an application that has Rekey in its own process.
 *
 * @param build is given a log of the application's own
 * @returns as the service; `lost` is 0, because whatever was lost is in the log
 */
export async function startHost(
  { resend }: Surroundings,
  build: (logger: FastifyBaseLogger) => Promise<FastifyInstance>,
): Promise<TestService> {
  const log = createLog()
  const app = await build(pino({ level: 'trace' }, { write: (line: string) => log.add(line) }))
  const agent = new Agent({ keepAlive: true })
  const client = createClient(await app.listen({ host: '127.0.0.1', port: 0 }), resend, agent)
  return {
    ...client,
    log,
    async stop() {
      agent.destroy()
      await app.close()
      expectDiscretion(log.lines.map((line) => JSON.stringify(line)).join('\n'))
      return 0
    },
  }
}

/** Runs `node src/main.ts` with exactly this environment. */
export function runRekey(args: readonly string[], env: Environment): RekeyProcess {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const log = createLog()
  let rest = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (line.startsWith('{')) log.add(line)
  })
  running.add(child)
  const gone = once(child, 'close').finally(() => running.delete(child))
  const ended = Promise.all([text(child.stdout), text(child.stderr), gone]).then(
    ([output, errors]) => {
      // Printing what the service must not tell is what these are for.
      const isOutspoken = ['keygen', 'link', 'explain'].includes(args[0] ?? '')
      expectDiscretion(isOutspoken ? errors : output + errors)
      return { status: child.exitCode, output, errors }
    },
  )
  // Whoever cares waits for it; a process that is only killed at the end concerns nobody.
  ended.catch(() => {})
  return { child, log, ended }
}

/** Starts the service in a process of its own, and waits until it listens. */
export async function startServiceProcess(
  surroundings: Surroundings,
  env: Environment = {},
): Promise<ServiceProcess> {
  const rekey = runRekey(['serve'], { ...environmentFor(surroundings), ...env })
  const early = rekey.ended.then(({ status, errors }) => {
    throw new Error(`Rekey ended with ${status}: ${errors}`)
  })
  const listening = rekey.log.waitFor(({ msg }) => String(msg).startsWith('Rekey listens at '))
  const { msg } = await Promise.race([listening, early])
  const agent = new Agent({ keepAlive: true, maxSockets: 64 })
  rekey.child.once('exit', () => agent.destroy())
  const url = String(msg).slice('Rekey listens at '.length)
  return { ...rekey, ...createClient(url, surroundings.resend, agent) }
}

/** Ends a process with a signal and waits until it is gone. */
export async function endProcess(
  { child, ended }: RekeyProcess,
  signal: NodeJS.Signals = 'SIGTERM',
): ReturnType<() => RekeyProcess['ended']> {
  child.kill(signal)
  return ended
}

export type IdType = 'uuid' | 'bigint' | 'integer' | 'smallint' | 'text'
export const idTypes: readonly IdType[] = ['uuid', 'bigint', 'integer', 'smallint', 'text']

/** @param columns More of them, as SQL. */
export async function createUsers(
  sql: Sql,
  idType: IdType = 'uuid',
  columns: readonly string[] = [],
): Promise<void> {
  const identity = 'generated by default as identity'
  const made = { uuid: 'default gen_random_uuid()', text: 'default gen_random_uuid()::text' }
  const id = `id ${idType} primary key ${Object.hasOwn(made, idType) ? made[idType as 'uuid'] : identity}`
  const all = [id, 'email text', 'password_hash text', ...columns]
  await sql.unsafe(`create table users (${all.join(', ')})`)
  await sql`create index on users (lower(email))`
}

export interface StoredUser {
  readonly id: string
  readonly email: string
  readonly password: string
  readonly passwordHash: string
}

let users = 0

/** Adds a user with a password of their own, or with the columns given. */
export async function addUser(
  sql: Sql | TransactionSql,
  columns: Readonly<Record<string, string | number | boolean | null>> = {},
): Promise<StoredUser> {
  users += 1
  const password = confide(`forgotten by user ${users}`)
  const email = String(columns['email'] ?? `user-${users}@example.com`)
  const passwordHash = await argon2id(password)
  const row = { email, password_hash: passwordHash, ...columns }
  const [stored] = await sql`insert into users ${sql(row)} returning id::text, password_hash`
  confide(email)
  return { id: stored?.['id'], email, password, passwordHash: stored?.['password_hash'] }
}

/** @returns What the table holds as the hash of an account, which no log line may show. */
export async function storedHash(
  sql: Sql,
  id: string,
  table = 'users',
  column = 'password_hash',
): Promise<string> {
  const [row] = await sql`select ${sql(column)} as hash from ${sql(table)} where id::text = ${id}`
  const hash = row?.['hash']
  return hash ? confide(hash) : hash
}

/** @returns Whether an account has this password, under a hash by argon2. */
export async function hasPassword(sql: Sql, id: string, password: string): Promise<boolean> {
  return verify(await storedHash(sql, id), password)
}

/** Hashes as a host application would, with parameters of its own. */
export async function argon2id(password: string): Promise<string> {
  return confide(await hash(password, { memoryCost: 8, timeCost: 1, parallelism: 1 }))
}

/** What the service would mail at another time. The key is known here; clocks are left alone. */
export function sealedLink(
  user: StoredUser,
  timestamp: number | string = seconds(),
  facts: Partial<AccountFacts> = {},
): LinkValues {
  const account = {
    emailAddress: user.email,
    passwordHash: user.passwordHash,
    lastLogin: undefined,
    ...facts,
  }
  const rules = { ...linkRules, notBefore: 0, opensFirstPasswords: true }
  const at = String(timestamp)
  const signature = sealLink(deriveKeys(linkSecret), rules, user.id, at, account)
  return { user_id: user.id, timestamp: at, signature: confide(signature) }
}

export function tokenOf({ user_id, timestamp, signature }: LinkValues): string {
  return formatToken({ userId: user_id, timestamp, signature })
}

/** A link that looks right and was not made with the service's key. */
export function forgedLink(userId = '6a0e2c0e-8f5b-4f0e-9d5c-0d5a7f0f9a11'): LinkValues {
  const timestamp = String(seconds())
  return { user_id: userId, timestamp, signature: Buffer.alloc(32, 7).toString('base64url') }
}

/** @returns The mails to an address that bring a link, oldest first. */
export function linkMailsTo(resend: ResendStandIn, address: string): readonly ReceivedMail[] {
  return resend.mails.filter((mail) => mail.to[0] === address && isLinkMail(mail))
}

function isLinkMail({ text }: ReceivedMail): boolean {
  return text?.includes('signature=') ?? false
}

function createClient(url: string, resend: ResendStandIn, agent: Agent): Client {
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

function createLog(): ServiceLog {
  const lines: LogLine[] = []
  const arrivals = new EventEmitter().setMaxListeners(0)
  return {
    lines,
    add(line) {
      lines.push(JSON.parse(line))
      arrivals.emit('line')
    },
    async waitFor(match, from = 0, timeoutMs = 15_000) {
      const signal = AbortSignal.timeout(timeoutMs)
      for (;;) {
        const line = lines.slice(from).find(match)
        if (line) return line
        await once(arrivals, 'line', { signal }).catch((cause) => {
          const last = lines
            .slice(from)
            .slice(-5)
            .map((each) => JSON.stringify(each))
          throw new Error(`No such line in the log; the last ones are ${last}`, { cause })
        })
      }
    },
  }
}

function around(output: string, index: number): string {
  return output.slice(Math.max(0, index - 200), index + 100)
}
