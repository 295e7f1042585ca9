// How many mails an address gets, and how many all of them: through the front door, with replies that
// never tell.

import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import { ACCEPTED } from '../support/answers.ts'
import { linkMailsTo } from '../support/links.ts'
import type { Environment } from '../support/rekey-process.ts'
import { startService, type TestService } from '../support/service.ts'
import { createSurroundings, type Surroundings } from '../support/surroundings.ts'
import { addUser, argon2id, createUsers, type StoredUser } from '../support/users.ts'

const ROUTE = 'send-reset-password-link'

let surroundings: Surroundings
let service: TestService

beforeAll(async () => {
  surroundings = await createSurroundings()
  await createUsers(surroundings.database.sql, 'uuid', ['username text', 'last_login timestamptz'])
  return () => surroundings.end()
})

afterEach(() => service?.stop())

async function start(env: Environment): Promise<void> {
  service = await startService(surroundings, {
    TRUST_PROXY: '127.0.0.1',
    USERS_LOGIN_COLUMNS: 'username',
    ...env,
  })
}

/** Asks from a client address of its own. */
async function ask(body: object, client = 0): Promise<void> {
  const address = `10.1.${client >> 8}.${client & 0xff}`
  const { answer } = await service.post(ROUTE, body, { 'x-forwarded-for': address })
  expect(answer).toBe(ACCEPTED)
}

type Line = Readonly<Record<string, unknown>>

const isMailed = ({ event, kind }: Line) =>
  event === 'password_reset.mailed' && kind === 'reset-link'
const mailsTo = (user: StoredUser) =>
  surroundings.resend.mails.filter(({ to }) => to[0] === user.email)

/** Asks for a link, in a bucket of its own. @returns what the log says became of it */
async function askAndHear(body: object): Promise<unknown> {
  const seen = service.log.lines.length
  await ask(body)
  const isOutcome = ({ kind, reason }: Line) => kind === 'reset-link' || reason !== undefined
  const { event, reason } = await service.log.waitFor(isOutcome, seen)
  return reason === 'already_mailed' ? askAndHear(body) : (reason ?? event)
}

test('1,000 requests from 1,000 clients in every spelling: the limit, and one more after its death', async () => {
  await start({ RATE_LIMIT_PER_ACCOUNT: '3/1h', LINK_BUCKET_SECONDS: '1' })
  const user = await addUser(surroundings.database.sql, {
    username: 'grace',
    email: 'grace@example.com',
  })
  const spellings = [
    (text: string) => ({ email: text }),
    (text: string) => ({ login: text }),
    (text: string) => ({ email: ` ${text.toUpperCase()}\t` }),
    (text: string) => ({ email: text.replace('g', 'G') }),
    (text: string) => ({ login: text.replace('@example', '@EXAMPLE') }),
    () => ({ login: 'grace' }),
  ]
  for (let asked = 0; asked < 1000; asked += 50) {
    const burst = Array.from({ length: 50 }, (_, index) => asked + index)
    await Promise.all(
      burst.map((client) => {
        const spell = spellings[client % spellings.length]
        return ask(spell?.(user.email) ?? {}, client)
      }),
    )
  }
  while ((await askAndHear({ email: user.email })) !== 'capped');
  await surroundings.resend.waitForMail(
    () => linkMailsTo(surroundings.resend, user.email).length === 3,
  )
  const requests = surroundings.resend.requests.filter(({ rawBody }) =>
    rawBody.includes(user.email),
  )
  expect(requests).toHaveLength(3)

  // Its death: the password changes.
  await surroundings.database.sql`
    update users set password_hash = ${await argon2id('another one')} where id = ${user.id}`
  await ask({ email: user.email })
  await surroundings.resend.waitForRequest(
    ({ rawBody }) =>
      rawBody.includes(user.email) && !requests.some((each) => each.rawBody === rawBody),
  )
})

test('two accounts with one address share its limit, and each has a link of its own', async () => {
  await start({ RATE_LIMIT_PER_ACCOUNT: '1/1h', LINK_BUCKET_SECONDS: '1' })
  const users = [
    await addUser(surroundings.database.sql, { email: 'twin@example.com' }),
    await addUser(surroundings.database.sql, { email: 'Twin@Example.com' }),
  ]
  const cappedTwice = () => service.log.lines.filter(({ reason }) => reason === 'capped').length > 1
  while (!cappedTwice()) await askAndHear({ email: 'TWIN@example.com' })
  expect(users.map(({ email }) => linkMailsTo(surroundings.resend, email).length)).toEqual([1, 1])
})

