// Who may be named in a link request, what comes of it, and what it is answered.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ACCEPTED, SENT } from '../support/answers.ts'
import { basePath } from '../support/client.ts'
import { linkMailsTo } from '../support/links.ts'
import { linkIn } from '../support/resend-stand-in.ts'
import { startService, type TestService } from '../support/service.ts'
import { createSurroundings, type Surroundings } from '../support/surroundings.ts'
import { addUser, createUsers } from '../support/users.ts'

const ROUTE = 'send-reset-password-link'

let surroundings: Surroundings
let service: TestService

beforeAll(async () => {
  surroundings = await createSurroundings()
  await createUsers(surroundings.database.sql, 'uuid', [
    'username text',
    'staff_no char(8)',
    'active boolean default true',
  ])
  service = await startService(surroundings, {
    USERS_LOGIN_COLUMNS: 'username, staff_no',
    USERS_ELIGIBLE_SQL: 'active',
  })
})

afterAll(async () => {
  await service?.stop()
  await surroundings?.end()
})

const required = '400 {"login":["This field is required."]}'
const notAString = (field: string) => `400 {"${field}":["Not a valid string."]}`
const notNull = (field: string) => `400 {"${field}":["This field may not be null."]}`
const blank = (field: string) => `400 {"${field}":["This field may not be blank."]}`
const notAnAddress = (field: string) => `400 {"${field}":["Enter a valid email address."]}`
const halfACharacter = (field: string, name = 'U+D800') =>
  `400 {"${field}":["Surrogate characters are not allowed: ${name}."]}`
const tooLong = (field: string) =>
  `400 {"${field}":["Ensure this field has no more than 254 characters."]}`
const emoji = `${'👩‍💻'.repeat(80)}@example.com`
const thousand = Object.fromEntries([...Array(1000)].map((_, n) => [`k${n}`, n]))
const addressOf = (length: number) => `${'a'.repeat(length - 12)}@example.com`

test.each([
  [{}, required],
  [{ Email: 'user@example.com' }, required],
  [{ email: 0 }, notAString('email')],
  [{ email: true }, notAString('email')],
  [{ email: null }, notNull('email')],
  [{ email: ['user@example.com'] }, notAString('email')],
  [{ email: { $gt: '' } }, notAString('email')],
  [{ email: { toString: 'user@example.com' } }, notAString('email')],
  [{ login: 7 }, notAString('login')],
  [{ login: null }, notNull('login')],
  [{ login: ['user'] }, notAString('login')],
  [
    { login: 5, email: false },
    '400 {"email":["Not a valid string."],"login":["Not a valid string."]}',
  ],
  [{ login: 'user', email: null }, notNull('email')],
  [
    { email: 'user@example.com', login: 'user' },
    '400 {"non_field_errors":["Send either email or login, not both."]}',
  ],
  [{ email: '' }, blank('email')],
  [{ email: ' \t\r\n\v\f' }, blank('email')],
  [{ login: ' ' }, blank('login')],
  [{ email: 'user' }, notAnAddress('email')],
  [{ email: 'user@exa\nmple.com' }, notAnAddress('email')],
  [{ email: 'user@example.com\r\nBcc: other@example.com' }, notAnAddress('email')],
  [{ email: 'user\u0000@example.com' }, notAnAddress('email')],
  [{ email: 'user\u0085@example.com' }, notAnAddress('email')],
  [{ email: 'user\u2028@example.com' }, notAnAddress('email')],
  [{ email: 'user\ud800@example.com' }, halfACharacter('email')],
  [{ login: 'half of \ud83d' }, halfACharacter('login', 'U+D83D')],
  [{ login: 'us\u0007er' }, notAnAddress('login')],
])('%j is refused', async (body, answer) => {
  expect((await service.post(ROUTE, body)).answer).toBe(answer)
})

test.each([
  ['an address of 255 characters', { email: addressOf(255) }, tooLong('email')],
  ['an address of 15,000 characters', { email: 'a'.repeat(15_000) }, tooLong('email')],
  ['a login of 255 characters', { login: 'a'.repeat(255) }, tooLong('login')],
  ['an address of 254 characters', { email: addressOf(254) }, ACCEPTED],
  ['an address of 252 characters that are longer in bytes', { email: emoji }, ACCEPTED],
  ['a login of one letter', { login: 'x' }, ACCEPTED],
  ['an address beside other fields', { email: 'x@example.com', to: 'evil@example.com' }, ACCEPTED],
  ['an address among a thousand fields', { email: 'x@example.com', ...thousand }, ACCEPTED],
])('%s is accepted or refused by its length alone', async (_, body, answer) => {
  expect((await service.post(ROUTE, body)).answer).toBe(answer)
})

