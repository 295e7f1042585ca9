// `npm run prove:recovery`: prints how a service meets its database's bad days. Connections that are dead
// in silence, 1, 5 and all 10 of them, three times each, under load and at one request a second; then a
// database that refuses connections, and one that swallows them, for 30 seconds each; then one whose every
// answer takes 1.5 seconds.
//
// It ends with 1 where service is not whole within 20 seconds, a reply takes more than five, one that was
// asked for a second after the database was back takes more than two, or a slow database loses a check.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { hash } from '@node-rs/argon2'
import postgres from 'postgres'
import { startPostgres } from '../../demo/postgres-server.ts'
import { deriveKeys, generateSecret } from '../../src/core/key-ring.ts'
import { sealLink } from '../../src/core/link.ts'
import { createGate } from '../accounts/database-gate.ts'

const PLACES = 10
const OUTAGE_MS = 30_000
const WHOLE_WITHIN_MS = 20_000
const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/** One reply, in milliseconds since the fault began. */
interface Reply {
  readonly path: 'check' | 'ready' | 'reset'
  readonly askedAt: number
  readonly tookMs: number
  readonly status: number
}

const server = await startPostgres()
const sql = postgres(server.url(), { max: 1, onnotice: () => {} })
await sql`create table users (id bigint primary key, email text, password_hash text)`
await sql`create index on users (lower(email))`
const account = {
  emailAddress: 'reader@example.com',
  passwordHash: await hash('a forgotten pass phrase'),
  lastLogin: undefined,
}
await sql`insert into users values (1, ${account.emailAddress}, ${account.passwordHash})`
const gate = await createGate(server.url())
const secret = generateSecret()
const { child, url } = await startRekey()
const failures: string[] = []

for (const perSecond of [20, 1]) {
  for (const dead of [1, 5, PLACES]) {
    for (let round = 0; round < 3; round += 1) await proveSilence(dead, perSecond)
  }
}
await proveOutage(
  'refused',
  () => gate.shut(),
  () => gate.open(),
)
await proveOutage(
  'swallowed',
  async () => {
    gate.silence()
    gate.treatNew('silently')
  },
  async () => gate.treatNew('well'),
)
await proveSlowness(1500)
child.kill()
await once(child, 'exit')
await sql.end()
await server.stop()
for (const failure of failures) process.stdout.write(`FAIL ${failure}\n`)
process.exit(failures.length > 0 ? 1 : 0)

async function proveSilence(dead: number, perSecond: number): Promise<void> {
  await connectEveryPlace()
  const open = gate.size()
  gate.silence(dead === PLACES ? open : dead)
  const replies = await loadFor(perSecond === 1 ? 15_000 : 8000, perSecond)
  const lost = replies.filter(({ status, path }) => status !== 200 && path === 'check')
  const wholeMs = Math.max(0, ...lost.map(({ askedAt, tookMs }) => askedAt + tookMs))
  const name = `${dead} of ${PLACES} dead, ${perSecond}/s`
  report(name, replies, `${lost.length} lost, whole after ${seconds(wholeMs)}`)
  if (wholeMs > WHOLE_WITHIN_MS) failures.push(`${name}: not whole within 20 s`)
  if (replies.at(-1)?.status !== 200) failures.push(`${name}: not whole at the end`)
}

async function proveOutage(
  name: string,
  begin: () => Promise<void>,
  end: () => Promise<void>,
): Promise<void> {
  const loading = loadFor(OUTAGE_MS + 10_000, 20)
  await begin()
  await sleep(OUTAGE_MS)
  await end()
  const replies = await loading
  const later = replies.filter(({ askedAt }) => askedAt > OUTAGE_MS + 1000)
  const slowest = Math.max(...later.map(({ tookMs }) => tookMs))
  const lost = later.filter(({ status }) => status !== 200).length
  report(
    `30 s ${name}`,
    replies,
    `from 1 s after: ${lost} of ${later.length} lost, slowest ${seconds(slowest)}`,
  )
  if (slowest > 2000) failures.push(`${name}: a reply took over 2 s once it was back`)
}