describe('an address', () => {
  test('is not shut once its links are dead', async () => {
    await start({ RATE_LIMIT_PER_ACCOUNT: '1/1h', LINK_BUCKET_SECONDS: '1' })
    const user = await addUser(surroundings.database.sql)
    const link = await service.mailedLink(user.email)
    // The mail arrives before its line stands in the log.
    await service.log.waitFor(isMailed)
    expect(await askAndHear({ email: user.email })).toBe('capped')
    await service.post('reset-password', { ...link, password: 'a brand new pass phrase' })
    await surroundings.resend.waitForMail(
      ({ to, subject }) => to[0] === user.email && subject.includes('changed'),
    )
    expect(await askAndHear({ email: user.email })).toBe('password_reset.mailed')
    expect(linkMailsTo(surroundings.resend, user.email)).toHaveLength(2)
  })

  test('whose owner signs in after each mail gets ten of them, and then one an hour', async () => {
    const lastLogin = { USERS_LAST_LOGIN_COLUMN: 'last_login', LOG_LEVEL: 'info' }
    await start({ ...lastLogin, LINK_BUCKET_SECONDS: '1' })
    const { sql } = surroundings.database
    const user = await addUser(sql)
    const outcomes: unknown[] = []
    while (outcomes.length < 12) {
      const seen = service.log.lines.length
      await ask({ email: user.email })
      const isOutcome = (line: Line) => isMailed(line) || line['reason'] === 'capped'
      const { level, event, reason } = await service.log.waitFor(isOutcome, seen)
      // Said at `info`, without the address, which every log is searched for.
      expect(level).toBe(30)
      outcomes.push(reason ?? event)
      await sql`update users set last_login = clock_timestamp() where id = ${user.id}`
    }
    expect(outcomes).toEqual([
      ...Array(10).fill('password_reset.mailed'),
      ...Array(2).fill('capped'),
    ])
    expect(linkMailsTo(surroundings.resend, user.email)).toHaveLength(10)
  })

  test('with a local part that the provider cannot carry fails once, and says why', async () => {
    await start({})
    const user = await addUser(surroundings.database.sql, { email: 'jürgen@example.com' })
    await ask({ email: user.email })
    const failed = await service.log.waitFor(({ event }) => event === 'password_reset.mail_failed')
    expect(failed).toMatchObject({
      level: 40,
      accountId: user.id,
      reason: 'the address needs SMTPUTF8, which Resend does not speak',
    })
    expect(surroundings.resend.requests.filter(({ rawBody }) => rawBody.includes('rgen'))).toEqual(
      [],
    )
  })

  test('that got none of them, because they were refused, is not shut either', async () => {
    await start({ RATE_LIMIT_PER_ACCOUNT: '1/1h', LINK_BUCKET_SECONDS: '1' })
    const user = await addUser(surroundings.database.sql)
    for (let times = 0; times < 5; times++) {
      surroundings.resend.answerNext({ kind: 'status', status: 422, name: 'validation_error' })
      expect(await askAndHear({ email: user.email })).toBe('422 validation_error')
    }
    expect(await askAndHear({ email: user.email })).toBe('password_reset.mailed')
    expect(linkMailsTo(surroundings.resend, user.email)).toHaveLength(1)
  })
})

describe('a daily budget', () => {
  test('lets so many mails out, says when they are used, and changes no reply', async () => {
    await start({ MAIL_DAILY_BUDGET: '1' })
    const users = await Promise.all([1, 2, 3].map(() => addUser(surroundings.database.sql)))
    for (const { email } of users) await ask({ email })
    await ask({ email: 'nobody@example.com' })
    await service.log.waitFor(({ percent }) => percent === 100)
    const percents = service.log.lines.flatMap(({ level, percent }) =>
      percent ? [[level, percent]] : [],
    )
    expect(percents).toEqual([
      [40, 50],
      [40, 80],
      [40, 100],
    ])
    expect(service.log.lines.filter(isMailed)).toHaveLength(1)
  })

  test('is not used up by one client, who cannot put back the request of an owner either', async () => {
    // Ten are there at once, and five of these for firsts.
    await start({ MAIL_DAILY_BUDGET: '240' })
    const users = await Promise.all(
      Array.from({ length: 12 }, () => addUser(surroundings.database.sql)),
    )
    const [owner] = users.slice(-1)
    for (const { email } of users) await ask({ email }, 1)
    const mailed = () => service.log.lines.filter(isMailed).length
    await service.log.waitFor(() => mailed() === 5)
    await ask({ email: owner?.email }, 2)
    await surroundings.resend.waitForMail(({ to }) => to[0] === owner?.email)
    await service.log.waitFor(() => mailed() === 6)
    expect(users.flatMap(mailsTo)).toHaveLength(6)
  })

  test('does not count notices, which do not wait for it', async () => {
    await start({ MAIL_DAILY_BUDGET: '1' })
    const user = await addUser(surroundings.database.sql)
    const link = await service.mailedLink(user.email)
    const other = await addUser(surroundings.database.sql)
    await ask({ email: other.email })
    await service.post('reset-password', { ...link, password: 'a brand new pass phrase' })
    await surroundings.resend.waitForMail(
      ({ to, subject }) => to[0] === user.email && subject.includes('changed'),
    )
    expect(mailsTo(other)).toEqual([])
  })
})
