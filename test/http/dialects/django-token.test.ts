// A frontend of dj-rest-auth whose routes spell out the shape of Django's tokens, under two prefixes.

import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { encodeUid } from '../../../src/core/token.ts'
import { confide } from '../../support/discretion.ts'
import { sealedLink, tokenOf } from '../../support/links.ts'
import { linkIn } from '../../support/resend-stand-in.ts'
import { startService, type TestService } from '../../support/service.ts'
import { createSurroundings, type Surroundings } from '../../support/surroundings.ts'
import { addUser, createUsers, hasPassword, type StoredUser } from '../../support/users.ts'

// As django.contrib.auth.urls spelled it, and dj-rest-auth's documentation still does.
const ROUTE =
  /^\/password-reset\/confirm\/(?<uid>[0-9A-Za-z_-]+)\/(?<token>[0-9A-Za-z]{1,13}-[0-9A-Za-z]{1,32})\/$/
const DONE = '200 {"detail":"Password has been reset with the new password."}'
const BAD_TOKEN = '400 {"token":["Invalid value"]}'
const password = 'a brand new pass phrase'
const same = { new_password1: password, new_password2: password }

let surroundings: Surroundings
let service: TestService
let user: StoredUser
let mailed: { readonly uid: string; readonly token: string }

beforeAll(async () => {
  surroundings = await createSurroundings()
  await createUsers(surroundings.database.sql, 'bigint')
  service = await startService(surroundings, {
    DIALECTS: 'dj-rest-auth=/en/auth,dj-rest-auth=/fr/auth,rest-passwordreset',
    RESET_PAGE_URL: 'https://app.example/password-reset/confirm/{uid}/{django_token}/',
  })
})

afterAll(async () => {
  await service?.stop()
  await surroundings?.end()
})

beforeEach(async () => {
  user = await addUser(surroundings.database.sql)
  await service.send('/en/auth/password/reset/', { email: user.email })
  const mail = await surroundings.resend.waitForMail(({ to }) => to[0] === user.email)
  const { uid = '', token = '' } = ROUTE.exec(new URL(linkIn(mail)).pathname)?.groups ?? {}
  mailed = { uid, token: confide(token) }
})

const confirm = (prefix: string, values: object) =>
  service.send(`${prefix}/password/reset/confirm/`, { ...same, ...values })

test.each(['/en/auth', '/fr/auth'])('the mailed link works once, under %s', async (prefix) => {
  expect(mailed.uid).toBe(encodeUid(user.id))
  expect((await confirm(prefix, mailed)).answer).toBe(DONE)
  expect(await hasPassword(surroundings.database.sql, user.id, password)).toBe(true)
  expect((await confirm(prefix, mailed)).answer).toBe(BAD_TOKEN)
})

test('the longer token still works beside it', async () => {
  const token = tokenOf(sealedLink(user))
  expect((await confirm('/fr/auth', { uid: mailed.uid, token })).answer).toBe(DONE)
})

describe('the token is refused, and stays good', () => {
  test.each<[string, () => object]>([
    ['with the uid of another account', () => ({ ...mailed, uid: encodeUid(`${user.id}0`) })],
    ['with its last digit changed', () => ({ ...mailed, token: swapLast(mailed.token) })],
    ['in capitals', () => ({ ...mailed, token: mailed.token.toUpperCase() })],
    ['without its hyphen', () => ({ ...mailed, token: mailed.token.replace('-', '') })],
  ])('%s', async (_, values) => {
    expect((await confirm('/en/auth', values())).answer).toBe(BAD_TOKEN)
    expect((await confirm('/en/auth', mailed)).answer).toBe(DONE)
  })

  test('where a route has no uid, or takes links of the other form', async () => {
    const { token } = mailed
    const drp = await service.send('/api/password_reset/confirm/', { token, password })
    expect(drp.status).toBe(404)
    expect(await service.code('reset-password', { token, password })).toBe('link_invalid')
    const parts = { user_id: user.id, timestamp: '1769860800', signature: token }
    expect(await service.code('reset-password', { ...parts, password })).toBe('link_invalid')
    expect(await hasPassword(surroundings.database.sql, user.id, user.password)).toBe(true)
    expect((await confirm('/en/auth', mailed)).answer).toBe(DONE)
  })
})

function swapLast(token: string): string {
  return token.slice(0, -1) + (token.endsWith('0') ? '1' : '0')
}
