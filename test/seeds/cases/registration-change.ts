// django-rest-registration's test_change_password.py.

import { expect } from 'vitest'
import { CHANGED, NOT_SIGNED_IN } from '../../support/answers.ts'
import { fromFile, type SeedCase } from '../case.ts'
import { postChange, signInAs } from '../change-password.ts'
import { type DjangoUser, newPassword } from '../world.ts'
import { world } from './registration-world.ts'

const required = ['This field is required.']
const wrongOld = { old_password: ['Old password is not correct'] }
const short = ['This password is too short. It must contain at least 8 characters.']
const mismatch = { password_confirm: ["Passwords don't match"] }
const FILE = 'tests/unit_tests/api/views/test_change_password.py'
const confirmed = { REQUIRE_PASSWORD_CONFIRM: 'true' }

/** The suite runs with the package's default, which wants a confirmation, and without. */
const variants = [
  { id: 'password_confirm', env: confirmed, confirm: true },
  { id: 'password_no_confirm', env: {}, confirm: false },
]

/** @returns the code of each fault, in order */
async function expectRefusal(
  user: DjangoUser,
  body: object,
  faults: object,
  env = {},
): Promise<string[]> {
  const signedIn = await signInAs(user)
  const { answer } = await postChange(world, signedIn, body, env)
  expect(answer).toBe(`400 ${JSON.stringify(faults)}`)
  const accept = { ...signedIn, accept: 'application/problem+json' }
  const { text } = await postChange(world, accept, body, env)
  await world.expectUnchanged(user)
  return JSON.parse(text).errors.map(({ code }: { code: string }) => code)
}

/** Each with the code that its ErrorDetail has. That of an old password never leaves the package. */
const wrongPasswords: readonly (readonly [string, (user: DjangoUser) => object, object, string])[] =
  [
    [
      'invalid_old_password',
      () => ({ old_password: 'blah', password: 'newtestpassword' }),
      wrongOld,
      'old_password_incorrect',
    ],
    ['short_password', (user) => bodyOf(user, 'xqx'), { password: short }, 'password_too_short'],
    [
      'common_password',
      (user) => bodyOf(user, 'password'),
      { password: ['This password is too common.'] },
      'password_too_common',
    ],
    [
      'numeric_password',
      (user) => bodyOf(user, '234665473425345'),
      { password: ['This password is entirely numeric.'] },
      'password_entirely_numeric',
    ],
    [
      'password_same_as_username',
      (user) => bodyOf(user, user.username),
      { password: ['The password is too similar to the username.'] },
      'password_too_similar',
    ],
  ]

function bodyOf(user: DjangoUser, password: string): { old_password: string; password: string } {
  return { old_password: user.password, password }
}

const ofEachVariant = variants.flatMap(({ id, env, confirm }): Omit<SeedCase, 'file'>[] => {
  const confirming = <Body extends object>(body: Body) =>
    confirm && 'password' in body ? { ...body, password_confirm: body.password } : body
  return [
    {
      name: `test_ok[${id}]`,
      async run() {
        const user = await world.addUser()
        const body = confirming(bodyOf(user, newPassword))
        const { answer } = await postChange(world, await signInAs(user), body, env)
        expect(answer).toBe(CHANGED)
        await world.expectPassword(user, newPassword)
      },
    },
    {
      name: `test_no_auth_fail[${id}]`,
      differs: 'a missing sign-in is 401, never 403',
      async run() {
        const user = await world.addUser()
        const reply = await postChange(world, {}, confirming(bodyOf(user, newPassword)), env)
        expect(reply.answer).toBe(NOT_SIGNED_IN)
        expect(reply.headers['www-authenticate']).toBe('Bearer')
        await world.expectUnchanged(user)
      },
    },
    ...wrongPasswords.map(([fault, makeBody, faults, code]) => ({
      name: `test_wrong_password_fail[${fault}-${id}]`,
      async run() {
        const user = await world.addUser({ username: `test-username-${fault}-${id}` })
        const codes = await expectRefusal(user, confirming(makeBody(user)), faults, env)
        expect(codes).toEqual([code])
      },
    })),
  ]
})

export const changeCases: readonly SeedCase[] = fromFile(FILE, [
  ...ofEachVariant,
  {
    name: 'test_missing_confirm_fail',
    async run() {
      const user = await world.addUser()
      const faults = { password_confirm: required }
      await expectRefusal(user, bodyOf(user, newPassword), faults, confirmed)
    },
  },
  {
    name: 'test_invalid_confirm_fail',
    async run() {
      const user = await world.addUser()
      const body = { ...bodyOf(user, newPassword), password_confirm: `${newPassword}a` }
      await expectRefusal(user, body, mismatch, confirmed)
    },
  },
])
