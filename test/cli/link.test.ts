// `rekey link` as support staff use it: what is mailed or printed, what is said and logged, and to whom.

import { userInfo } from 'node:os'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createGate } from '../accounts/database-gate.ts'
import { readErrors, runCommand } from '../support/command.ts'
import { confide } from '../support/discretion.ts'
import { linkMailsTo } from '../support/links.ts'
import { type Environment, endProcess, runRekey } from '../support/rekey-process.ts'
import { type ServiceProcess, startServiceProcess } from '../support/service.ts'
import type { LogLine } from '../support/service-log.ts'
import { startSmtp } from '../support/smtp-stand-in.ts'
import { createSurroundings, environmentFor, type Surroundings } from '../support/surroundings.ts'
import { addUser, createUsers } from '../support/users.ts'
import { makeWebhookSecret, startReceiver } from '../support/webhook-receiver.ts'

let surroundings: Surroundings
let service: ServiceProcess
const mapping = { USERS_LOGIN_COLUMNS: 'username', USERS_ELIGIBLE_SQL: 'active' }

beforeAll(async () => {
  surroundings = await createSurroundings()
  const columns = ['active boolean default true', 'username text']
  await createUsers(surroundings.database.sql, 'bigint', columns)
  service = await startServiceProcess(surroundings, mapping)
})

beforeEach(() => surroundings.resend.answerAlways())

afterAll(async () => {
  await endProcess(service)
  await surroundings?.end()
})

const env = (more: Environment = {}) => ({ ...environmentFor(surroundings), ...mapping, ...more })
const eventsIn = (log: readonly LogLine[]) =>
  log.map(({ event, accountId, operator, level }) => ({ event, accountId, operator, level }))
const link = async (args: readonly string[], more: Environment = {}) => {
  const { log, ...end } = await runCommand('link', args, env(more))
  return { ...end, events: eventsIn(log) }
}
/** As it is started by an operator. */
const linkProcess = async (...args: string[]) => {
  const { status, output, errors } = await runRekey(['link', ...args], env()).ended
  const { log, said } = readErrors(errors)
  return { status, output, said, events: eventsIn(log) }
}
const add = (columns: Parameters<typeof addUser>[1] = {}) =>
  addUser(surroundings.database.sql, columns)
const operator = userInfo().username
const valuesIn = (url: string) => Object.fromEntries(new URL(confide(url.trim())).searchParams)

