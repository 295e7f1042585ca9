// SIGTERM: no new work, what was accepted is finished in time, or the number lost is told.

import { once } from 'node:events'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openSocket, statusesIn } from '../http/raw-socket.ts'
import { RESET } from '../support/answers.ts'
import { basePath } from '../support/client.ts'
import { linkMailsTo, sealedLink } from '../support/links.ts'
import { endProcess } from '../support/rekey-process.ts'
import type { ResendBehaviour } from '../support/resend-behaviours.ts'
import { type ServiceProcess, startServiceProcess } from '../support/service.ts'
import { createSurroundings, type Surroundings } from '../support/surroundings.ts'
import { addUser, createUsers, hasPassword } from '../support/users.ts'

let surroundings: Surroundings

beforeAll(async () => {
  surroundings = await createSurroundings()
  await createUsers(surroundings.database.sql)
})

afterAll(() => surroundings?.end())

const isListening = (url: string) =>
  openSocket(url).then(
    (socket) => socket.destroy() !== undefined,
    () => false,
  )
const errorsOf = (service: ServiceProcess) =>
  service.log.lines.filter(({ level }) => Number(level) >= 50).map(({ msg, lost }) => [msg, lost])

/** Whatever is waited for without need is waited for until the test fails. */
const patient = { SHUTDOWN_GRACE_SECONDS: '600' }

test.each(['SIGTERM', 'SIGINT'] as const)(
  'at %s every accepted request gets its mail first',
  async (signal) => {
    const { database, resend } = surroundings
    const users = await Promise.all([...Array(30)].map(() => addUser(database.sql)))
    const service = await startServiceProcess(surroundings, patient)
    const replies = await Promise.all(
      users.map(({ email }) => service.post('send-reset-password-link', { email })),
    )
    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([200]))
    const { status, errors } = await endProcess(service, signal)
    expect([status, errors, errorsOf(service)]).toEqual([0, '', []])
    for (const { email } of users) expect(linkMailsTo(resend, email)).toHaveLength(1)
  },
)

test('a mail that failed once is tried again before the end', async () => {
  const { database, resend } = surroundings
  const user = await addUser(database.sql)
  const service = await startServiceProcess(surroundings, patient)
  resend.answerNext({ kind: 'status', status: 500, name: 'internal_server_error' })
  await service.post('send-reset-password-link', { email: user.email })
  const { status } = await endProcess(service)
  expect(status).toBe(0)
  expect(linkMailsTo(resend, user.email)).toHaveLength(1)
})

test('a mail that was to wait longer is tried in haste', async () => {
  const { database, resend } = surroundings
  const user = await addUser(database.sql)
  const service = await startServiceProcess(surroundings, { SHUTDOWN_GRACE_SECONDS: '5' })
  resend.answerNext(...Array(4).fill({ kind: 'status', status: 500, name: 'x' }))
  await service.post('send-reset-password-link', { email: user.email })
  // The next pause would be four seconds or more, and the one after it eight.
  const attempts = () =>
    resend.requests.filter(({ rawBody }) => rawBody.includes(user.email)).length
  await resend.waitForRequest(() => attempts() === 4)
  expect((await endProcess(service)).status).toBe(0)
  expect(linkMailsTo(resend, user.email)).toHaveLength(1)
})

test('a hundred mails that wait all arrive within the grace period', async () => {
  const { database, resend } = surroundings
  const users = await Promise.all([...Array(100)].map(() => addUser(database.sql)))
  const service = await startServiceProcess(surroundings)
  resend.answerAlways({ kind: 'slow', delayMs: 200 })
  await Promise.all(users.map(({ email }) => service.post('send-reset-password-link', { email })))
  await resend.waitForRequest(() => true)
  const arrived = resend.mails.length
  const { status } = await endProcess(service)
  resend.answerAlways()
  expect([status, errorsOf(service)]).toEqual([0, []])
  expect(resend.mails.length - arrived).toBeGreaterThan(50)
  for (const { email } of users) expect(linkMailsTo(resend, email)).toHaveLength(1)
})

