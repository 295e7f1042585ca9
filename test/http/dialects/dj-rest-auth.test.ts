// The dialect of dj-rest-auth: what is answered to what, to the byte.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { encodeUid } from '../../../src/core/token.ts'
import { NOT_FOUND } from '../../support/answers.ts'
import { bearer, claimsOf, jwtVariables, signWithSecret } from '../../support/jwt-issuer.ts'
import { forgedLink, sealedLink, tokenOf } from '../../support/links.ts'
import { seconds } from '../../support/seconds.ts'
import { startService, type TestService } from '../../support/service.ts'
import { createSurroundings, type Surroundings } from '../../support/surroundings.ts'
import { addUser, createUsers, hasPassword, type StoredUser } from '../../support/users.ts'

const RESET = '/rest-auth/password/reset/'
const CONFIRM = '/rest-auth/password/reset/confirm/'
const MAILED = '200 {"detail":"Password reset e-mail has been sent."}'
const DONE = '200 {"detail":"Password has been reset with the new password."}'
const BAD_TOKEN = '400 {"token":["Invalid value"]}'
const BAD_UID = '400 {"uid":["Invalid value"]}'
const MISMATCH = '400 {"new_password2":["The two password fields didn’t match."]}'
const TOO_LONG = ['Ensure this field has no more than 128 characters.']
const required = ['This field is required.']
const password = 'a brand new pass phrase'
const same = { new_password1: password, new_password2: password }

let surroundings: Surroundings
let service: TestService
let user: StoredUser

beforeAll(async () => {
  surroundings = await createSurroundings()
  await createUsers(surroundings.database.sql, 'bigint')
  service = await startService(surroundings, { DIALECTS: 'dj-rest-auth=/rest-auth' })
  user = await addUser(surroundings.database.sql)
})

afterAll(async () => {
  await service?.stop()
  await surroundings?.end()
})

const refused = (body: object) => `400 ${JSON.stringify(body)}`

describe('password/reset', () => {
  const address = (length: number) => `${'a'.repeat(length - 12)}@example.com`

  test.each([
    ['the address', () => user.email, MAILED],
    ['the address with blanks around it', () => ` ${user.email}\u00a0`, MAILED],
    ['another address', () => 'nobody@example.com', MAILED],
    ['no address', () => undefined, refused({ email: required })],
    ['null', () => null, refused({ email: ['This field may not be null.'] })],
    ['nothing', () => '', refused({ email: ['This field may not be blank.'] })],
    ['a word', () => 'user', refused({ email: ['Enter a valid email address.'] })],
    ['a list', () => [], refused({ email: ['Enter a valid email address.'] })],
    ['254 characters', () => address(254), MAILED],
    [
      '256 characters',
      () => address(256),
      refused({
        email: { email: ['Ensure this value has at most 254 characters (it has 256).'] },
      }),
    ],
  ])('with %s', async (_, email, answer) => {
    for (const path of [RESET, RESET.slice(0, -1)]) {
      expect((await service.send(path, { email: email() })).answer).toBe(answer)
    }
  })

  test('never reveals who is unknown, for its package has no setting for that', async () => {
    const telling = await startService(surroundings, {
      DIALECTS: 'dj-rest-auth=/rest-auth',
      REVEAL_UNKNOWN_USERS: 'true',
    })
    expect((await telling.send(RESET, { email: 'nobody@example.com' })).answer).toBe(MAILED)
    await telling.stop()
  })
})