describe('without --print', () => {
  test.each([
    ['an address, in any letter case', 'email'],
    ['an id', 'id'],
    ['a login', 'username'],
  ])('it mails a link that works to the stored address, by %s', async (_, by) => {
    const user = await add({ username: `ada-${by}` })
    const names = { email: user.email.toUpperCase(), id: user.id, username: `ada-${by}` }
    expect(await linkProcess(names[by as 'id'])).toEqual({
      status: 0,
      output: `A link was mailed to account ${user.id}.\n`,
      said: [],
      events: [{ event: 'password_reset.mailed', accountId: user.id, operator, level: 30 }],
    })
    const [mail] = linkMailsTo(surroundings.resend, user.email)
    const [url = ''] = /https:\S+signature=\S+/.exec(mail?.text ?? '') ?? []
    const body = { ...valuesIn(url), password: 'a brand new pass phrase' }
    expect((await service.post('reset-password', body)).status).toBe(200)
  })

  test('within one bucket it mails what the service mails', async () => {
    const user = await add()
    const bucket = () => Math.floor(Date.now() / 60_000)
    for (let begun = -1; begun !== bucket(); ) {
      begun = bucket()
      await service.mailedLink(user.email)
      expect((await link([user.id])).status).toBe(0)
    }
    const timestamps = linkMailsTo(surroundings.resend, user.email).map(
      ({ text }) => /timestamp=(\d+)/.exec(text ?? '')?.[1],
    )
    expect(timestamps.length).toBe(new Set(timestamps).size)
  })

  test('each of several accounts with one address gets its own, but for those that get none', async () => {
    const email = 'Twins@example.com'
    const [one, two] = [await add({ email: email.toLowerCase() }), await add({ email })]
    const out = await add({ email: 'twins@Example.com', active: false })
    const { status, output, said } = await link([email])
    expect([status, output]).toEqual([
      0,
      `A link was mailed to account ${two.id}.\nA link was mailed to account ${one.id}.\n`,
    ])
    expect(said).toEqual([
      expect.stringContaining(`no link for account ${out.id}: it is not eligi`),
    ])
  })

  test.each([
    ['not eligible', { active: false }, 'it is not eligible'],
    ['without a password', { password_hash: '!' }, 'it has no password to reset'],
    ['with a hash of no known format', { password_hash: 'md5$abcdefghijklm' }, 'in no format'],
    ['without a mailbox', { email: 'Ada <ada@example.com>' }, 'not one plain mailbox'],
  ])('an account %s is told of, and nothing is mailed', async (_, columns, reason) => {
    const user = await add(columns)
    const before = surroundings.resend.requests.length
    for (const args of [[user.id], ['--print', user.id]]) {
      const { status, output, said, events } = await link(args)
      expect([status, output, events]).toEqual([1, '', []])
      expect(said).toEqual([expect.stringContaining(`no link for account ${user.id}: `)])
      expect(said[0]).toContain(reason)
    }
    expect(surroundings.resend.requests.length).toBe(before)
  })

  test.each(['nobody@example.com', 'nobody', '999999999999', '99999999999999999999', '007', '-1'])(
    'an account that is not there is told of: %s',
    async (name) => {
      expect(await link(['--', name])).toEqual({
        status: 1,
        output: '',
        said: ['no link: there is no such account'],
        events: [],
      })
    },
  )

  test('a refusal by the provider is told of with its reason', async () => {
    const user = await add()
    surroundings.resend.answerAlways({ kind: 'status', status: 422, name: 'validation_error' })
    expect(await link([user.email])).toEqual({
      status: 1,
      output: '',
      said: [`no link for account ${user.id}: the mail was not taken: 422 validation_error`],
      events: [{ event: 'password_reset.mail_failed', accountId: user.id, operator, level: 40 }],
    })
  })

  test('an outcome that nobody knows has a status of its own, and may be tried again', async () => {
    const user = await add()
    surroundings.resend.answerNext({ kind: 'drop', after: 'acceptance' })
    const { status, output, said, events } = await link([user.email])
    expect([status, output]).toEqual([75, ''])
    expect(said).toEqual([
      expect.stringContaining(
        `Nobody knows whether a link was mailed to account ${user.id}: no an`,
      ),
    ])
    expect(events[0]?.event).toBe('password_reset.mail_unconfirmed')
    expect((await link([user.email])).status).toBe(0)
  })

  test('what becomes of the mail goes to the webhook receiver before it ends', async () => {
    const receiver = await startReceiver(confide(makeWebhookSecret()))
    const webhooks = { WEBHOOK_URL: receiver.url, WEBHOOK_SECRETS: receiver.secret }
    const user = await add()
    receiver.answerNext({ kind: 'status', status: 500 })
    expect((await link([user.email], webhooks)).status).toBe(0)
    surroundings.resend.answerAlways({ kind: 'status', status: 422, name: 'validation_error' })
    expect((await link([(await add()).id], webhooks)).status).toBe(1)
    expect((await link(['--print', user.id], webhooks)).status).toBe(0)
    const taken = await receiver.waitForTaken(2)
    expect(taken.map(({ type }) => type)).toEqual([
      'password_reset.mailed',
      'password_reset.mail_failed',
    ])
    expect(taken[0]?.data).toEqual({ user_id: user.id, message: 'reset-link' })
    await receiver.stop()
  })

  test('for a receiver that is away it waits no longer than the grace period, and the log says so', async () => {
    const receiver = await startReceiver(confide(makeWebhookSecret()))
    await receiver.stop()
    const { status, output, log } = await runCommand(
      'link',
      [(await add()).email],
      env({
        WEBHOOK_URL: receiver.url,
        WEBHOOK_SECRETS: receiver.secret,
        SHUTDOWN_GRACE_SECONDS: '1',
      }),
    )
    expect(status).toBe(0)
    expect(output).toMatch(/^A link was mailed to account/)
    expect(log.at(-1)).toMatchObject({
      lost: 1,
      level: 50,
      msg: 'ended before the webhook receiver took every event',
    })
  })

  test('it goes the way of the configured transports', async () => {
    const smtp = await startSmtp()
    const user = await add()
    surroundings.resend.answerAlways({ kind: 'status', status: 500, name: 'internal_server_error' })
    const chain = { MAIL_TRANSPORT: 'resend,smtp', SMTP_URL: `smtp://127.0.0.1:${smtp.port}` }
    expect((await link([user.email], chain)).status).toBe(0)
    expect((await smtp.waitForMail(({ to }) => to.includes(user.email))).to).toEqual([user.email])
    await smtp.stop()
  })

  test('into the memory of a process that ends it mails nothing', async () => {
    const user = await add()
    const { status, said } = await link([user.email], { MAIL_TRANSPORT: 'outbox' })
    expect(status).toBe(78)
    expect(said.join('\n')).toContain('MAIL_TRANSPORT: outbox')
    const printed = await link(['--print', user.email], { MAIL_TRANSPORT: 'outbox' })
    expect(printed.status).toBe(0)
  })
})

