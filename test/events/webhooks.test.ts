// What the host application hears of through a webhook receiver, and what becomes of it while the
// receiver refuses, stalls or is away.

import { execFileSync } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { Webhook } from 'standardwebhooks'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { encodeUid } from '../../src/core/token.ts'
import { ACCEPTED, RESET } from '../support/answers.ts'
import { confide, expectDiscretion } from '../support/discretion.ts'
import { forgedLink, type LinkValues, linkMailsTo, sealedLink, tokenOf } from '../support/links.ts'
import { type Environment, endProcess } from '../support/rekey-process.ts'
import { seconds } from '../support/seconds.ts'
import {
  type ServiceProcess,
  startService,
  startServiceProcess,
  type TestService,
} from '../support/service.ts'
import { createSurroundings, type Surroundings } from '../support/surroundings.ts'
import { addUser, createUsers, type StoredUser } from '../support/users.ts'
import {
  makeWebhookSecret,
  type ReceiverBehaviour,
  startReceiver,
  type WebhookReceiver,
} from '../support/webhook-receiver.ts'

const ASK = 'send-reset-password-link'
const TEN_MEGABYTES = 10_000_000
/** What a busy machine does to a reply; one that waited for a receiver would take seconds. */
const UNNOTICED_MS = 100
let surroundings: Surroundings
let receiver: WebhookReceiver
let stop: (() => Promise<unknown>) | undefined

beforeAll(async () => {
  surroundings = await createSurroundings()
  await createUsers(surroundings.database.sql)
})

beforeEach(async () => {
  receiver = await startReceiver(confide(makeWebhookSecret()))
})

afterEach(async () => {
  await stop?.()
  stop = undefined
  surroundings.resend.answerAlways()
  await receiver.stop()
})

afterAll(() => surroundings?.end())

const environment = (env: Environment) => ({
  WEBHOOK_URL: receiver.url,
  WEBHOOK_SECRETS: receiver.secret,
  SHUTDOWN_GRACE_SECONDS: '1',
  ...env,
})

async function start(env: Environment = {}): Promise<TestService> {
  const service = await startService(surroundings, environment(env))
  stop = service.stop
  return service
}

async function startProcess(env: Environment = {}): Promise<ServiceProcess> {
  const service = await startServiceProcess(surroundings, environment(env))
  stop = () => endProcess(service)
  return service
}

const addUsers = (count: number): Promise<StoredUser[]> =>
  Promise.all(Array.from({ length: count }, () => addUser(surroundings.database.sql)))
const newUser = async (): Promise<StoredUser> => addUser(surroundings.database.sql)
const told = () => receiver.attempts.map(({ type, data }) => ({ type, ...data }))

test('a reset is told from the request to the notice, each event once and without a secret', async () => {
  const { mailedLink, post } = await start()
  const user = await newUser()
  const startedAt = Date.now()
  const { url, ...link } = await mailedLink(user.email)
  await receiver.waitForTaken(2)
  await post('reset-password', { ...link, password: 'a brand new pass phrase' })
  const taken = await receiver.waitForTaken(4)
  const user_id = user.id
  expect(told().slice(0, 2)).toEqual([
    { type: 'password_reset.requested', user_id },
    { type: 'password_reset.mailed', user_id, message: 'reset-link' },
  ])
  expect(told().slice(2)).toEqual([
    { type: 'password_reset.completed', user_id },
    { type: 'password_reset.mailed', user_id, message: 'password-changed' },
  ])
  expect(new Set(taken.map(({ id }) => id)).size).toBe(4)
  expect(receiver.forged()).toBe(0)
  for (const { headers, path, rawBody, timestamp, id } of taken) {
    expect(path).toBe('/hooks/rekey?from=rekey')
    expect(headers['content-type']).toBe('application/json')
    expect(id).toMatch(/^[\w-]+$/)
    expect(Date.parse(timestamp)).toBeGreaterThanOrEqual(startedAt)
    expect(Date.parse(timestamp)).toBeLessThanOrEqual(Date.now())
    expectDiscretion(rawBody)
    expectDiscretion(JSON.stringify(headers))
  }
})