describe('password/reset/confirm', () => {
  const valuesOf = (owner: StoredUser, secondsAgo = 0) => {
    const link = sealedLink(owner, seconds() - secondsAgo)
    return { uid: encodeUid(owner.id), token: tokenOf(link) }
  }
  const confirm = (body: object) => service.send(CONFIRM, body)

  test.each<[string, () => object, string]>([
    [
      'nothing',
      () => ({}),
      refused({
        new_password1: required,
        new_password2: required,
        uid: required,
        token: required,
      }),
    ],
    ['a bad token', () => ({ ...same, uid: encodeUid(user.id), token: 'x' }), BAD_TOKEN],
    [
      'a forged token',
      () => ({ ...same, uid: encodeUid(user.id), token: tokenOf(forgedLink(user.id)) }),
      BAD_TOKEN,
    ],
    ['an expired token', () => ({ ...same, ...valuesOf(user, 3601) }), BAD_TOKEN],
    [
      'the uid of another account',
      () => ({ ...same, ...valuesOf(user), uid: encodeUid(`${user.id}0`) }),
      BAD_TOKEN,
    ],
    [
      'a uid of nobody and a bad token',
      () => ({ ...same, uid: encodeUid('987654321'), token: 'x' }),
      BAD_TOKEN,
    ],
    ['a uid that is none', () => ({ ...same, ...valuesOf(user), uid: '-wrong-uid-' }), BAD_UID],
    ['a uid of one letter', () => ({ ...same, ...valuesOf(user), uid: 'M' }), BAD_UID],
    ['a uid without letters', () => ({ ...same, ...valuesOf(user), uid: '!' }), BAD_UID],
    [
      'a uid that is none and a bad token',
      () => ({ ...same, uid: '-wrong-uid-', token: 'x' }),
      BAD_UID,
    ],
    ['different passwords', () => ({ ...same, ...valuesOf(user), new_password2: '1' }), MISMATCH],
    [
      'different passwords and a bad token',
      () => ({ ...same, uid: encodeUid(user.id), token: 'x', new_password2: '1' }),
      BAD_TOKEN,
    ],
    [
      'a weak password and a bad token',
      () => ({ new_password1: '1', new_password2: '1', uid: encodeUid(user.id), token: 'x' }),
      BAD_TOKEN,
    ],
    [
      'a weak password',
      () => ({ new_password1: 'password', new_password2: 'password', ...valuesOf(user) }),
      refused({ new_password2: ['This password is too common.'] }),
    ],
    [
      'numbers',
      () => ({ new_password1: 123, new_password2: 123, ...valuesOf(user) }),
      refused({
        new_password2: [
          'This password is too short. It must contain at least 8 characters.',
          'This password is too common.',
          'This password is entirely numeric.',
        ],
      }),
    ],
    [
      '129 characters',
      () => ({
        new_password1: 'x'.repeat(129),
        new_password2: 'x'.repeat(129),
        uid: 'M',
        token: 'x',
      }),
      refused({ new_password1: TOO_LONG, new_password2: TOO_LONG }),
    ],
    [
      'passwords that are no texts',
      () => ({ new_password1: {}, new_password2: 1.5, uid: 'M', token: 'x' }),
      refused({ new_password1: ['Not a valid string.'], new_password2: ['Not a valid string.'] }),
    ],
  ])('with %s', async (_, body, answer) => {
    expect((await confirm(body())).answer).toBe(answer)
  })

  test('is as lenient with the spelling of a uid as Python is', async () => {
    for (const spell of [
      (uid: string) => `${uid}==`,
      (uid: string) => `${uid}=`,
      (uid: string) => ` ${uid.slice(0, 1)}!${uid.slice(1)} `,
    ]) {
      const owner = await addUser(surroundings.database.sql)
      const { uid, token } = valuesOf(owner)
      expect((await confirm({ ...same, uid: spell(uid), token })).answer).toBe(DONE)
    }
  })

  test('sets the password once, exactly as typed, after refusals that spend nothing', async () => {
    const owner = await addUser(surroundings.database.sql)
    const values = valuesOf(owner)
    const typed = ` ${password} `
    const body = { new_password1: typed, new_password2: typed, ...values }
    expect((await confirm({ ...body, new_password2: password })).answer).toBe(MISMATCH)
    expect((await confirm(body)).answer).toBe(DONE)
    expect((await confirm(body)).answer).toBe(BAD_TOKEN)
    expect((await confirm({ ...body, new_password2: password })).answer).toBe(BAD_TOKEN)
    expect(await hasPassword(surroundings.database.sql, owner.id, typed)).toBe(true)
  })

  test('takes passwords as long as PASSWORD_MAX_LENGTH says', async () => {
    const longer = await startService(surroundings, {
      DIALECTS: 'dj-rest-auth',
      PASSWORD_MAX_LENGTH: '200',
    })
    const owner = await addUser(surroundings.database.sql)
    const of = (length: number) => ({
      new_password1: '😀'.repeat(length),
      new_password2: '😀'.repeat(length),
      ...valuesOf(owner),
    })
    const path = '/api/auth/password/reset/confirm'
    const tooLong = ['Ensure this field has no more than 200 characters.']
    expect((await longer.send(path, of(201))).answer).toBe(
      refused({ new_password1: tooLong, new_password2: tooLong }),
    )
    expect((await longer.send(path, of(200))).answer).toBe(DONE)
    await longer.stop()
  })
})

