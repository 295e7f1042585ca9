// The dialect of django-rest-passwordreset: what is answered to what, to the byte.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { forgedLink, sealedLink, tokenOf } from '../../support/links.ts'
import { seconds } from '../../support/seconds.ts'
import { startService, type TestService } from '../../support/service.ts'
import { createSurroundings, type Surroundings } from '../../support/surroundings.ts'
import { addUser, createUsers, hasPassword, type StoredUser } from '../../support/users.ts'

const PREFIX = '/api/password_reset'
const OK = '200 {"status":"OK"}'
const NOT_VALID =
  '404 {"detail":"The OTP password entered is not valid. Please check and try again."}'
const REQUIRED = 'This field is required.'
const BLANK = 'This field may not be blank.'
const NOT_NULL = 'This field may not be null.'
const NO_STRING = 'Not a valid string.'
const NO_ADDRESS = 'Enter a valid email address.'
const password = 'a brand new pass phrase'

let surroundings: Surroundings
let service: TestService
let user: StoredUser

beforeAll(async () => {
  surroundings = await createSurroundings()
  await createUsers(surroundings.database.sql, 'bigint', ['is_active boolean default true'])
  service = await startService(surroundings, {
    DIALECTS: 'rest-passwordreset',
    USERS_ELIGIBLE_SQL: 'is_active',
  })
  user = await addUser(surroundings.database.sql)
})

afterAll(async () => {
  await service?.stop()
  await surroundings?.end()
})

const refused = (fields: Readonly<Record<string, string | readonly string[]>>) =>
  `400 ${JSON.stringify(
    Object.fromEntries(Object.entries(fields).map(([field, texts]) => [field, [texts].flat()])),
  )}`

describe('a request', () => {
  test.each([
    ['the address', () => user.email, OK],
    ['the address in capitals', () => user.email.toUpperCase(), OK],
    [
      'the address with blanks around it, as Python knows them',
      () => `\u00a0 ${user.email}\x1c\n`,
      OK,
    ],
    ['another address', () => 'nobody@example.com', OK],
    ['an address in an international domain', () => 'nobody@bücher.example', OK],
    ['an address of 300 characters', () => `${'a'.repeat(288)}@example.com`, OK],
    [
      'an address of 321 characters',
      () => `${'a'.repeat(309)}@example.com`,
      refused({ email: NO_ADDRESS }),
    ],
    ['no address', () => undefined, refused({ email: REQUIRED })],
    ['null', () => null, refused({ email: NOT_NULL })],
    ['nothing', () => '', refused({ email: BLANK })],
    ['blanks', () => ' \u00a0\u3000', refused({ email: BLANK })],
    ['a zero-width space', () => '\u200b', refused({ email: NO_ADDRESS })],
    ['a word', () => 'user', refused({ email: NO_ADDRESS })],
    ['a Cyrillic letter', () => 'u\u0455er@example.com', refused({ email: NO_ADDRESS })],
    ['a boolean', () => true, refused({ email: NO_ADDRESS })],
    ['a number', () => 5, refused({ email: NO_ADDRESS })],
    ['a list', () => ['user@example.com'], refused({ email: NO_ADDRESS })],
    [
      'a NUL',
      () => 'a\0@example.com',
      refused({ email: ['Null characters are not allowed.', NO_ADDRESS] }),
    ],
    [
      'a lone surrogate',
      () => 'a\ud800@example.com',
      refused({ email: ['Surrogate characters are not allowed: U+D800.', NO_ADDRESS] }),
    ],
    [
      'both',
      () => 'a\ud800\0@example.com',
      refused({
        email: [
          'Null characters are not allowed.',
          'Surrogate characters are not allowed: U+D800.',
          NO_ADDRESS,
        ],
      }),
    ],
  ])('with %s', async (_, email, answer) => {
    for (const path of [PREFIX, `${PREFIX}/`]) {
      expect((await service.send(path, { email: email() })).answer).toBe(answer)
    }
  })

  test('leads to a mail to the stored address', async () => {
    const { email } = await addUser(surroundings.database.sql)
    await service.send(PREFIX, { email: email.toUpperCase() })
    await surroundings.resend.waitForMail(({ to }) => to[0] === email)
  })
})

