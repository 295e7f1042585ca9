// How the service starts, and with which words and status it does not.

import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createGate } from '../accounts/database-gate.ts'
import { UNAVAILABLE } from '../support/answers.ts'
import { confide } from '../support/discretion.ts'
import { forgedLink, linkSecret, sealedLink } from '../support/links.ts'
import { type Environment, endProcess, originOf, runRekey } from '../support/rekey-process.ts'
import { createRole } from '../support/roles.ts'
import { startServiceProcess } from '../support/service.ts'
import { createSurroundings, environmentFor, type Surroundings } from '../support/surroundings.ts'
import { addUser, createUsers } from '../support/users.ts'

let surroundings: Surroundings

beforeAll(async () => {
  surroundings = await createSurroundings()
  const { sql } = surroundings.database
  await createUsers(sql, 'bigint', ['active boolean', 'narrow varchar(60)', 'born date'])
  await addUser(sql)
})

afterAll(() => surroundings?.end())

const refusedWith = (faults: readonly string[]) => ({
  status: 78,
  output: '',
  errors: [
    'This configuration does not work:',
    ...faults.map((fault) => `  ${fault}`),
    'Every variable is explained in .env.example.',
    '',
  ].join('\n'),
})
/** The end of a process without the remedies, which every fault of a mapping has. */
const withoutRemedies = (ended: { status: number | null; output: string; errors: string }) => ({
  ...ended,
  errors: ended.errors.replace(/^( {2}.*?) -> .+$/gm, '$1'),
})
const serve = (env: Environment) =>
  runRekey(['serve'], { ...environmentFor(surroundings), ...env }).ended

test('every fault of the environment is named at once, without a value', async () => {
  const canary = confide('canary-of-a-value')
  const { status, output, errors } = await serve({
    DATABASE_URL: `mysql://${canary}@db/${canary}`,
    LINK_SECRETS: `${linkSecret},${canary}`,
    RESET_PAGE_URL: `http://${canary}.example`,
    MAIL_FROM: canary,
    RESEND_API_KEY: `${canary} ${canary}`,
    RESEND_BASE_URL: `ftp://${canary}`,
    PORT: canary,
    HOST: canary,
    LOG_LEVEL: canary,
    BASE_PATH: canary,
    CORS_ORIGINS: `https://${canary}/path`,
    TRUST_PROXY: canary,
    LINK_TTL_SECONDS: '10',
    RATE_LIMIT_REQUESTS: canary,
    REVEAL_UNKNOWN_USERS: canary,
    USERS_ID_COLUMN: canary.repeat(10),
    RATE_LIMT_CONFIRMS: canary,
    DEFAULT_LOCALE: canary,
  })
  expect([status, output]).toEqual([78, ''])
  const named = Array.from(errors.matchAll(/^ {2}([A-Z_]+): /gm), ([, name]) => name)
  expect(named.toSorted()).toEqual([
    'BASE_PATH',
    'CORS_ORIGINS',
    'DATABASE_URL',
    'DEFAULT_LOCALE',
    'HOST',
    'LINK_SECRETS',
    'LINK_TTL_SECONDS',
    'LOG_LEVEL',
    'MAIL_FROM',
    'PORT',
    'RATE_LIMIT_REQUESTS',
    'RESEND_API_KEY',
    'RESEND_BASE_URL',
    'RESET_PAGE_URL',
    'REVEAL_UNKNOWN_USERS',
    'TRUST_PROXY',
    'USERS_ID_COLUMN',
  ])
  expect(errors).toContain(
    'warning: RATE_LIMT_CONFIRMS is not a variable of Rekey; was RATE_LIMIT_CONFIRMS meant?',
  )
})

test('quotes and carriage returns that a file of variables left are named, each by its variable', async () => {
  const good = environmentFor(surroundings)
  const names = ['DATABASE_URL', 'LINK_SECRETS', 'RESET_PAGE_URL', 'MAIL_FROM', 'RESEND_API_KEY']
  for (const [spell, words] of [
    [(value = '') => `"${value}"`, 'stands in quotes'],
    [(value = '') => `${value}\r`, 'ends with a carriage return'],
  ] as const) {
    const spelled = Object.fromEntries(names.map((name) => [name, spell(good[name])]))
    const { status, errors } = await serve({ ...spelled, APP_NAME: spell('Acme') })
    expect(status).toBe(78)
    const named = Array.from(errors.matchAll(/^ {2}([A-Z_]+): (.*)$/gm), ([, name]) => name)
    expect(named.toSorted()).toEqual([...names, 'APP_NAME'].toSorted())
    expect(errors.split(words)).toHaveLength(names.length + 2)
  }
})