describe('with --print', () => {
  test('it prints a link that works, and nothing else; the log has who did it, and no link', async () => {
    const user = await add()
    const before = surroundings.resend.requests.length
    const { status, output, said, events } = await linkProcess('--print', user.email)
    expect(status).toBe(0)
    expect(output).toMatch(/^https:\/\/app\.example\/reset\?timestamp=\d{10}&\S+\n$/)
    const values = valuesIn(output)
    expect(said).toEqual([
      expect.stringMatching(
        new RegExp(
          `^Whoever has this link can set the password of account ${user.id}, once, until`,
        ),
      ),
    ])
    expect(events).toEqual([
      { event: 'password_reset.link_printed', accountId: user.id, operator, level: 40 },
    ])
    expect(surroundings.resend.requests.length).toBe(before)
    const check = await service.post('check-reset-link', values)
    expect(said[0]).toContain(JSON.parse(check.text).expires_at.replace('Z', ''))
    const body = { ...values, password: 'a brand new pass phrase' }
    expect((await service.post('reset-password', body)).status).toBe(200)
    expect((await service.post('reset-password', body)).status).toBe(400)
  })

  test('of several accounts it prints none, and names their ids to choose from', async () => {
    const users = [
      await add({ email: 'pair@example.com' }),
      await add({ email: 'PAIR@example.com' }),
    ]
    const { status, output, said } = await link(['--print', 'pair@example.com'])
    expect([status, output]).toEqual([1, ''])
    const ids = users.map(({ id }) => `  ${id}`)
    expect(said).toEqual(['no link: several accounts match; name one by its id:', ...ids])
    expect((await link(['--print', users[1]?.id ?? ''])).status).toBe(0)
  })

  test('it makes a link for a first password, where these are on', async () => {
    const user = await add({ password_hash: null })
    const first = { REQUIRE_USABLE_PASSWORD: 'false', PASSWORD_HASH: 'argon2id' }
    expect((await link(['--print', user.id], first)).status).toBe(0)
  })

  test('links that LINKS_NOT_BEFORE voids are not made', async () => {
    const user = await add()
    const { status, output, said } = await link(['--print', user.id], {
      LINKS_NOT_BEFORE: new Date(Date.now() + 600_000).toISOString(),
    })
    expect([status, output]).toEqual([1, ''])
    expect(said[0]).toContain('LINKS_NOT_BEFORE voids')
  })
})

test('a name of digits is an id first, and a login where there is no such id', async () => {
  const user = await add({ username: '4915112345678' })
  const namesake = await add({ username: user.id })
  expect((await link([user.id])).output).toBe(`A link was mailed to account ${user.id}.\n`)
  expect((await link(['4915112345678'])).output).toBe(`A link was mailed to account ${user.id}.\n`)
  expect(namesake.id).not.toBe(user.id)
})

test('an id with an @ is one where nothing else is called that', async () => {
  const text = await createSurroundings()
  await createUsers(text.database.sql, 'text')
  const email = 'pair@example.com'
  for (const id of ['ada@7', 'bob@7']) await addUser(text.database.sql, { id, email })
  const print = (name: string) => runCommand('link', ['--print', name], environmentFor(text))
  expect((await print(email)).said.slice(1)).toEqual(['  ada@7', '  bob@7'])
  const { status, output } = await print('bob@7')
  expect([status, valuesIn(output)['user_id']]).toEqual([0, 'bob@7'])
  await text.end()
})

test('what an id holds does nothing to a terminal', async () => {
  const text = await createSurroundings()
  await createUsers(text.database.sql, 'text')
  const user = await addUser(text.database.sql, { id: 'ada\u001b[2J\u202e' })
  const { output } = await runCommand('link', [user.email], environmentFor(text))
  expect(output).toBe('A link was mailed to account ada\\u{1b}[2J\\u{202e}.\n')
  await text.end()
})

test.each([[], [''], [' '], ['a', 'b'], ['--prnt', 'a'], ['a\u0007b'], ['x'.repeat(255)]])(
  'other arguments get the usage: %j %j',
  async (...args) => {
    const { status, output, errors } = await runRekey(['link', ...args], {}).ended
    expect([status, output]).toEqual([64, ''])
    expect(errors).toMatch(
      /\nusage: rekey link \[--print\] <address, login or id>\n`rekey link --help`/,
    )
  },
)

test('a configuration, a mapping or a template with a fault stops it with 78', async () => {
  const faults: [Environment, string][] = [
    [{ LINK_SECRETS: 'x' }, 'LINK_SECRETS: '],
    [{ USERS_TABLE: 'people' }, 'USERS_TABLE: '],
    [{ MAIL_TEMPLATES_DIR: '/nowhere' }, 'MAIL_TEMPLATES_DIR: '],
  ]
  for (const [more, fault] of faults) {
    const { status, output, said } = await link(['a@example.com'], more)
    expect([status, output]).toEqual([78, ''])
    expect(said.join('\n')).toContain(fault)
  }
})

test('a database that is down is told of, without its address', async () => {
  const gate = await createGate(surroundings.database.url)
  await gate.shut()
  const { status, output, said } = await link(['a@example.com'], { DATABASE_URL: gate.url })
  expect([status, output, said]).toEqual([
    1,
    '',
    [
      'The accounts cannot be read: ECONNREFUSED, nobody listens there -> start the server, or correct host and port in DATABASE_URL',
    ],
  ])
})