describe('validate_token', () => {
  const validate = (token: unknown) => service.send(`${PREFIX}/validate_token/`, { token })

  test.each([
    ['a good token', () => tokenOf(sealedLink(user)), OK],
    ['a good token with blanks around it', () => ` ${tokenOf(sealedLink(user))}\u0085`, OK],
    ['an expired one', () => tokenOf(sealedLink(user, seconds() - 3601)), NOT_VALID],
    [
      'one of earlier',
      () => tokenOf(sealedLink(user, undefined, { emailAddress: 'x@example.com' })),
      NOT_VALID,
    ],
    ['a forged one', () => tokenOf(forgedLink(user.id)), NOT_VALID],
    ['one in capitals', () => tokenOf(sealedLink(user)).toUpperCase(), NOT_VALID],
    ['an unknown one', () => 'not_a_valid_token', NOT_VALID],
    ['a number', () => 12_345, NOT_VALID],
    ['a number with a fraction', () => 1.5, NOT_VALID],
    ['5000 characters', () => 'x'.repeat(5000), NOT_VALID],
    ['none', () => undefined, refused({ token: REQUIRED })],
    ['null', () => null, refused({ token: NOT_NULL })],
    ['an empty one', () => '', refused({ token: BLANK })],
    ['blanks', () => ' \t', refused({ token: BLANK })],
    ['a boolean', () => false, refused({ token: NO_STRING })],
    ['an object', () => ({ token: 1 }), refused({ token: NO_STRING })],
    ['a NUL', () => 'a\0', refused({ token: 'Null characters are not allowed.' })],
  ])('of %s', async (_, token, answer) => {
    expect((await validate(token())).answer).toBe(answer)
  })
})

describe('confirm', () => {
  const confirm = (body: object) => service.send(`${PREFIX}/confirm/`, body)

  test.each([
    ['nothing', () => ({}), refused({ password: REQUIRED, token: REQUIRED })],
    ['a bad token alone', () => ({ token: 'x' }), refused({ password: REQUIRED })],
    ['a bad token and a weak password', () => ({ token: 'x', password: '1' }), NOT_VALID],
    [
      'wrong types',
      () => ({ token: [], password: 1.5 }),
      refused({ password: NO_STRING, token: NO_STRING }),
    ],
    [
      'a weak password',
      () => ({ token: tokenOf(sealedLink(user)), password: '12345' }),
      refused({
        password: [
          'This password is too short. It must contain at least 8 characters.',
          'This password is too common.',
          'This password is entirely numeric.',
        ],
      }),
    ],
    [
      'a number',
      () => ({ token: tokenOf(sealedLink(user)), password: 8_471_190_263_555 }),
      refused({ password: 'This password is entirely numeric.' }),
    ],
    [
      'a password of blanks, which is none too blank to be judged',
      () => ({ token: tokenOf(sealedLink(user)), password: ' ' }),
      refused({ password: 'This password is too short. It must contain at least 8 characters.' }),
    ],
  ])('with %s', async (_, body, answer) => {
    expect((await confirm(body())).answer).toBe(answer)
  })

  test('sets the password once, exactly as typed', async () => {
    const owner = await addUser(surroundings.database.sql)
    const token = tokenOf(sealedLink(owner))
    expect((await confirm({ token, password: ` ${password} ` })).answer).toBe(OK)
    expect((await confirm({ token, password })).answer).toBe(NOT_VALID)
    expect(await hasPassword(surroundings.database.sql, owner.id, ` ${password} `)).toBe(true)
  })
})

test('problem details name the outcome that the texts leave open', async () => {
  const headers = { accept: 'application/problem+json' }
  const codeOf = async (token: string) => {
    const reply = await service.send(`${PREFIX}/validate_token/`, { token }, headers)
    expect(reply.status).toBe(404)
    return JSON.parse(reply.text).code
  }
  expect(await codeOf('x')).toBe('link_invalid')
  const old = sealedLink(user, seconds() - 3601)
  expect(await codeOf(tokenOf(old))).toBe('link_expired')
  const stale = sealedLink(user, undefined, { emailAddress: 'x@example.com' })
  expect(await codeOf(tokenOf(stale))).toBe('link_superseded')
})

describe('with REVEAL_UNKNOWN_USERS', () => {
  const UNKNOWN = `400 {"email":["We couldn't find an account associated with that email. Please try a different e-mail address."]}`
  let telling: TestService

  beforeAll(async () => {
    telling = await startService(surroundings, {
      DIALECTS: 'rest-passwordreset',
      USERS_ELIGIBLE_SQL: 'is_active',
      REVEAL_UNKNOWN_USERS: 'true',
    })
  })

  afterAll(() => telling?.stop())

  test.each([
    ['an unknown address', { email: 'nobody@reveal.example' }, UNKNOWN],
    ['a disabled account', { is_active: false }, UNKNOWN],
    ['an account without a password', { password_hash: null }, UNKNOWN],
    ['an account that can be reset', {}, OK],
  ])('%s', async (_, columns, answer) => {
    const email =
      'email' in columns ? columns.email : (await addUser(surroundings.database.sql, columns)).email
    expect((await telling.send(PREFIX, { email })).answer).toBe(answer)
  })
})
