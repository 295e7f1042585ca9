// `rekey verify` as an operator uses it before going live: yes, no, cannot tell, and nothing changed.

import { spawn } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { hash as bcrypt } from '@node-rs/bcrypt'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createGate } from '../accounts/database-gate.ts'
import { vectors } from '../hashing/vectors.ts'
import { runCommand } from '../support/command.ts'
import { confide, expectDiscretion } from '../support/discretion.ts'
import type { Environment } from '../support/rekey-process.ts'
import { createSurroundings, environmentFor, type Surroundings } from '../support/surroundings.ts'
import { addUser, createUsers, type StoredUser } from '../support/users.ts'

const program = fileURLToPath(new URL('../../src/main.ts', import.meta.url))
let surroundings: Surroundings

beforeAll(async () => {
  surroundings = await createSurroundings()
  await createUsers(surroundings.database.sql, 'bigint', ['username text'])
})

afterAll(() => surroundings?.end())

const env = (more: Environment = {}) => ({
  ...environmentFor(surroundings),
  USERS_LOGIN_COLUMNS: 'username',
  ...more,
})
const add = (columns: Parameters<typeof addUser>[1] = {}) =>
  addUser(surroundings.database.sql, columns)
const verify = (name: string, password: string | undefined, more: Environment = {}) =>
  runCommand('verify', [name], env(more), async () => password)
const rows = () => surroundings.database.sql`select *, xmin::text from users order by id`

/** One of each format, the last: it costs least. */
const examples = Object.values(Object.fromEntries(vectors.map((each) => [each.format, each])))

describe.each(examples)('a hash of $format by $madeBy, $password', (vector) => {
  const { format, password, pepper, hash } = vector
  const more: Environment = {
    ...(pepper && { PASSWORD_PEPPER: pepper }),
    ...(format === 'better_auth_scrypt' && { PASSWORD_HASH: format }),
  }

  test('is opened by its password and by no other, with nothing of salt and key shown', async () => {
    const user = await add({ password_hash: confide(hash) })
    const name = format === 'bcrypt_2y' ? 'bcrypt' : format
    const yes = await verify(user.id, password, more)
    expect(yes.output).toContain(
      `account ${user.id}: yes, the password opens the hash (${name}, ${describeParameters(hash)}`,
    )
    const no = await verify(user.id, `x${password}`, more)
    expect([yes.status, no.status, yes.said, no.said]).toEqual([0, 1, [], []])
    expect(no.output).toContain('the application changes a password before it hashes it')
    expectDiscretion(yes.output + no.output)
    const parts = hash.split(/[$:,=]/).filter(({ length }) => length >= 12)
    for (const part of parts.filter((each) => !/^(?:pbkdf2|bcrypt)_sha/.test(each))) {
      expect(yes.output + no.output).not.toContain(part)
    }
  })
})

/** The beginning of what the string says of itself, in the words of its own standard or framework. */
function describeParameters(hash: string): string {
  const [, m, t, p] = /m=(\d+),t=(\d+),p=(\d+)/.exec(hash) ?? []
  const variety = /^argon2\$(argon2id?)/.exec(hash)?.[1]
  if (m) return `${variety ? `${variety}, ` : ''}m=${m}, t=${t}, p=${p}`
  const [, prefix, cost] = /\$(2[aby])\$(\d\d)\$/.exec(hash) ?? []
  if (prefix) return `prefix ${prefix}, cost ${Number(cost)}`
  const [, digest, iterations] = /^pbkdf2[_:](sha\d+)[$:](\d+)\$/.exec(hash) ?? []
  if (digest) return `digest=${digest}, iterations=${iterations}`
  const [, N, r, q] =
    /^scrypt:(\d+):(\d+):(\d+)\$/.exec(hash) ??
    /^scrypt\$(\d+)\$\w+\$(\d+)\$(\d+)\$/.exec(hash) ??
    []
  return N ? `N=${N}, r=${r}, p=${q}` : 'N=16384, r=16, p=1'
}

