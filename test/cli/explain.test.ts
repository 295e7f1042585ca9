// `rekey explain` as support staff use it: what it says of every kind of account, and what it never shows.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import type { Explanation } from '../../src/cli/explain/print-explanation.ts'
import { createGate } from '../accounts/database-gate.ts'
import { runCommand } from '../support/command.ts'
import { linkSecret } from '../support/links.ts'
import { type Environment, runRekey } from '../support/rekey-process.ts'
import { createSurroundings, environmentFor, type Surroundings } from '../support/surroundings.ts'
import { addUser, createUsers } from '../support/users.ts'

let surroundings: Surroundings
const mapping = {
  USERS_LOGIN_COLUMNS: 'username,staff_no',
  USERS_ELIGIBLE_SQL: 'active',
  USERS_LOCALE_COLUMN: 'locale',
  USERS_NAME_COLUMN: 'name',
}

beforeAll(async () => {
  surroundings = await createSurroundings()
  const texts = ['username', 'staff_no', 'locale', 'name'].map((name) => `${name} text`)
  const columns = ['active boolean default true', ...texts]
  await createUsers(surroundings.database.sql, 'bigint', columns)
})

afterAll(() => surroundings?.end())

const env = (more: Environment = {}) => ({ ...environmentFor(surroundings), ...mapping, ...more })
const add = (columns: Parameters<typeof addUser>[1] = {}) =>
  addUser(surroundings.database.sql, columns)
const explain = (args: readonly string[], more: Environment = {}) =>
  runCommand('explain', args, env(more))
const explainJson = async (name: string, more: Environment = {}) => {
  const { status, output, said } = await explain(['--json', name], more)
  expect(said).toEqual([])
  const explanation: Explanation = JSON.parse(output)
  return { status, ...explanation }
}

test('it tells people what a mail would be, in a process of its own, and mails nothing', async () => {
  const user = await add({ email: 'Ada@example.com', locale: 'de_AT', username: 'ada' })
  const run = runRekey(['explain', 'ada@EXAMPLE.com'], env({ MAIL_DAILY_BUDGET: '500' }))
  const { status, output, errors } = await run.ended
  expect([status, errors]).toEqual([0, ''])
  expect(output).toBe(
    [
      `account ${user.id}`,
      '  found by  email',
      '  address   Ada@example.com',
      '  outcome   reset-link would be mailed',
      '  language  de, for de_AT',
      '  password  argon2id; a reset writes argon2id',
      'transports  resend',
      'link        works for 3600 seconds; requests within 60 seconds mail the same one',
      'limits      3 mails to an address in 3600 seconds, while a link in one of them works',
      '            after 10 within 24 hours, one an hour',
      '            500 mails a day',
      '            The service counts in its memory, where this command cannot look: "capped" in its log',
      '            says when a limit held a mail back.',
      '',
    ].join('\n'),
  )
  expect(output).not.toContain(user.passwordHash)
  expect(output).not.toContain(linkSecret)
  expect(surroundings.resend.requests).toEqual([])
})

test('machines get the same as JSON', async () => {
  const user = await add({ locale: 'xx' })
  expect(await explainJson(user.email, { MAIL_TRANSPORT: 'outbox' })).toEqual({
    status: 0,
    accounts: [
      {
        id: user.id,
        foundBy: 'email',
        address: user.email,
        mail: 'reset-link',
        reason: null,
        locale: 'xx',
        language: 'en',
        hashFormat: 'argon2id',
        newHashFormat: 'argon2id',
      },
    ],
    columns: { address: 'email', logins: ['username', 'staff_no'] },
    transports: ['outbox'],
    link: { ttlSeconds: 3600, bucketSeconds: 60 },
    ratePerAccount: { limit: 3, seconds: 3600 },
    dailyBudget: null,
  })
})

test.each([
  ['no_account', undefined],
  ['not_eligible', { active: false }],
  ['no_usable_password', { password_hash: null }],
  ['unknown_hash_format', { password_hash: 'md5$abcdefghijklm' }],
  ['no_mailbox', { email: 'two@example.com,three@example.com' }],
])('no mail, and why: %s', async (reason, columns) => {
  const user = columns ? await add(columns) : { email: 'nobody@example.com', id: '987654321' }
  for (const name of [user.email, user.id]) {
    const { status, accounts } = await explainJson(name)
    expect(status).toBe(1)
    expect(accounts.map((account) => account.reason)).toEqual(columns ? [reason] : [])
    const { output } = await explain([name])
    expect(output).toContain('no mail: ')
  }
})

test('an account whose row cannot be judged is warned about, however it is named', async () => {
  const user = await add({ username: 'no number' })
  const failing = { USERS_ELIGIBLE_SQL: `coalesce(username, '1')::integer = 1` }
  for (const name of [user.email, user.id]) {
    const { status, said } = await explain([name], failing)
    expect(status).toBe(1)
    expect(said).toEqual([
      'warning: an account is left out: its row cannot be read or judged (22P02)',
    ])
  }
  expect((await explain(['nobody'], failing)).said).toEqual([])
})