test('nothing goes out about unknown accounts, forged or dead links, checks and other faults', async () => {
  const { post } = await start()
  const user = await newUser()
  const password = 'a brand new pass phrase'
  const hour = sealedLink(user, seconds() - 3700)
  await post(ASK, { email: 'nobody@example.com' })
  for (const link of [forgedLink(), forgedLink(user.id), hour]) {
    expect((await post('reset-password', { ...link, password })).status).toBe(400)
  }
  await post('check-reset-link', sealedLink(user))
  await post(
    'check-reset-link',
    sealedLink({ ...user, passwordHash: 'the hash of another password' }),
  )
  await post('reset-password', { ...sealedLink(user) })
  // Behind all of them, because the line keeps their order.
  await post('reset-password', { ...sealedLink(user), password: '1234' })
  await receiver.waitForTaken(1)
  expect(told()).toEqual([
    { type: 'password_reset.refused', user_id: user.id, reason: 'password_rejected' },
  ])
})

test('a genuine link that sets no password is told with the reason, however often it is posted once', async () => {
  const { post } = await start()
  const user = await newUser()
  const superseded = {
    ...sealedLink({ ...user, passwordHash: 'the hash of another password' }),
    password: 'x',
  }
  for (let count = 0; count < 20; count++) {
    await post('reset-password', { ...sealedLink(user), password: '1234' })
    await post('reset-password', superseded)
  }
  await post('reset-password', { ...sealedLink(user), password: 'a brand new pass phrase' })
  await receiver.waitForTaken(4)
  const user_id = user.id
  expect(told().filter(({ type }) => type !== 'password_reset.mailed')).toEqual([
    { type: 'password_reset.refused', user_id, reason: 'password_rejected' },
    { type: 'password_reset.refused', user_id, reason: 'link_superseded' },
    { type: 'password_reset.completed', user_id },
  ])
})

test('in the dialect that compares two passwords, two different ones are told as refused', async () => {
  const { send } = await start({ DIALECTS: 'dj-rest-auth' })
  const user = await newUser()
  const confirm = (link: LinkValues) =>
    send('/api/auth/password/reset/confirm', {
      uid: encodeUid(user.id),
      token: tokenOf(link),
      new_password1: 'a brand new pass phrase',
      new_password2: 'a brand new pass phrasf',
    })
  expect((await confirm(sealedLink(user))).status).toBe(400)
  await confirm(sealedLink({ ...user, passwordHash: 'the hash of another password' }))
  await receiver.waitForTaken(2)
  expect(told()).toEqual([
    { type: 'password_reset.refused', user_id: user.id, reason: 'password_rejected' },
    { type: 'password_reset.refused', user_id: user.id, reason: 'link_superseded' },
  ])
})

test('a burst of requests for one account is told once', async () => {
  const { post } = await start()
  const [user, last] = await addUsers(2)
  for (let count = 0; count < 50; count++) await post(ASK, { email: user?.email })
  await surroundings.resend.waitForMail(({ to }) => to[0] === user?.email)
  await post(ASK, { email: last?.email })
  await receiver.waitForTaken(4)
  const requested = receiver.attempts.filter(({ type }) => type === 'password_reset.requested')
  expect(requested.map(({ data }) => data['user_id'])).toEqual([user?.id, last?.id])
})

test('a mail that the provider refuses is told, without its address', async () => {
  const { post } = await start()
  const user = await newUser()
  surroundings.resend.answerNext({
    kind: 'status',
    status: 422,
    name: 'validation_error',
    message: `Invalid to field: ${user.email}`,
  })
  await post(ASK, { email: user.email })
  await receiver.waitForTaken(2)
  const reason = '422 validation_error'
  expect(told()[1]).toEqual({
    type: 'password_reset.mail_failed',
    user_id: user.id,
    message: 'reset-link',
    reason,
  })
})

test('while secrets rotate, a receiver that knows either takes every event', async () => {
  const newer = confide(makeWebhookSecret(64))
  const older = receiver.secret
  const { post } = await start({ WEBHOOK_SECRETS: `${newer}, ${older}` })
  await post(ASK, { email: (await newUser()).email })
  const taken = await receiver.waitForTaken(2)
  for (const { rawBody, headers } of taken) {
    const signatures = headers['webhook-signature']?.split(' ') ?? []
    expect(signatures).toHaveLength(2)
    for (const secret of [newer, older]) new Webhook(secret).verify(rawBody, headers)
    const foreign = new Webhook(makeWebhookSecret())
    expect(() => foreign.verify(rawBody, headers)).toThrow('No matching signature found')
    expect(() => new Webhook(newer).verify(`${rawBody} `, headers)).toThrow()
  }
})