/** A check needs one answer, and a reset more than come in time. */
async function proveSlowness(answerMs: number): Promise<void> {
  await connectEveryPlace()
  const before = gate.accepted()
  gate.delayAnswers(answerMs)
  const [replies, reset] = await Promise.all([loadFor(15_000, 4), ask('reset', performance.now())])
  gate.delayAnswers(0)
  const lost = replies.filter(({ status, path }) => status !== 200 && path === 'check').length
  const made = gate.accepted() - before
  const name = `answers in ${seconds(answerMs)}`
  report(name, [...replies, reset], `${lost} lost, ${made} connections made; reset ${reset.status}`)
  if (lost > 0) failures.push(`${name}: replies were lost`)
}

/** Has every place of the pool connected, which one answer after the other would not. */
async function connectEveryPlace(): Promise<void> {
  gate.delayAnswers(50)
  await Promise.all(Array.from({ length: 2 * PLACES }, () => ask('check', performance.now())))
  gate.delayAnswers(0)
}

/** Asks at a steady pace, for a link and for readiness. */
async function loadFor(ms: number, perSecond: number): Promise<Reply[]> {
  const begun = performance.now()
  const asked: Promise<Reply>[] = []
  while (performance.now() - begun < ms) {
    asked.push(ask('check', begun))
    if (asked.length % perSecond === 0) asked.push(ask('ready', begun))
    await sleep(1000 / perSecond)
  }
  return Promise.all(asked)
}

async function ask(path: Reply['path'], begun: number): Promise<Reply> {
  const askedAt = performance.now()
  const reply = await (path === 'ready' ? fetch(`${url}/readyz`) : postLink(path))
  await reply.text()
  const tookMs = performance.now() - askedAt
  return { path, askedAt: askedAt - begun, tookMs, status: reply.status }
}

function postLink(path: 'check' | 'reset'): Promise<Response> {
  const timestamp = String(Math.floor(Date.now() / 1000))
  const rules = {
    audience: 'https://app.example',
    ttlSeconds: 3600,
    bucketSeconds: 60,
    notBefore: 0,
    opensFirstPasswords: false,
  }
  const signature = sealLink(deriveKeys(secret), rules, '1', timestamp, account)
  const route = path === 'check' ? 'check-reset-link' : 'reset-password'
  return fetch(`${url}/api/v1/accounts/${route}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user_id: '1', timestamp, signature, password: 'a new pass phrase' }),
  })
}

function report(name: string, replies: readonly Reply[], says: string): void {
  const slowest = Math.max(...replies.map(({ tookMs }) => tookMs))
  const ready = replies.filter(({ path }) => path === 'ready').map(({ status }) => status)
  const phases = ready.filter((status, index) => status !== ready[index - 1])
  process.stdout.write(
    `${name.padEnd(22)} ${says}; slowest of all ${seconds(slowest)}; /readyz ${phases.join(', ')}\n`,
  )
  if (slowest > 5000) failures.push(`${name}: a reply took over 5 s`)
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`
}

async function startRekey(): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', MAIN, 'serve'], {
    env: {
      DATABASE_URL: gate.url,
      LINK_SECRETS: secret,
      RESET_PAGE_URL: 'https://app.example/reset',
      MAIL_FROM: 'no-reply@app.example',
      MAIL_TRANSPORT: 'outbox',
      HOST: '127.0.0.1',
      PORT: '0',
      RATE_LIMIT_CONFIRMS: '999999/1s',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  for await (const line of createInterface({ input: child.stdout })) {
    const found = /Rekey listens at (http:\/\/[\d.:]+)/.exec(line)
    if (found?.[1]) {
      child.stdout.resume()
      return { child, url: found[1] }
    }
  }
  throw new Error('Rekey did not start')
}