test('of duplicate keys the last counts', async () => {
  const last = await addUser(surroundings.database.sql)
  const { answer } = await service.post(ROUTE, `{"email":"not-me","email":"${last.email}"}`)
  expect(answer).toBe(ACCEPTED)
  await surroundings.resend.waitForMail((mail) => mail.to[0] === last.email)
})

test('values in the query string do not count', async () => {
  const reply = await service.ask(`${basePath}/${ROUTE}?email=user@example.com`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  })
  expect(reply.answer).toBe(required)
})

describe('an account', () => {
  test.each([
    ['with blanks around it', (email: string) => ` \t${email}\r\n`],
    ['in capitals', (email: string) => email.toUpperCase()],
  ])('is found by its address %s, and the mail goes to the stored one', async (_, spell) => {
    const user = await addUser(surroundings.database.sql)
    expect((await service.post(ROUTE, { email: spell(user.email) })).answer).toBe(ACCEPTED)
    const mail = await surroundings.resend.waitForMail(({ to }) => to[0] === user.email)
    expect(mail.to).toEqual([user.email])
  })

  test.each([
    ['its address', { login: 'Ada@Lovelace.example' }],
    ['its user name', { login: ' ada ' }],
    ['its padded staff number', { login: 'S-1815' }],
  ])('is found by login with %s', async (_, body) => {
    const { sql } = surroundings.database
    const email = `ada@lovelace.example`
    await sql`delete from users where username = 'ada'`
    await addUser(sql, { email, username: 'ada', staff_no: 'S-1815' })
    const before = linkMailsTo(surroundings.resend, email).length
    await service.post(ROUTE, body)
    await surroundings.resend.waitForMail(
      () => linkMailsTo(surroundings.resend, email).length > before,
    )
  })

  test.each([
    ['a user name under email', { email: 'grace@hopper' }],
    ['a user name in other letter case', { login: 'GRACE@HOPPER' }],
    ['a pattern', { email: '%@hopper.example' }],
    ['a pattern for one letter', { email: '_race@hopper.example' }],
    ['a blank that is not ASCII', { email: '\u00a0grace@hopper.example' }],
    ['a zero-width space', { email: 'grace@hopper.example\u200b' }],
    ['a byte order mark', { email: '\ufeffgrace@hopper.example' }],
    ['full-width letters', { email: 'ｇrace@hopper.example' }],
    ['a full-width at sign', { email: 'grace＠hopper.example@' }],
    ['a final dot', { email: 'grace@hopper.example.' }],
    ['two addresses', { email: 'grace@hopper.example,evil@example.com' }],
    ['an encoded word', { email: '=?utf-8?q?grace=40hopper.example?=@example.com' }],
    ['SQL', { email: "' OR ''='@" }],
  ])('is not found by %s', async (_, body) => {
    const { sql } = surroundings.database
    await sql`delete from users where username like 'grace%'`
    const email = 'grace@hopper.example'
    await addUser(sql, { email, username: 'grace@hopper' })
    const seen = service.log.lines.length
    expect((await service.post(ROUTE, body)).answer).toBe(ACCEPTED)
    await service.log.waitFor(({ reason }) => reason === 'no_account', seen)
    expect(linkMailsTo(surroundings.resend, email)).toEqual([])
  })

  test('is mailed a link that comes from the configuration, whatever the headers say', async () => {
    const user = await addUser(surroundings.database.sql)
    const { answer } = await service.post(
      ROUTE,
      { email: user.email },
      {
        host: 'evil.example',
        origin: 'https://evil.example',
        referer: 'https://evil.example/',
        forwarded: 'host=evil.example;proto=http',
        'x-forwarded-host': 'evil.example',
        'x-forwarded-proto': 'http',
        'x-host': 'evil.example',
        'x-http-host-override': 'evil.example',
        'x-original-host': 'evil.example',
        'accept-language': 'de',
      },
    )
    expect(answer).toBe(ACCEPTED)
    const mail = await surroundings.resend.waitForMail(({ to }) => to[0] === user.email)
    const link = new URL(linkIn(mail))
    expect(link.origin + link.pathname).toBe('https://app.example/reset')
    expect([...link.searchParams.keys()]).toEqual(['timestamp', 'user_id', 'signature'])
    expect(link.searchParams.get('user_id')).toBe(user.id)
    expect(mail.html).toContain(linkIn(mail).replaceAll('&', '&amp;'))
    expect(JSON.stringify(mail)).not.toContain('evil.example')
    expect(mail.subject).toBe('Reset your Rekey password')
  })

  test('stays as it was, however often a link is asked for', async () => {
    const { sql } = surroundings.database
    const user = await addUser(sql)
    const [before] = await sql`select *, xmin from users where id = ${user.id}`
    for (let times = 0; times < 5; times++) await service.post(ROUTE, { email: user.email })
    await surroundings.resend.waitForMail(({ to }) => to[0] === user.email)
    expect(await sql`select *, xmin from users where id = ${user.id}`).toEqual([before])
  })

  test('among several with one address gets a mail of its own, at most five of them', async () => {
    const { sql } = surroundings.database
    const spellings = ['Q@many.example', 'q@Many.example', 'q@many.Example', 'Q@Many.example']
    const ids = []
    for (const email of [...spellings, 'q@MANY.example', 'q@many.example', 'Q@MANY.EXAMPLE']) {
      ids.push((await addUser(sql, { email })).id)
    }
    await service.post(ROUTE, { email: 'q@many.example' })
    const isOurs = ({ to }: { to: readonly string[] }) => to[0]?.toLowerCase() === 'q@many.example'
    const mails = () => surroundings.resend.mails.filter(isOurs)
    await surroundings.resend.waitForMail(() => mails().length === 5)
    const links = mails().map((mail) => new URL(linkIn(mail)))
    expect(new Set(links.map(({ searchParams }) => searchParams.get('user_id'))).size).toBe(5)
    expect(mails().map(({ to }) => to)).toContainEqual(['q@many.example'])
  })

  test.each([
    ['is disabled', { active: false }, 'not_eligible'],
    ['has no password', { password_hash: null }, 'no_usable_password'],
    ['has an empty password hash', { password_hash: '' }, 'no_usable_password'],
    ['has a password that Django calls unusable', { password_hash: '!x' }, 'no_usable_password'],
    [
      'has a hash in an unknown format',
      { password_hash: 'md5$salt$0123456789' },
      'unknown_hash_format',
    ],
    ['has two addresses in one', { email: 'b@two.example,a@two.example' }, 'no_mailbox'],
    [
      'has a line break in its address',
      { email: 'b@two.example\r\nBcc: a@two.example' },
      'no_mailbox',
    ],
    ['has a name around its address', { email: 'Bob <b@two.example>' }, 'no_mailbox'],
  ])('that %s gets no mail', async (_, columns, reason) => {
    const { sql } = surroundings.database
    const user = await addUser(sql, { username: 'nobody to mail', ...columns })
    const seen = service.log.lines.length
    const asked = surroundings.resend.requests.length
    expect((await service.post(ROUTE, { login: 'nobody to mail' })).answer).toBe(ACCEPTED)
    await service.log.waitFor((line) => line['reason'] === reason, seen)
    expect(surroundings.resend.requests).toHaveLength(asked)
    await sql`delete from users where id = ${user.id}`
  })
})

describe('with REVEAL_UNKNOWN_USERS', () => {
  let telling: TestService

  beforeAll(async () => {
    telling = await startService(surroundings, { REVEAL_UNKNOWN_USERS: 'true' })
  })

  afterAll(() => telling?.stop())

  test('a known account is told apart, and mailed', async () => {
    const user = await addUser(surroundings.database.sql)
    const { answer } = await telling.post(ROUTE, { email: user.email })
    expect(answer).toBe(SENT)
    await surroundings.resend.waitForMail(({ to }) => to[0] === user.email)
  })

  test('an unknown one is refused', async () => {
    const { answer } = await telling.post(ROUTE, { email: 'nobody@example.com' })
    expect(answer).toBe('400 {"detail":"User not found"}')
    expect(await telling.code(ROUTE, { login: 'nobody' })).toBe('account_unknown')
  })
})
