// Forms, as native apps send them to the dialects' routes: urlencoded, without scripts and without JSON.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { encodeUid } from '../../../src/core/token.ts'
import { basePath } from '../../support/client.ts'
import { confide } from '../../support/discretion.ts'
import { bearer, claimsOf, jwtVariables, signWithSecret } from '../../support/jwt-issuer.ts'
import { sealedLink, tokenOf } from '../../support/links.ts'
import type { Environment } from '../../support/rekey-process.ts'
import { startService, type TestService } from '../../support/service.ts'
import { createSurroundings, type Surroundings } from '../../support/surroundings.ts'
import { addUser, createUsers, hasPassword } from '../../support/users.ts'

const FORM = 'application/x-www-form-urlencoded'
const NEW_PASSWORD = confide(' a better one & a ü, 100% + =; ')
const JWT_SECRET = 'the secret of a host application'

let surroundings: Surroundings
let service: TestService

beforeAll(async () => {
  surroundings = await createSurroundings()
  await createUsers(surroundings.database.sql, 'integer')
  service = await startService(surroundings, {
    DIALECTS: 'rest-passwordreset, dj-rest-auth',
    JWT_SECRET,
    ...jwtVariables,
  })
})

afterAll(async () => {
  await service?.stop()
  await surroundings?.end()
})

const encode = (fields: object) => String(new URLSearchParams({ ...fields }))
const send = (path: string, body: string | Uint8Array, headers: Environment = {}) =>
  service.send(path, body, { 'content-type': FORM, ...headers })

test.each<[string, Environment]>([
  ['no origin', {}],
  ['an allowed origin', { origin: 'https://app.example', 'sec-fetch-site': 'cross-site' }],
  [
    'its own origin, through a proxy',
    { origin: 'https://proxy.example', 'sec-fetch-site': 'same-origin' },
  ],
  ['a type with a charset', { 'content-type': `${FORM}; charset=UTF-8` }],
])('rest-passwordreset takes forms of %s', async (_, headers) => {
  const user = await addUser(surroundings.database.sql)
  const token = tokenOf(sealedLink(user))
  const prefix = '/api/password_reset'
  const replies = [
    await send(`${prefix}/`, encode({ email: user.email }), headers),
    await send(`${prefix}/validate_token/`, encode({ token }), headers),
    await send(`${prefix}/confirm/`, encode({ token, password: NEW_PASSWORD }), headers),
  ]
  expect(replies.map(({ answer }) => answer)).toEqual(Array(3).fill('200 {"status":"OK"}'))
  expect(await hasPassword(surroundings.database.sql, user.id, NEW_PASSWORD)).toBe(true)
  await surroundings.resend.waitForMail(({ to }) => to[0] === user.email)
})

test('dj-rest-auth takes forms', async () => {
  const user = await addUser(surroundings.database.sql)
  const passwords = { new_password1: NEW_PASSWORD, new_password2: NEW_PASSWORD }
  const link = { uid: encodeUid(user.id), token: tokenOf(sealedLink(user)) }
  const prefix = '/api/auth/password'
  const asked = await send(`${prefix}/reset/`, encode({ email: user.email }))
  expect(asked.answer).toBe('200 {"detail":"Password reset e-mail has been sent."}')
  const reset = await send(`${prefix}/reset/confirm/`, encode({ ...link, ...passwords }))
  expect(reset.answer).toBe('200 {"detail":"Password has been reset with the new password."}')
  const next = confide('another & better one')
  const change = { old_password: NEW_PASSWORD, new_password1: next, new_password2: next }
  const jwt = bearer(await signWithSecret(JWT_SECRET, claimsOf(user.id)))
  const changed = await send(`${prefix}/change/`, encode(change), jwt)
  expect(changed.answer).toBe('200 {"detail":"New password has been saved."}')
  expect(await hasPassword(surroundings.database.sql, user.id, next)).toBe(true)
})

test('of fields with one name the last counts, and + is a blank', async () => {
  const user = await addUser(surroundings.database.sql)
  const token = tokenOf(sealedLink(user))
  const form = `password=one+of+many&token=x&password=the+last+of+%6dany&token=${token}`
  expect((await send('/api/password_reset/confirm', form)).status).toBe(200)
  expect(await hasPassword(surroundings.database.sql, user.id, 'the last of many')).toBe(true)
})

test.each([
  ['', '{"email":["This field is required."]}'],
  ['&&', '{"email":["This field is required."]}'],
  ['__proto__=1&constructor=2', '{"email":["This field is required."]}'],
  ['email', '{"email":["This field may not be blank."]}'],
  ['email=+', '{"email":["This field may not be blank."]}'],
  ['email=5', '{"email":["Enter a valid email address."]}'],
  ['{"email":"a@example.com"}', '{"email":["This field is required."]}'],
  [
    'email=a%00@example.com',
    '{"email":["Null characters are not allowed.","Enter a valid email address."]}',
  ],
])('the form %j is answered as JSON would be', async (form, answer) => {
  expect((await send('/api/password_reset/', form)).answer).toBe(`400 ${answer}`)
})

test.each<[string, string | Uint8Array]>([
  ['a % that stands alone', 'email=a@example.com&password=100%'],
  ['a % before what is no byte', 'email=%zz@example.com'],
  ['a % before bytes that are not UTF-8', 'email=%ff@example.com'],
  ['bytes that are not UTF-8', Buffer.from('email=\xff@example.com', 'latin1')],
])('a form with %s is refused', async (_, form) => {
  const reply = await send('/api/password_reset/', form)
  expect(reply.answer).toBe('400 {"non_field_errors":["The form is not percent-encoded UTF-8."]}')
})

test.each<Environment>([
  { origin: 'https://evil.example' },
  { origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' },
  { origin: 'https://evil.app.example', 'sec-fetch-site': 'same-site' },
  {
    origin: 'null',
    'sec-fetch-site': 'cross-site',
    'sec-fetch-mode': 'navigate',
    'sec-fetch-dest': 'document',
  },
])('a form of a page that may not call is refused: %o', async (headers) => {
  for (const path of ['/api/password_reset/', '/api/auth/password/reset/']) {
    const reply = await send(path, 'email=a%40example.com', headers)
    expect(reply.answer).toBe('403 {"detail":"Requests from this origin are not allowed."}')
  }
})

test('the native routes take no form', async () => {
  const reply = await send(`${basePath}/send-reset-password-link`, 'email=a%40example.com')
  expect(reply.status).toBe(415)
})