const status = (code: number, headers: Record<string, string> = {}): ReceiverBehaviour => ({
  kind: 'status',
  status: code,
  headers,
})

test.each<[string, ReceiverBehaviour]>([
  ['fails', status(500)],
  ['does not know us', status(404)],
  ['is too busy', status(429, { 'retry-after': '1' })],
  ['asks to be left alone', status(503, { 'retry-after': '1' })],
  ['redirects', status(307, { location: 'http://127.0.0.1:1/' })],
  ['cuts the connection', { kind: 'drop' }],
  ['speaks no HTTP', { kind: 'garble' }],
])('a receiver that %s gets the event again under its id', async (_, behaviour) => {
  const { post } = await start()
  const user = await newUser()
  receiver.answerNext(behaviour)
  // The one event that comes alone.
  await post('reset-password', { ...sealedLink(user), password: '1234' })
  await receiver.waitForTaken(1)
  const [first, second] = receiver.attempts
  expect(receiver.attempts).toHaveLength(2)
  expect([second?.id, second?.rawBody]).toEqual([first?.id, first?.rawBody])
  expect(Number(second?.headers['webhook-timestamp'])).toBeGreaterThanOrEqual(
    Number(first?.headers['webhook-timestamp']),
  )
})

test('an answer that is no HTTP is named as such in the log', async () => {
  const { post, log } = await start()
  receiver.answerNext({ kind: 'garble' })
  await post('reset-password', { ...sealedLink(await newUser()), password: '1234' })
  const line = await log.waitFor(({ msg }) => String(msg).startsWith('the webhook receiver fails'))
  expect(line['reason']).toBe('HTTPParserError')
})

test('a redirect is not followed', async () => {
  const elsewhere = await startReceiver(receiver.secret)
  const { post } = await start()
  receiver.answerNext(status(307, { location: elsewhere.url }))
  await post('reset-password', { ...sealedLink(await newUser()), password: '1234' })
  await receiver.waitForTaken(1)
  expect(elsewhere.attempts).toEqual([])
  await elsewhere.stop()
})

test('a receiver that hangs gets the event again once its time is up', async () => {
  const { post } = await start()
  receiver.answerNext({ kind: 'hang' })
  await post('reset-password', { ...sealedLink(await newUser()), password: '1234' })
  await receiver.waitForTaken(1, 25_000)
  const [first, second] = receiver.attempts
  expect(second?.id).toBe(first?.id)
})

test('a receiver that says 410 is not asked again, which the log says', async () => {
  const { post, log } = await start()
  receiver.answerNext(status(410))
  await post('reset-password', { ...sealedLink(await newUser()), password: '1234' })
  await log.waitFor(({ msg, level }) => level === 50 && String(msg).includes('gone (410)'))
  await post('reset-password', { ...sealedLink(await newUser()), password: '1234' })
  await post(ASK, { email: (await newUser()).email })
  await log.waitFor(({ event }) => event === 'password_reset.mailed')
  expect(receiver.attempts).toHaveLength(1)
})

test.each<[string, ReceiverBehaviour]>([
  ['ten megabytes', { kind: 'flood', bytes: TEN_MEGABYTES }],
  ['a byte a second', { kind: 'drip' }],
])('an answer of %s is neither read nor waited for', async (_, behaviour) => {
  const { post, child } = await startProcess()
  receiver.answerAlways(behaviour)
  const ask = async () => {
    const before = receiver.attempts.length
    for (const { email } of await addUsers(10)) await post(ASK, { email })
    await receiver.waitForTaken(before + 20)
  }
  await ask()
  const before = residentBytes(child.pid)
  await ask()
  await ask()
  expect(residentBytes(child.pid) - before).toBeLessThan(3 * TEN_MEGABYTES)
  expect(receiver.attempts).toHaveLength(60)
})

