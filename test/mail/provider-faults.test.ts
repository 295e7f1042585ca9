// Everything that can go wrong between the service and Resend, over TLS: what arrives, what is
// reported, and that nobody who asks can tell.

import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { ACCEPTED } from '../support/answers.ts'
import { makeCertificate } from '../support/certificate.ts'
import { linkMailsTo } from '../support/links.ts'
import { endProcess } from '../support/rekey-process.ts'
import type { ResendBehaviour } from '../support/resend-behaviours.ts'
import { type ServiceProcess, startServiceProcess } from '../support/service.ts'
import { createSurroundings, type Surroundings } from '../support/surroundings.ts'
import { addUser, createUsers } from '../support/users.ts'

const ROUTE = 'send-reset-password-link'
const TEN_MEGABYTES = 10_000_000

let surroundings: Surroundings
let folder: string
let service: ServiceProcess

beforeAll(async () => {
  const certificate = makeCertificate(['localhost'])
  folder = mkdtempSync(join(tmpdir(), 'rekey-faults-'))
  writeFileSync(join(folder, 'ca.pem'), certificate.cert)
  surroundings = await createSurroundings(certificate)
  await createUsers(surroundings.database.sql)
})

afterEach(async () => {
  surroundings.resend.answerAlways()
  await endProcess(service)
})

afterAll(async () => {
  await surroundings?.end()
  rmSync(folder, { recursive: true })
})

async function start(): Promise<void> {
  service = await startServiceProcess(surroundings, {
    NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem'),
    SHUTDOWN_GRACE_SECONDS: '0',
  })
}

/** The accounts that the log says this of. */
const accountsOf = (event: string) =>
  service.log.lines.filter((line) => line['event'] === event).map((line) => line['accountId'])

const status = (
  code: number,
  name: string,
  headers: Readonly<Record<string, string>> = {},
): ResendBehaviour => ({ kind: 'status', status: code, name, headers })

test('after each, a mail has arrived once or is reported', async () => {
  await start()
  const behaviours: readonly ResendBehaviour[] = [
    { kind: 'hang' },
    { kind: 'drip' },
    status(429, 'rate_limit_exceeded', { 'retry-after': '1' }),
    status(500, 'internal_server_error'),
    { kind: 'concurrent' },
    status(409, 'invalid_idempotent_request'),
    { kind: 'redirect', to: 'https://localhost:1/' },
    { kind: 'flood', bytes: TEN_MEGABYTES },
    status(422, 'validation_error'),
    status(403, 'invalid_api_key'),
    { kind: 'garbage' },
    { kind: 'drop', after: 'headers' },
    { kind: 'drop', after: 'body' },
    { kind: 'drop', after: 'acceptance' },
  ]
  const users = await Promise.all(behaviours.map(() => addUser(surroundings.database.sql)))
  surroundings.resend.answerNext(...behaviours)
  for (const { email } of users) {
    expect((await service.post(ROUTE, { email })).answer).toBe(ACCEPTED)
  }
  const ended = () => [
    ...accountsOf('password_reset.mailed'),
    ...accountsOf('password_reset.mail_failed'),
  ]
  await service.log.waitFor(() => ended().length === users.length, 0, 60_000)
  // The two that say of one mail that it will never be taken.
  expect(accountsOf('password_reset.mail_failed')).toHaveLength(2)
  const unconfirmed = accountsOf('password_reset.mail_unconfirmed')
  // A hang, a drip, a flood, garbage, three cuts, and the request that another process was sending.
  expect(unconfirmed).toHaveLength(8)
  for (const { id, email } of users) {
    const isReported = accountsOf('password_reset.mail_failed').includes(id)
    expect(linkMailsTo(surroundings.resend, email)).toHaveLength(isReported ? 0 : 1)
    const requests = surroundings.resend.requests.filter(({ rawBody }) => rawBody.includes(email))
    expect(new Set(requests.map(({ headers }) => headers['idempotency-key'])).size).toBe(1)
  }
}, 90_000)

test('replies are the same bytes at the same speed', async () => {
  await start()
  const { resend, database } = surroundings
  const user = await addUser(database.sql)
  /** @returns the median in milliseconds */
  const ask = async (email: string) => {
    const times: number[] = []
    for (let count = 0; count < 100; count++) {
      const startedAt = performance.now()
      const { answer } = await service.post(ROUTE, { email })
      times.push(performance.now() - startedAt)
      expect(answer).toBe(ACCEPTED)
    }
    return times.sort((a, b) => a - b)[50] ?? Number.NaN
  }
  await ask(user.email)
  const healthy = await ask(user.email)
  for (const behaviour of [{ kind: 'hang' }, { kind: 'flood', bytes: TEN_MEGABYTES }] as const) {
    resend.answerAlways(behaviour)
    const others = await Promise.all([...Array(20)].map(() => addUser(database.sql)))
    for (const { email } of others) await service.post(ROUTE, { email })
    for (const email of [user.email, 'nobody@example.com']) {
      // Nothing that a reply waits for; the rest is what a busy machine does.
      expect((await ask(email)) - healthy).toBeLessThan(5)
    }
  }
})

test('memory is flat, however long the answers are', async () => {
  await start()
  const { resend, database } = surroundings
  const ask = async () => {
    const users = await Promise.all([...Array(20)].map(() => addUser(database.sql)))
    for (const { email } of users) await service.post(ROUTE, { email })
    return users
  }
  await ask()
  await service.log.waitFor(() => accountsOf('password_reset.mailed').length === 20)
  const before = residentBytes(service)
  resend.answerAlways({ kind: 'flood', bytes: TEN_MEGABYTES })
  await ask()
  await service.log.waitFor(() => accountsOf('password_reset.mail_unconfirmed').length >= 9)
  // Nine answers of ten megabytes each.
  expect(residentBytes(service) - before).toBeLessThan(3 * TEN_MEGABYTES)
})

function residentBytes({ child }: ServiceProcess): number {
  const kilobytes = execFileSync('ps', ['-o', 'rss=', '-p', String(child.pid)])
  return Number(kilobytes) * 1024
}