test('a secret with two uses is refused by both its names', async () => {
  const { LINK_SECRETS = '' } = environmentFor(surroundings)
  expect(await serve({ RESEND_API_KEY: LINK_SECRETS })).toEqual(
    refusedWith(['RESEND_API_KEY: has the same secret as LINK_SECRETS: each needs one of its own']),
  )
})

test('variables that are empty are named in the log of the start', async () => {
  const rekey = runRekey(['serve'], {
    ...environmentFor(surroundings),
    BRAND_COLOR: '',
    SUPPORT_EMAIL: '',
    LOG_LEVEL: 'info',
  })
  await originOf(rekey)
  const { output } = await endProcess(rekey)
  expect(output).toContain(
    '"variables":["SUPPORT_EMAIL","BRAND_COLOR"],"msg":"variables that are empty count as not set"',
  )
})

test('a broken template is named by file and line, beside the faults of variables', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'rekey-test-'))
  await writeFile(join(directory, 'reset-link.html.liquid'), '<p>\n{% if text.intro %}\n</p>')
  const template =
    'MAIL_TEMPLATES_DIR/reset-link.html.liquid line 2: tag {% if text.intro %} not closed'
  const env = { MAIL_TEMPLATES_DIR: directory }
  expect(await serve(env)).toEqual(refusedWith([template]))
  const both = await serve({ ...env, PORT: 'x' })
  expect(both.errors).toMatch(/^ {2}PORT: /m)
  expect(both.errors).toContain(template)
  await rm(directory, { recursive: true })
})

test('secrets can come from files', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'rekey-test-'))
  const { DATABASE_URL = '', LINK_SECRETS = '', ...env } = environmentFor(surroundings)
  await writeFile(join(directory, 'database'), `${DATABASE_URL}\n`)
  await writeFile(join(directory, 'secrets'), `${LINK_SECRETS}\r\n`)
  const files = {
    DATABASE_URL_FILE: join(directory, 'database'),
    LINK_SECRETS_FILE: join(directory, 'secrets'),
  }
  const rekey = runRekey(['serve'], { ...env, ...files })
  await originOf(rekey)
  expect((await endProcess(rekey)).status).toBe(0)
  await rm(directory, { recursive: true })
})

test.each<[string, Environment, readonly string[]]>([
  [
    'no such table',
    { USERS_TABLE: 'people', USERS_ID_COLUMN: 'number' },
    ['USERS_TABLE: the table "people" does not exist in the schemas that are searched ("public")'],
  ],
  [
    'columns that are not there, too narrow or of another type',
    {
      USERS_ID_COLUMN: 'number',
      USERS_EMAIL_COLUMN: 'active',
      USERS_PASSWORD_COLUMN: 'narrow',
      PASSWORD_HASH: 'argon2id',
      USERS_CHANGED_AT_COLUMN: 'born',
    },
    [
      'USERS_ID_COLUMN: the table has no column "number"',
      'USERS_EMAIL_COLUMN: the column "active" is of type bool, where text or varchar or bpchar or citext would fit',
      'USERS_CHANGED_AT_COLUMN: the column "born" is of type date, where timestamptz or timestamp would fit',
      'USERS_PASSWORD_COLUMN: the column "narrow" holds 60 characters, a hash needs 97',
    ],
  ],
  [
    'an expression that does not compile',
    { USERS_ELIGIBLE_SQL: 'active AND' },
    ['USERS_ELIGIBLE_SQL: 42601 syntax error at or near ")"'],
  ],
  [
    'an expression that is no boolean',
    { USERS_ELIGIBLE_SQL: 'id' },
    ['USERS_ELIGIBLE_SQL: 42804 argument of IS TRUE must be type boolean, not type bigint'],
  ],
])('a mapping with %s is refused by the names of its variables', async (_, env, faults) => {
  const { sql } = surroundings.database
  const before = await sql`select *, xmin from users`
  const ended = await serve(env)
  expect(withoutRemedies(ended)).toEqual(refusedWith(faults))
  expect(ended.errors.match(/ -> /g)).toHaveLength(faults.length)
  expect(await sql`select *, xmin from users`).toEqual(before)
})