describe('password/change', () => {
  const CHANGE = '/rest-auth/password/change/'
  const SAVED = '200 {"detail":"New password has been saved."}'
  const WRONG =
    '400 {"old_password":["Your old password was entered incorrectly. Please enter it again."]}'
  const secret = 's'.repeat(32)
  let changing: TestService

  beforeAll(async () => {
    changing = await startService(surroundings, {
      DIALECTS: 'dj-rest-auth=/rest-auth',
      JWT_SECRET: secret,
      ...jwtVariables,
    })
  })

  afterAll(() => changing?.stop())

  const change = async (owner: StoredUser, body: object, headers = {}) => {
    const token = await signWithSecret(secret, claimsOf(owner.id))
    return changing.send(CHANGE, body, { ...bearer(token), ...headers })
  }

  test.each<[string, (owner: StoredUser) => object, string]>([
    [
      'nothing',
      () => ({}),
      refused({ old_password: required, new_password1: required, new_password2: required }),
    ],
    ['no old password', () => same, refused({ old_password: required })],
    [
      'an old password that is too long',
      () => ({ old_password: 'x'.repeat(129), ...same }),
      refused({ old_password: ['Ensure this field has no more than 128 characters.'] }),
    ],
    ['a wrong old password', () => ({ old_password: 'x', ...same }), WRONG],
    [
      'a wrong old password and weak new ones',
      () => ({ old_password: 'x', new_password1: '1', new_password2: '1' }),
      WRONG,
    ],
    [
      'a wrong old password and two new ones',
      () => ({ old_password: 'x', ...same, new_password2: '1' }),
      WRONG,
    ],
    [
      'two new passwords',
      ({ password: old }) => ({ old_password: old, ...same, new_password2: '1' }),
      MISMATCH,
    ],
    [
      'a weak new password',
      ({ password: old }) => ({
        old_password: old,
        new_password1: 'password',
        new_password2: 'password',
      }),
      refused({ new_password2: ['This password is too common.'] }),
    ],
    [
      '129 characters',
      ({ password: old }) => ({
        old_password: old,
        new_password1: 'x'.repeat(129),
        new_password2: 'x'.repeat(129),
      }),
      refused({ new_password1: TOO_LONG, new_password2: TOO_LONG }),
    ],
    ['what it takes', ({ password: old }) => ({ old_password: old, ...same }), SAVED],
  ])('with %s', async (_, bodyOf, answer) => {
    const owner = await addUser(surroundings.database.sql)
    expect((await change(owner, bodyOf(owner))).answer).toBe(answer)
    const held = answer === SAVED ? password : owner.password
    expect(await hasPassword(surroundings.database.sql, owner.id, held)).toBe(true)
  })

  test.each([
    ['no token', {}, 'Authentication credentials were not provided.'],
    ['a bad token', bearer('x'), 'Invalid token.'],
  ])('with %s is refused before its body is read', async (_, headers, detail) => {
    const reply = await changing.send(CHANGE, '{', headers)
    expect(reply.answer).toBe(`401 ${JSON.stringify({ detail })}`)
    expect(reply.headers['www-authenticate']).toBe('Bearer')
  })

  test('shares the limit of wrong old passwords with change-password', async () => {
    const owner = await addUser(surroundings.database.sql)
    const wrong = { old_password: 'x', ...same }
    const token = await signWithSecret(secret, claimsOf(owner.id))
    const answers = new Set<number>()
    for (let times = 0; times < 20 && !answers.has(429); times += 1) {
      answers.add((await change(owner, wrong)).status)
    }
    expect([...answers]).toEqual([400, 429])
    const native = { old_password: owner.password, password }
    expect((await changing.post('change-password', native, bearer(token))).status).toBe(429)
  })

  test('shares the limit of successful changes with change-password', async () => {
    const owner = await addUser(surroundings.database.sql)
    const again = { new_password1: owner.password, new_password2: owner.password }
    for (let times = 0; times < 10; times += 1) {
      const { status } = await change(owner, { old_password: owner.password, ...again })
      expect(status).toBe(200)
    }
    const reply = await change(owner, { old_password: owner.password, ...again })
    expect(reply.status).toBe(429)
    expect(Number(reply.headers['retry-after'])).toBeGreaterThan(3500)
    const token = await signWithSecret(secret, claimsOf(owner.id))
    const native = { old_password: owner.password, password }
    expect((await changing.post('change-password', native, bearer(token))).status).toBe(429)
  })

  test('has problem details in the words of the dialect', async () => {
    const owner = await addUser(surroundings.database.sql)
    const weak = { old_password: 'x', new_password1: '1', new_password2: '1' }
    const reply = await change(owner, weak, { accept: 'application/problem+json' })
    const detail = 'Your old password was entered incorrectly. Please enter it again.'
    expect(JSON.parse(reply.text)).toMatchObject({
      code: 'old_password_incorrect',
      detail,
      errors: [{ field: 'old_password', code: 'old_password_incorrect', detail }],
    })
  })

  test('is not there without the settings of a token', async () => {
    expect((await service.send(CHANGE, {})).answer).toBe(NOT_FOUND)
  })
})

test('problem details name the field and the outcome', async () => {
  const headers = { accept: 'application/problem+json' }
  const problemOf = async (body: object) =>
    JSON.parse((await service.send(CONFIRM, body, headers)).text)
  expect(await problemOf({ ...same, uid: encodeUid(user.id), token: 'x' })).toEqual({
    type: 'about:blank',
    title: 'Bad Request',
    status: 400,
    detail: 'Invalid value',
    code: 'link_invalid',
    errors: [{ field: 'token', code: 'invalid', detail: 'Invalid value' }],
  })
  const weak = { new_password1: 'password', new_password2: 'password' }
  const good = { uid: encodeUid(user.id), token: tokenOf(sealedLink(user)) }
  expect(await problemOf({ ...weak, ...good })).toMatchObject({
    code: 'password_rejected',
    errors: [{ field: 'new_password2', code: 'password_too_common' }],
  })
})