test('what the configuration changes: hash formats, notices, first passwords, dead links', async () => {
  const unknown = await add({ password_hash: 'md5$abcdefghijklm' })
  const none = await add({ password_hash: '!' })
  const named = { PASSWORD_HASH: 'bcrypt' }
  const notice = { MAIL_NO_PASSWORD_NOTICE: 'true' }
  const first = { REQUIRE_USABLE_PASSWORD: 'false', ...named }
  const later = { LINKS_NOT_BEFORE: new Date(Date.now() + 600_000).toISOString() }
  const cases = [
    [unknown, {}, null, 'unknown_hash_format', 'unknown', null],
    [unknown, named, 'reset-link', null, 'unknown', 'bcrypt'],
    [none, named, null, 'no_usable_password', 'none', null],
    [none, notice, 'no-password', null, 'none', null],
    [none, first, 'reset-link', null, 'none', 'bcrypt'],
    [unknown, { ...named, ...later }, null, 'too_late', 'unknown', 'bcrypt'],
  ] as const
  for (const [user, more, mail, reason, hashFormat, newHashFormat] of cases) {
    const { status, accounts } = await explainJson(user.email, more)
    expect(accounts).toEqual([expect.objectContaining({ mail, reason, hashFormat, newHashFormat })])
    expect(status).toBe(mail ? 0 : 1)
  }
})

test('a template that fails for the values of a row is told of', async () => {
  const user = await add({ name: 'Zoe' })
  const folder = mkdtempSync(join(tmpdir(), 'rekey-explain-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  writeFileSync(
    `${folder}/reset-link.text.liquid`,
    "{{ link }}{% if text.greeting contains 'Zoe' %}{{ oops }}{% endif %}",
  )
  const { accounts } = await explainJson(user.email, { MAIL_TEMPLATES_DIR: folder })
  expect(accounts[0]?.reason).toBe('cannot_be_rendered')
})

test('several accounts come in the order in which they are mailed, at most five', async () => {
  const spellings = ['six@Example.com', 'SIX@example.com', 'six@example.com', 'Six@example.com']
  const users = []
  for (const email of [...spellings, ...spellings]) users.push(await add({ email }))
  const ids = users.map(({ id }) => id)
  const { accounts } = await explainJson('six@example.com')
  expect(accounts.map(({ id }) => id)).toEqual([ids[2], ids[6], ids[0], ids[1], ids[3]])
})

test('the column that found an account is named: the address, then each login, then the id', async () => {
  const email = 'sam@example.com'
  const sam = await add({ email, username: 'sam' })
  const kim = await add({ username: email, staff_no: 'sam' })
  const lee = await add({ username: 'lee@old.example', staff_no: 'S 7' })
  const found = async (name: string) =>
    (await explainJson(name)).accounts.map(({ id, foundBy }) => [id, foundBy])
  expect(await found(email)).toEqual([[sam.id, 'email']])
  expect(await found('sam')).toEqual([[sam.id, 'username']])
  expect(await found('lee@old.example')).toEqual([[lee.id, 'username']])
  expect(await found('S 7')).toEqual([[lee.id, 'staff_no']])
  expect(await found(kim.id)).toEqual([[kim.id, 'id']])
  expect((await explain(['S 7'])).output).toContain(
    'staff_no: by a request with "login", not by one with "email"\n',
  )
  expect((await explain([kim.id])).output).toContain('id: requests name it by its address\n')
})

test('what a row holds does nothing to a terminal', async () => {
  const user = await add({
    email: 'a\u009b2J@example.com',
    locale: `\u001b]0;x\u0007${'y'.repeat(999)}`,
  })
  const { output } = await explain([user.id])
  expect(output).toContain('a\\u{9b}2J@example.com\n')
  expect(output).toMatch(/for \\u\{1b\}\]0;x\\u\{7\}y{200,256}\n/)
  expect(output.replaceAll('\n', '')).not.toMatch(/\p{Cc}/u)
})

test.each([[], [''], ['a', 'b'], ['--jsn', 'a'], ['a\u0000b']])(
  'other arguments get the usage: %j %j',
  async (...args) => {
    const { status, output, said } = await runCommand('explain', args, {})
    expect([status, output]).toEqual([64, ''])
    expect(said[1]).toBe('usage: rekey explain [--json] <address, login or id>')
  },
)

test('faults in the configuration and in the mapping stop it with 78', async () => {
  const cases = [
    { LINK_SECRETS: 'x' },
    { USERS_LOCALE_COLUMN: 'language' },
    { MAIL_TEMPLATES_DIR: '/nowhere' },
  ]
  for (const more of cases) {
    const { status, output, said } = await explain(['a@example.com'], more)
    expect([status, output]).toEqual([78, ''])
    expect(said.join('\n')).toContain(`${Object.keys(more)[0]}: `)
  }
})

test('a database that is down is told of, without its address', async () => {
  const gate = await createGate(surroundings.database.url)
  await gate.shut()
  const { status, output, said } = await explain(['a@example.com'], { DATABASE_URL: gate.url })
  expect([status, output, said]).toEqual([
    1,
    '',
    [
      'The accounts cannot be read: ECONNREFUSED, nobody listens there -> start the server, or correct host and port in DATABASE_URL',
    ],
  ])
})