test('rows that the role cannot see stop the start, also where only an expression names them', async () => {
  const { sql } = surroundings.database
  const role = await createRole(surroundings.database)
  await sql.unsafe(`
    create table bans (user_id bigint);
    alter table bans enable row level security;
    grant select on users, bans to ${role.name};
    grant update (password_hash) on users to ${role.name}`)
  const env = {
    DATABASE_URL: role.url,
    USERS_ELIGIBLE_SQL: 'NOT EXISTS (SELECT FROM bans WHERE user_id = users.id)',
  }
  expect(withoutRemedies(await serve(env))).toEqual(
    refusedWith(['row-level security is on, and no policy lets a row of "public"."bans" be read']),
  )
  await sql`drop table bans`
  await role.drop()
})

test('rows that the role cannot lock stop the start', async () => {
  const { sql } = surroundings.database
  const role = await createRole(surroundings.database)
  await sql.unsafe(`
    create table hashes (account bigint, hash text);
    alter table users enable row level security;
    create policy reads on users for select using (true);
    grant select on users, hashes to ${role.name};
    grant update (active) on users to ${role.name};
    grant update (hash) on hashes to ${role.name}`)
  const env = {
    DATABASE_URL: role.url,
    USERS_PASSWORD_TABLE: 'hashes',
    USERS_PASSWORD_USER_COLUMN: 'account',
    USERS_PASSWORD_COLUMN: 'hash',
  }
  expect(withoutRemedies(await serve(env))).toEqual(
    refusedWith(['row-level security is on, and no policy lets a row of "users" be written']),
  )
  await sql`alter table users disable row level security`
  await sql`drop policy reads on users`
  await sql`drop table hashes`
  await role.drop()
})

test('where nothing temporary can be made, the start asks for nothing of the kind', async () => {
  const { sql } = surroundings.database
  await sql.unsafe(`
    create function forbid() returns event_trigger language plpgsql as
      $$ begin raise 'no definitions here'; end $$;
    create event trigger forbid on ddl_command_start execute function forbid()`)
  const service = await startServiceProcess(surroundings, { USERS_ELIGIBLE_SQL: 'active' })
  expect((await endProcess(service)).status).toBe(0)
  await sql`drop event trigger forbid`
  await sql`drop function forbid`
})

test('a role that may not write is refused by the column', async () => {
  const { sql } = surroundings.database
  const role = `reader_of_${new URL(surroundings.database.url).pathname.slice(1)}`
  const password = confide('canary-of-a-role')
  await sql.unsafe(`create role ${role} login password '${password}'`)
  await sql.unsafe(`grant select on users to ${role}`)
  const url = new URL(surroundings.database.url)
  url.username = role
  url.password = password
  expect(withoutRemedies(await serve({ DATABASE_URL: url.href }))).toEqual(
    refusedWith([
      'USERS_PASSWORD_COLUMN: the database role lacks UPDATE on the column "password_hash"',
    ]),
  )
  await sql.unsafe(`grant update (password_hash) on users to ${role}`)
  const service = await startServiceProcess(surroundings, { DATABASE_URL: url.href })
  const user = await addUser(sql)
  const body = { ...(await service.mailedLink(user.email)), password: 'a brand new pass phrase' }
  expect((await service.post('reset-password', body)).status).toBe(200)
  expect((await endProcess(service)).status).toBe(0)
  await sql.unsafe(`drop owned by ${role}`)
  await sql.unsafe(`drop role ${role}`)
})

test('a port that is taken is named, and nothing else goes wrong', async () => {
  const other = createServer().listen(0, '127.0.0.1')
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo
  const { status, errors } = await serve({ PORT: String(port) })
  expect([status, errors]).toEqual([1, `port ${port} is taken: free it, or set PORT\n`])
  other.close()
})