describe('what the application did to the password first', () => {
  const password = 'a password of a reader'
  // As Flask-Security's get_hmac has it: HMAC-SHA-512 under SECURITY_PASSWORD_SALT, in base64.
  const flask = createHmac('sha512', '146585145368132386173505678016728509634')
    .update(password)
    .digest('base64')

  test.each([
    ["Flask-Security's HMAC", flask],
    ["Metabase's salt of the row", `3d2f6e1c-8b5a${password}`],
    ['a pepper', `${password}a pepper that Rekey was not told of`],
  ])('%s: no, before anybody is locked out, and nothing is written', async (_, hashed) => {
    const user = await add({ password_hash: confide(await bcrypt(hashed, 4)) })
    const before = await rows()
    const { status, output } = await verify(user.email, password)
    expect(status).toBe(1)
    expect(output).toMatch(/do not go live:\na reset by Rekey would lock the account out\.\n$/)
    expect(await rows()).toEqual(before)
  })
})

test('it changes, mails and tells nobody anything', async () => {
  const user = await add()
  const before = await rows()
  const requests = surroundings.resend.requests.length
  await surroundings.database.logStatements()
  expect((await verify(user.email, user.password)).status).toBe(0)
  const statements = await surroundings.database.statements()
  expect(
    statements.filter((statement) => /^\s*(?:INSERT|DELETE|CREATE|DROP|ALTER)/i.test(statement)),
  ).toEqual([])
  expect(await rows()).toEqual(before)
  expect(surroundings.resend.requests).toHaveLength(requests)
})

test('an account is found by address in any case, by login and by id', async () => {
  const user = await add({ email: 'Vera@example.com', username: 'vera' })
  for (const name of ['vera@EXAMPLE.com', 'vera', user.id]) {
    expect((await verify(name, user.password)).output).toMatch(
      new RegExp(`^account ${user.id}: yes`),
    )
  }
})

test.each<[string, () => Promise<string>, string]>([
  ['there is no such account', async () => 'nobody@example.com', 'there is no such account'],
  ['it has no password', async () => (await add({ password_hash: null })).id, 'it has no password'],
  ['it has a mark', async () => (await add({ password_hash: '!x' })).id, 'it has no password'],
  [
    'its format is unknown',
    async () => (await add({ password_hash: confide('md5$abcdefghijklm') })).id,
    'no format that Rekey reads; `rekey doctor` counts the formats',
  ],
  [
    'its hash is a bare salt and key',
    async () => (await add({ password_hash: confide(`${'0a'.repeat(16)}:${'0b'.repeat(64)}`) })).id,
    'no format that Rekey reads',
  ],
])('it cannot tell where %s, and asks for no password', async (_, arrange, reason) => {
  const ask = async () => {
    throw new Error('a password was asked for')
  }
  const { status, output, said } = await runCommand('verify', [await arrange()], env(), ask)
  expect([status, output]).toEqual([2, ''])
  expect(said.join('\n')).toContain(reason)
})

test('several accounts of one address: each is named, and one answer needs them to agree', async () => {
  const twins: StoredUser[] = []
  for (const email of ['twin@example.com', 'Twin@example.com']) twins.push(await add({ email }))
  const [first, second] = twins
  const { status, output, said } = await verify('twin@example.com', first?.password)
  expect([status, said]).toEqual([2, ['cannot tell: the accounts disagree; name one by its id']])
  expect(output).toContain(`account ${first?.id}: yes`)
  expect(output).toContain(`account ${second?.id}: no`)
  expect((await verify('twin@example.com', 'neither of them')).status).toBe(1)
  const { sql } = surroundings.database
  await sql`update users set password_hash = ${first?.passwordHash ?? ''} where id = ${second?.id ?? ''}`
  expect((await verify('twin@example.com', first?.password)).status).toBe(0)
})

test('what a reset would write in place of the format is said', async () => {
  const user = await add()
  const { status, output } = await verify(user.id, user.password, { PASSWORD_HASH: 'bcrypt' })
  expect(status).toBe(0)
  expect(output).toContain('A reset writes bcrypt in its place, as PASSWORD_HASH says: ')
})