test('a receiver that was away gets every event once it is back, and no reply waits for it', async () => {
  const { post } = await start()
  const users = await addUsers(40)
  /** @returns the median in milliseconds */
  const ask = async (emails: readonly string[]) => {
    const times: number[] = []
    for (const email of emails) {
      const startedAt = performance.now()
      expect((await post(ASK, { email })).answer).toBe(ACCEPTED)
      times.push(performance.now() - startedAt)
    }
    return times.sort((a, b) => a - b)[times.length >> 1] ?? Number.NaN
  }
  const emails = users.map(({ email }) => email)
  await ask(emails.slice(0, 10))
  await receiver.waitForTaken(20)
  const healthy = await ask(emails.slice(10, 20))
  await receiver.waitForTaken(40)
  await receiver.leave()
  expect((await ask(emails.slice(20))) - healthy).toBeLessThan(UNNOTICED_MS)
  await surroundings.resend.waitForMail(({ to }) => to[0] === emails.at(-1))
  expect(receiver.attempts).toHaveLength(40)
  await receiver.comeBack()
  const taken = await receiver.waitForTaken(80, 20_000)
  expect(new Set(taken.map(({ id }) => id)).size).toBe(80)
  for (const { id } of users) {
    const types = taken.filter(({ data }) => data['user_id'] === id).map(({ type }) => type)
    expect(types.sort()).toEqual(['password_reset.mailed', 'password_reset.requested'])
  }
})

test.each<[string, ReceiverBehaviour]>([
  ['hangs', { kind: 'hang' }],
  ['fails', status(500)],
])(
  'with a receiver that %s a reset is answered as fast, and by the same bytes',
  async (_, behaviour) => {
    const { post } = await start()
    const [user] = await addUsers(1)
    const reset = (password: string) =>
      post('reset-password', { ...sealedLink(user as StoredUser), password })
    const median = async () => {
      const times: number[] = []
      for (let count = 0; count < 30; count++) {
        const startedAt = performance.now()
        await reset('1234')
        times.push(performance.now() - startedAt)
      }
      return times.sort((a, b) => a - b)[15] ?? Number.NaN
    }
    await median()
    const healthy = await median()
    receiver.answerAlways(behaviour)
    for (const { email } of await addUsers(20)) await post(ASK, { email })
    expect((await median()) - healthy).toBeLessThan(UNNOTICED_MS)
    expect((await reset('a brand new pass phrase')).answer).toBe(RESET)
  },
)

test('at SIGTERM what waits goes out first, that of the last mails included', async () => {
  const rekey = await startProcess({ SHUTDOWN_GRACE_SECONDS: '600' })
  const users = await addUsers(20)
  receiver.answerNext(...Array(3).fill(status(500)))
  for (const { email } of users) await rekey.post(ASK, { email })
  expect((await endProcess(rekey)).status).toBe(0)
  const taken = await receiver.waitForTaken(40)
  expect(taken).toHaveLength(40)
  for (const { email } of users) expect(linkMailsTo(surroundings.resend, email)).toHaveLength(1)
})

test.each<[string, ReceiverBehaviour | undefined]>([
  ['fails', status(500)],
  ['hangs', { kind: 'hang' }],
  ['is away', undefined],
])(
  'at SIGTERM with a receiver that %s the number lost is told, and the status is 1',
  async (_, behaviour) => {
    const rekey = await startProcess()
    if (behaviour) receiver.answerAlways(behaviour)
    else await receiver.leave()
    const users = await addUsers(10)
    for (const { email } of users) await rekey.post(ASK, { email })
    await surroundings.resend.waitForMail(({ to }) => to[0] === users.at(-1)?.email)
    expect((await endProcess(rekey)).status).toBe(1)
    const lost = rekey.log.lines.find(
      ({ msg }) => msg === 'stopped before all accepted work was done',
    )
    expect(lost).toMatchObject({ lost: 20 })
  },
)

test('what was told to be lost is not sent after all, in a process that lives on', async () => {
  const service = await start()
  receiver.answerAlways(status(500))
  await service.post('reset-password', { ...sealedLink(await newUser()), password: '1234' })
  expect(await service.stop()).toBe(1)
  stop = undefined
  receiver.answerAlways()
  // The longest pause while the line is in haste.
  await delay(1500)
  expect(receiver.attempts.filter(({ isTaken }) => isTaken)).toEqual([])
})

function residentBytes(pid: number | undefined): number {
  return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)])) * 1024
}