test('an address that is not of this machine is named', async () => {
  // Of the documentation's network (RFC 5737), which no machine has.
  const { status, errors } = await serve({ HOST: '192.0.2.1', PORT: '3000' })
  expect([status, errors]).toEqual([
    1,
    'cannot listen on 192.0.2.1 port 3000 (EADDRNOTAVAIL): set HOST to an address of this machine, or PORT to a port that you may use\n',
  ])
})

// Five seconds each, so they pass side by side.
describe.concurrent('a database that is down at the start', () => {
  test('is waited for, and meanwhile only genuine links must wait', async ({ expect }) => {
    const user = await addUser(surroundings.database.sql)
    const gate = await createGate(surroundings.database.url)
    await gate.shut()
    const service = await startServiceProcess(surroundings, { DATABASE_URL: gate.url })
    expect((await service.ask('/livez')).answer).toBe('200 {"detail":"alive"}')
    expect((await service.ask('/readyz')).answer).toBe(UNAVAILABLE)
    const link = sealedLink(user)
    expect((await service.post('check-reset-link', link)).answer).toBe(UNAVAILABLE)
    expect((await service.post('check-reset-link', forgedLink())).status).toBe(400)
    const asked = await service.post('send-reset-password-link', { email: user.email })
    expect(asked.status).toBe(200)
    await gate.open()
    await surroundings.resend.waitForMail(({ to }) => to[0] === user.email)
    expect((await service.ask('/readyz')).answer).toBe('200 {"detail":"ready"}')
    expect((await service.post('check-reset-link', link)).status).toBe(200)
    const warnings = service.log.lines.filter(({ level }) => level === 40)
    expect(warnings).toMatchObject([{ msg: expect.stringContaining('cannot be reached') }])
    expect((await endProcess(service)).status).toBe(0)
    await gate.shut()
  })

  test('and does not fit when it comes ends the service like one that was there', async ({
    expect,
  }) => {
    const gate = await createGate(surroundings.database.url)
    await gate.shut()
    const service = await startServiceProcess(surroundings, {
      DATABASE_URL: gate.url,
      USERS_EMAIL_COLUMN: 'address',
    })
    await gate.open()
    const { status, errors } = withoutRemedies(await service.ended)
    expect([status, errors]).toEqual([
      78,
      refusedWith(['USERS_EMAIL_COLUMN: the table has no column "address"']).errors,
    ])
    await gate.shut()
  })

  test('does not keep the service from being stopped', async ({ expect }) => {
    const gate = await createGate(surroundings.database.url)
    await gate.shut()
    const service = await startServiceProcess(surroundings, { DATABASE_URL: gate.url })
    expect((await endProcess(service)).status).toBe(0)
  })
})

test('variables of libraries are none of Rekey, and do nothing', async () => {
  const service = await startServiceProcess(surroundings, {
    PGTARGETSESSIONATTRS: 'any',
    PGSSLMODE: 'require',
    RESEND_DEBUG: 'true',
    RESEND_API_KEY_FILE: '',
  })
  const { email } = await addUser(surroundings.database.sql)
  surroundings.resend.answerNext({ kind: 'status', status: 422, name: `invalid ${email}` })
  await service.post('send-reset-password-link', { email })
  const line = await service.log.waitFor(({ reason }) => String(reason).startsWith('422'))
  expect(line['reason']).toBe('422 unnamed')
  const { status, errors } = await endProcess(service)
  expect([status, errors]).toEqual([0, ''])
})

test('a confirmation that a stop cuts off is reported as lost', async () => {
  const { sql } = surroundings.database
  const user = await addUser(sql)
  const service = await startServiceProcess(surroundings, { SHUTDOWN_GRACE_SECONDS: '1' })
  const link = await service.mailedLink(user.email)
  await sql.begin(async (transaction) => {
    await transaction`select from users where id = ${user.id} for update`
    const asked = service.post('reset-password', { ...link, password: 'a brand new pass phrase' })
    await expect
      .poll(async () => {
        const [row] = await sql`select count(*)::int as n from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock'`
        return row?.['n']
      })
      .toBe(1)
    const cutOff = expect(asked).rejects.toThrow('socket hang up')
    expect((await endProcess(service)).status).toBe(1)
    await cutOff
  })
  expect(service.log.lines.at(-1)).toMatchObject({ lost: 1 })
})