test.each<[string, ResendBehaviour]>([
  ['refuses everything', { kind: 'status', status: 500, name: 'internal_server_error' }],
  ['never answers', { kind: 'hang' }],
  [
    'asks to be left alone',
    { kind: 'status', status: 429, name: 'x', headers: { 'retry-after': '60' } },
  ],
])('with a provider that %s the number lost is told, and the status is 1', async (_, behaviour) => {
  const { database, resend } = surroundings
  const users = await Promise.all([...Array(100)].map(() => addUser(database.sql)))
  const service = await startServiceProcess(surroundings, { SHUTDOWN_GRACE_SECONDS: '1' })
  resend.answerAlways(behaviour)
  for (const { email } of users) await service.post('send-reset-password-link', { email })
  const { status } = await endProcess(service)
  resend.answerAlways()
  expect(status).toBe(1)
  expect(errorsOf(service)).toEqual([['stopped before all accepted work was done', 100]])
})

test('with a locked table the number lost is told as well', async () => {
  const { database } = surroundings
  const user = await addUser(database.sql)
  const service = await startServiceProcess(surroundings, { SHUTDOWN_GRACE_SECONDS: '1' })
  const status = await database.sql.begin(async (lock) => {
    await lock`lock table users in access exclusive mode`
    for (const email of [user.email, 'nobody@example.com']) {
      await service.post('send-reset-password-link', { email })
    }
    return (await endProcess(service)).status
  })
  expect(status).toBe(1)
  expect(errorsOf(service)).toEqual([['stopped before all accepted work was done', 2]])
})

test('a reset that is under way is finished, and its notice sent; a new request is refused', async () => {
  const { database, resend } = surroundings
  const { sql } = database
  const user = await addUser(sql)
  const service = await startServiceProcess(surroundings, patient)
  const password = 'a brand new pass phrase'
  const body = JSON.stringify({ ...sealedLink(user), password })
  const socket = await openSocket(service.url)
  const closed = new Promise((resolve) => socket.once('close', resolve))
  const ended = await sql.begin(async (lock) => {
    await lock`select from users where id = ${user.id} for update`
    socket.write(
      `POST ${basePath}/reset-password HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
    )
    let waiting: readonly unknown[] = []
    while (waiting.length === 0) {
      waiting = await sql`
        select from pg_stat_activity where datname = current_database()
          and application_name = 'rekey' and wait_event_type = 'Lock'`
    }
    const ending = endProcess(service)
    await service.log.waitFor(({ msg }) => msg === 'Rekey stops')
    while (await isListening(service.url));
    socket.write('GET /livez HTTP/1.1\r\nHost: x\r\n\r\n')
    return () => ending
  })
  await closed
  expect(statusesIn(socket.received())).toEqual([200, 503])
  expect(socket.received()).toContain(RESET.slice('200 '.length))
  expect(socket.received()).toMatch(
    /retry-after: 1\r\n.*\{"detail":"Service temporarily unavailable\."\}$/s,
  )
  expect((await ended()).status).toBe(0)
  expect(await hasPassword(sql, user.id, password)).toBe(true)
  const isNotice = ({ to, subject }: { to: readonly string[]; subject: string }) =>
    to[0] === user.email && subject.includes('changed')
  expect(resend.mails.filter(isNotice)).toHaveLength(1)
})

test('idle connections do not hold it up', async () => {
  const service = await startServiceProcess(surroundings, patient)
  const idle = await openSocket(service.url)
  idle.write('GET /livez HTTP/1.1\r\nHost: x\r\n\r\n')
  await once(idle, 'data')
  const silent = await openSocket(service.url)
  expect((await endProcess(service)).status).toBe(0)
  expect(statusesIn(idle.received())).toEqual([200])
  for (const socket of [idle, silent]) socket.destroy()
})
