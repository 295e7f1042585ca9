// django-rest-registration's test_reset_password.py, and the form posts of its verification_redirects.

import { expect } from 'vitest'
import { INVALID_LINK, RESET } from '../../support/answers.ts'
import { sealedLink } from '../../support/links.ts'
import { seconds } from '../../support/seconds.ts'
import { fromFile, type SeedCase } from '../case.ts'
import { type DjangoUser, newPassword } from '../world.ts'
import { world } from './registration-world.ts'

const ROUTE = 'reset-password'
const FILE = 'tests/unit_tests/api/views/reset_password/test_reset_password.py'
const REDIRECTS = 'tests/unit_tests/contrib/verification_redirects/test_reset_password.py'
const JSON_ONLY =
  'JSON only (dialects also take `application/x-www-form-urlencoded` from no origin or an allowed one)'
const DAY_SECONDS = 86_400
const confirmed = { REQUIRE_PASSWORD_CONFIRM: 'true' }

async function expectReset(user: DjangoUser, body: object, env = {}): Promise<void> {
  expect((await (await world.serve(env)).post(ROUTE, body)).answer).toBe(RESET)
  await world.expectPassword(user, newPassword)
}

async function expectRefusal(
  user: DjangoUser,
  body: object,
  answer: string,
  env = {},
): Promise<void> {
  expect((await (await world.serve(env)).post(ROUTE, body)).answer).toBe(answer)
  await world.expectUnchanged(user)
}

/** Expects that a link sets a password once, and no second one. */
async function resetTwice(): Promise<void> {
  const user = await world.addUser()
  const link = await world.linkFor(user)
  const service = await world.serve()
  expect((await service.post(ROUTE, { ...link, password: 'eaWrivtig5' })).answer).toBe(RESET)
  await world.expectPassword(user, 'eaWrivtig5')
  const again = await service.post(ROUTE, { ...link, password: 'eaWrivtig6' })
  expect(again.answer).toBe(INVALID_LINK)
  await world.expectPassword(user, 'eaWrivtig5')
}

const weak = [
  [
    'too short',
    'ftayx',
    'password_too_short',
    'This password is too short. It must contain at least 8 characters.',
  ],
  [
    'entirely numeric',
    '563495763456',
    'password_entirely_numeric',
    'This password is entirely numeric.',
  ],
  ['too common', 'creative', 'password_too_common', 'This password is too common.'],
] as const

const weakCases = weak.map(([id, password, code, detail]) => ({
  name: `test_when_weak_password_then_failure[${id}]`,
  async run() {
    const user = await world.addUser()
    const body = { ...(await world.linkFor(user)), password }
    await expectRefusal(user, body, `400 ${JSON.stringify({ password: [detail] })}`)
    const service = await world.serve()
    const problem = await service.post(ROUTE, body, { accept: 'application/problem+json' })
    expect(JSON.parse(problem.text).errors).toEqual([{ field: 'password', code, detail }])
  },
}))

/** What the plain Django view takes: a form. */
async function postForm(user: DjangoUser, values: Record<string, string>): Promise<void> {
  const service = await world.serve()
  const form = String(new URLSearchParams(values))
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const reply = await service.post(ROUTE, form, headers)
  expect(reply.status).toBe(415)
  expect(reply.headers.location).toBeUndefined()
  await world.expectUnchanged(user)
}

const ownCases = fromFile(FILE, [
  {
    name: 'test_reset_ok',
    async run() {
      const user = await world.addUser()
      await expectReset(user, { ...(await world.linkFor(user)), password: newPassword })
    },
  },
  {
    name: 'test_reset_with_username_as_verification_id_ok',
    async run() {
      const user = await world.addUser({ username: 'their-id' })
      const env = { USERS_ID_COLUMN: 'username' }
      await expectReset(user, { ...(await world.linkFor(user, env)), password: newPassword }, env)
    },
  },
  {
    name: 'test_reset_twice_ok',
    differs: 'links are single use',
    run: resetTwice,
  },
  {
    name: 'test_one_time_reset_twice_fail',
    run: resetTwice,
  },
  {
    name: 'test_reset_unverified_user',
    async run() {
      const user = await world.addUser({ is_active: false })
      await expectReset(user, { ...(await world.linkFor(user)), password: newPassword })
      const { sql } = world.surroundings().database
      const [row] = await sql`select is_active from auth_user where id = ${user.id}`
      expect(row).toEqual({ is_active: false })
    },
  },
  {
    name: 'test_reset_tampered_timestamp',
    async run() {
      const user = await world.addUser()
      const link = await world.linkFor(user)
      const timestamp = String(Number(link.timestamp) + 1)
      await expectRefusal(user, { ...link, timestamp, password: newPassword }, INVALID_LINK)
    },
  },
  {
    name: 'test_reset_expired',
    async run() {
      const user = await world.addUser()
      const link = sealedLink(user, seconds() - 8 * DAY_SECONDS)
      const expired = '400 {"detail":"Signature expired"}'
      await expectRefusal(user, { ...link, password: newPassword }, expired)
    },
  },
  {
    name: 'test_when_confirm_enabled_and_password_confirm_field_then_success',
    async run() {
      const user = await world.addUser()
      const passwords = { password: newPassword, password_confirm: newPassword }
      await expectReset(user, { ...(await world.linkFor(user)), ...passwords }, confirmed)
    },
  },
  {
    name: 'test_when_confirm_enabled_and_no_password_confirm_field_then_failure',
    async run() {
      const user = await world.addUser()
      const body = { ...(await world.linkFor(user)), password: newPassword }
      const missing = '400 {"password_confirm":["This field is required."]}'
      await expectRefusal(user, body, missing, confirmed)
    },
  },
  {
    name: 'test_when_confirm_enabled_and_invalid_password_confirm_field_then_failure',
    async run() {
      const user = await world.addUser()
      const passwords = { password: newPassword, password_confirm: `${newPassword}x` }
      const body = { ...(await world.linkFor(user)), ...passwords }
      const different = '400 {"password_confirm":["Passwords don\'t match"]}'
      await expectRefusal(user, body, different, confirmed)
    },
  },
  ...weakCases,
  {
    name: 'test_when_password_same_as_username_then_failure',
    async run() {
      const user = await world.addUser({ username: 'testusername' })
      const body = { ...(await world.linkFor(user)), password: user.username }
      const similar = '400 {"password":["The password is too similar to the username."]}'
      await expectRefusal(user, body, similar)
    },
  },
])

const redirectCases = fromFile(REDIRECTS, [
  {
    name: 'test_ok',
    differs: JSON_ONLY,
    async run() {
      const user = await world.addUser()
      const link = await world.linkFor(user)
      await postForm(user, { ...link, password: newPassword })
      await expectReset(user, { ...link, password: newPassword })
    },
  },
  {
    name: 'test_tampered_signature',
    differs: JSON_ONLY,
    async run() {
      const user = await world.addUser()
      const link = await world.linkFor(user)
      const signature = `${link.signature}heh`
      await postForm(user, { ...link, signature, password: newPassword })
      await expectRefusal(user, { ...link, signature, password: newPassword }, INVALID_LINK)
    },
  },
])

export const resetCases: readonly SeedCase[] = [...ownCases, ...redirectCases]
