// What a reset answers, what it writes, and in which order it checks.

import { verify } from '@node-rs/argon2'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { INVALID_LINK, RESET } from '../support/answers.ts'
import { forgedLink, sealedLink, tokenOf } from '../support/links.ts'
import { seconds } from '../support/seconds.ts'
import { startService, type TestService } from '../support/service.ts'
import { createSurroundings, type Surroundings } from '../support/surroundings.ts'
import { addUser, createUsers, hasPassword, storedHash } from '../support/users.ts'

const ROUTE = 'reset-password'
const password = 'a brand new pass phrase'

let surroundings: Surroundings
let service: TestService
let now: number

beforeAll(async () => {
  surroundings = await createSurroundings()
  await createUsers(surroundings.database.sql, 'bigint', ['username text', 'full_name text'])
  service = await startService(surroundings, {
    USERS_LOGIN_COLUMNS: 'username',
    USERS_NAME_COLUMN: 'full_name',
  })
  now = seconds()
})

afterAll(async () => {
  await service?.stop()
  await surroundings?.end()
})

const required = ['This field is required.']
const notNull = ['This field may not be null.']
const notAString = ['Not a valid string.']
const blank = ['This field may not be blank.']

test.each<[object, object]>([
  [{}, { user_id: required, timestamp: required, signature: required, password: required }],
  [{ token: 'x' }, { password: required }],
  [{ token: 'x', password: '' }, { password: blank }],
  [
    { token: 'x', password: null, password_confirm: null },
    { password: notNull, password_confirm: notNull },
  ],
  [{ token: 'x', password: 'abc', password_confirm: '' }, { password_confirm: blank }],
  [{ token: 'x', password: 12345678 }, { password: notAString }],
  [{ token: 'x', password: true }, { password: notAString }],
  [{ token: 'x', password: ['a good pass phrase'] }, { password: notAString }],
  [{ token: 'x', password: { length: 64 } }, { password: notAString }],
  [
    { token: 5, password: '', password_confirm: 7 },
    { token: notAString, password: blank, password_confirm: notAString },
  ],
  [
    { password_confirm: true, password: 7, signature: 7, timestamp: true, user_id: true },
    {
      user_id: notAString,
      timestamp: ['A valid integer is required.'],
      signature: notAString,
      password: notAString,
      password_confirm: notAString,
    },
  ],
  [
    { token: 'x', user_id: 1, password: 'abc' },
    { non_field_errors: ['Send either token or user_id, timestamp and signature.'] },
  ],
  [
    { token: 'x', password: 'abc', password_confirm: 'abd' },
    { password_confirm: ["Passwords don't match"] },
  ],
])('%j is refused field by field, in the order of declaration', async (body, faults) => {
  expect((await service.post(ROUTE, body)).answer).toBe(`400 ${JSON.stringify(faults)}`)
})

test.each([
  ['its three values', (link: ReturnType<typeof sealedLink>) => link],
  ['a token', (link: ReturnType<typeof sealedLink>) => ({ token: tokenOf(link) })],
  [
    'integers',
    (link: ReturnType<typeof sealedLink>) => ({
      ...link,
      user_id: Number(link.user_id),
      timestamp: Number(link.timestamp),
    }),
  ],
])('a mailed link sets the password once, sent as %s', async (_, form) => {
  const user = await addUser(surroundings.database.sql)
  const link = await service.mailedLink(user.email)
  const first = await service.post(ROUTE, { ...form(link), password, password_confirm: password })
  expect(first.answer).toBe(RESET)
  expect(await hasPassword(surroundings.database.sql, user.id, password)).toBe(true)
  expect((await service.post(ROUTE, { ...form(link), password: `${password}!` })).answer).toBe(
    INVALID_LINK,
  )
  expect(await hasPassword(surroundings.database.sql, user.id, password)).toBe(true)
})

test('the reply signs nobody in and says nothing of the account', async () => {
  const user = await addUser(surroundings.database.sql)
  const reply = await service.post(ROUTE, { ...sealedLink(user), password })
  expect(reply.answer).toBe(RESET)
  for (const name of ['set-cookie', 'location', 'authorization']) {
    expect(reply.headers).not.toHaveProperty(name)
  }
})

test('the stored hash is argon2id with the parameters that OWASP asks for, salted anew', async () => {
  const ann = await addUser(surroundings.database.sql)
  const bob = await addUser(surroundings.database.sql)
  for (const user of [ann, bob]) await service.post(ROUTE, { ...sealedLink(user), password })
  const hashes = [
    await storedHash(surroundings.database.sql, ann.id),
    await storedHash(surroundings.database.sql, bob.id),
  ]
  for (const hash of hashes)
    expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$.{22}\$.{43}$/)
  expect(hashes[0]).not.toBe(hashes[1])
})

test.each([
  ['with blanks at its edges', '  leading and trailing  '],
  ['of eight pictographs', '🦊🐢🦉🐙🦄🐝🦋🐧'],
  ['in composed letters', 'Ünïcödé Pässwörd'.normalize('NFC')],
  ['in decomposed letters', 'Ünïcödé Pässwörd'.normalize('NFD')],
  ['of full-width letters', 'ｃｏｒｒｅｃｔ ｈｏｒｓｅ'],
  ['of 128 letters', 'abcdefgh'.repeat(16)],
  ['of 128 letters of four bytes each', '𝒶𝒷𝒸𝒹'.repeat(32)],
])('a password %s is kept exactly as it was typed', async (_, typed) => {
  const user = await addUser(surroundings.database.sql)
  expect((await service.post(ROUTE, { ...sealedLink(user), password: typed })).answer).toBe(RESET)
  const hash = await storedHash(surroundings.database.sql, user.id)
  expect(await verify(hash, typed)).toBe(true)
  for (const other of [typed.trim(), typed.normalize('NFKC'), typed.toLowerCase()]) {
    if (other !== typed) expect(await verify(hash, other)).toBe(false)
  }
})