test('without a password it is a usage error; faults of the configuration are 78; no database is 2', async () => {
  const user = await add()
  expect(await verify(user.id, undefined)).toMatchObject({ status: 64, output: '' })
  expect(await verify(user.id, 'x', { LINK_SECRETS: 'x' })).toMatchObject({ status: 78 })
  expect(await verify(user.id, 'x', { USERS_TABLE: 'people' })).toMatchObject({ status: 78 })
  const gate = await createGate(surroundings.database.url)
  await gate.shut()
  expect(await verify(user.id, 'x', { DATABASE_URL: gate.url })).toMatchObject({
    status: 2,
    said: [
      'The accounts cannot be read: ECONNREFUSED, nobody listens there -> start the server, or correct host and port in DATABASE_URL',
    ],
  })
})

describe('from standard input', () => {
  const pipe = async (name: string, input: string | Buffer) => {
    const child = spawn(process.execPath, [program, 'verify', name], { env: env() })
    child.stdin.end(input)
    const gone = once(child, 'close')
    const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)])
    await gone
    expectDiscretion(output + errors)
    return { status: child.exitCode, output, errors }
  }

  test.each([
    ['as it is', (password: string) => password, 0],
    ['with a newline', (password: string) => `${password}\n`, 0],
    ['with the line break of Windows', (password: string) => `${password}\r\n`, 0],
    ['with two newlines', (password: string) => `${password}\n\n`, 1],
    ['with blanks around it', (password: string) => ` ${password} `, 1],
    ['empty', () => '', 64],
    ['as a newline alone', () => '\n', 64],
    ['in Latin-1', () => Buffer.from('pass\xe9word', 'latin1'), 64],
    ['far too long', () => 'x'.repeat(100_000), 64],
  ])('a password %s', async (_, write, expected) => {
    const user = await add()
    const { status, output, errors } = await pipe(user.id, write(user.password))
    expect(status).toBe(expected)
    expect(errors).not.toContain('Password')
    expect(output.slice(0, 8)).toBe(expected === 64 ? '' : 'account ')
  })
})

/** Of util-linux: gives a command a terminal. */
const SCRIPT = '/usr/bin/script'

describe.runIf(process.platform === 'linux' && existsSync(SCRIPT))('at a terminal', () => {
  /** Runs it there, then asks the terminal for its settings. @param type what is typed at the prompt */
  async function atTerminal(name: string, type: string): Promise<string> {
    const command = `${process.execPath} ${program} verify ${name}; echo status $?; stty -a`
    const child = spawn(SCRIPT, ['-q', '-c', command, '/dev/null'], {
      env: { ...process.env, ...env() },
    })
    let shown = ''
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      shown += chunk
      if (type !== '' && shown.includes('Password, which is not shown: ')) {
        child.stdin.write(type)
        type = ''
      }
    })
    await once(child, 'close')
    expectDiscretion(shown)
    expect(shown).toMatch(/ icanon /)
    expect(shown).toMatch(/ echo /)
    return shown
  }

  test('the password is asked for and not echoed, and the terminal is as it was', async () => {
    const user = await add()
    const shown = await atTerminal(user.id, `${user.password}\r`)
    expect(shown).toContain(`account ${user.id}: yes`)
    expect(shown).toContain('status 0')
    expect(shown).not.toContain(user.password)
    expect(shown).not.toContain('*')
  })

  test.each([
    ['Ctrl-C ends it as a signal does', 'half a pass\u0003', 'status 130'],
    ['Ctrl-D gives no password', '\u0004', 'status 64'],
    ['Enter alone gives no password', '\r', 'status 64'],
  ])('%s, and the terminal is as it was', async (_, typed, status) => {
    const user = await add()
    const shown = await atTerminal(user.id, typed)
    expect(shown).toContain(status)
    expect(shown).not.toContain('half a pass')
    expect(shown).not.toContain('account ')
  })

  test('what is mistyped can be taken back', async () => {
    const user = await add()
    expect(await atTerminal(user.id, `xyz\u007f\u007f\u007f${user.password}\r`)).toContain(
      'status 0',
    )
    expect(await atTerminal(user.id, `something else\u0015${user.password}\r`)).toContain(
      'status 0',
    )
  })
})