const tooShort = 'This password is too short. It must contain at least 8 characters.'
const tooCommon = 'This password is too common.'
const numeric = 'This password is entirely numeric.'
const tooLong = 'Ensure this field has no more than 128 characters.'

test.each<[string, string, readonly string[]]>([
  ['a short one', 'ftayx', [tooShort]],
  ['seven pictographs', '🦊🐢🦉🐙🦄🐝🦋', [tooShort]],
  ['a common one', 'password1', [tooCommon]],
  ['a common one in capitals', 'PASSWORD1', [tooCommon]],
  ['digits', '563495763456', [numeric]],
  ['one that breaks three rules', '12345', [tooShort, tooCommon, numeric]],
  ['the address', 'u.surname@example.com', ['The password is too similar to the email address.']],
  ['the user name', 'surname-of-user', ['The password is too similar to the username.']],
  ['the name', 'Ursula Surname', ['The password is too similar to the full name.']],
  ['129 letters', 'abcdefgh'.repeat(16).concat('i'), [tooLong]],
  ['4,097 letters', 'abcdefgh'.repeat(512).concat('i'), [tooLong]],
  ['a NUL inside', 'correct horse\u0000battery', ['Null characters are not allowed.']],
  ['half a pictograph', 'correct horse \ud83e', ['Surrogate characters are not allowed: U+D83E.']],
])('%s is refused with every broken rule, and the link stays good', async (_, refused, texts) => {
  const user = await addUser(surroundings.database.sql, {
    email: 'u.surname@example.com',
    username: 'surname-of-user',
    full_name: 'Ursula Surname',
  })
  const link = sealedLink(user)
  const { answer } = await service.post(ROUTE, { ...link, password: refused })
  expect(answer).toBe(`400 ${JSON.stringify({ password: texts })}`)
  expect(await storedHash(surroundings.database.sql, user.id)).toBe(user.passwordHash)
  expect((await service.post(ROUTE, { ...link, password })).answer).toBe(RESET)
})

test('the old password may be set again, and the link dies of it all the same', async () => {
  const user = await addUser(surroundings.database.sql)
  const link = sealedLink(user)
  expect((await service.post(ROUTE, { ...link, password: user.password })).answer).toBe(RESET)
  expect((await service.post(ROUTE, { ...link, password })).answer).toBe(INVALID_LINK)
})

describe('the order of checks is', () => {
  test('the body before the seal', async () => {
    const { answer } = await service.post(ROUTE, { ...forgedLink(), password: 7 })
    expect(answer).toBe('400 {"password":["Not a valid string."]}')
  })

  test('the seal before the age', async () => {
    const old = { ...forgedLink('1'), timestamp: String(now - 100_000) }
    expect(await service.code(ROUTE, { ...old, password })).toBe('link_invalid')
  })

  test('the age before the account', async () => {
    const gone = {
      id: '987654321',
      email: 'gone@example.com',
      password,
      passwordHash: '$argon2id$v=19$gone',
    }
    expect(await service.code(ROUTE, { ...sealedLink(gone, now - 3700), password })).toBe(
      'link_expired',
    )
    expect(await service.code(ROUTE, { ...sealedLink(gone, now), password })).toBe(
      'link_superseded',
    )
  })

  test('the seal before the password rules, so that strength cannot be probed', async () => {
    const { answer } = await service.post(ROUTE, { ...forgedLink('1'), password: '1' })
    expect(answer).toBe(INVALID_LINK)
  })

  test('the inner seal before the password rules', async () => {
    const user = await addUser(surroundings.database.sql)
    const stale = sealedLink(user, now, { passwordHash: 'an earlier one' })
    expect(await service.code(ROUTE, { ...stale, password: '1' })).toBe('link_superseded')
  })
})

describe('with REQUIRE_PASSWORD_CONFIRM', () => {
  let strict: TestService

  beforeAll(async () => {
    strict = await startService(surroundings, {
      REQUIRE_PASSWORD_CONFIRM: 'true',
      PASSWORD_MIN_LENGTH: '15',
      PASSWORD_EDGE_SPACES: 'refuse',
    })
  })

  afterAll(() => strict?.stop())

  test('password_confirm must be sent', async () => {
    const user = await addUser(surroundings.database.sql)
    const link = sealedLink(user)
    const missing = await strict.post(ROUTE, { ...link, password })
    expect(missing.answer).toBe('400 {"password_confirm":["This field is required."]}')
    const nothing = await strict.post(ROUTE, {})
    expect(nothing.answer).toBe(
      `400 ${JSON.stringify({ user_id: required, timestamp: required, signature: required, password: required, password_confirm: required })}`,
    )
    const both = { ...link, password, password_confirm: password }
    expect((await strict.post(ROUTE, both)).answer).toBe(RESET)
  })

  test('the configured length and edges count', async () => {
    const user = await addUser(surroundings.database.sql)
    const short = ' fourteen long'
    const { answer } = await strict.post(ROUTE, {
      ...sealedLink(user),
      password: short,
      password_confirm: short,
    })
    const texts = [
      'This password is too short. It must contain at least 15 characters.',
      'This password must not begin or end with a space.',
    ]
    expect(answer).toBe(`400 ${JSON.stringify({ password: texts })}`)
  })
})
