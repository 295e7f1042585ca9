// django-rest-registration's test_change_password.py, and what it was seen to answer beyond that.

import { expect } from 'vitest'
import { CHANGED, NOT_SIGNED_IN } from '../../support/answers.ts'
import type { SeedCase } from '../case.ts'
import { postChange, signInAs } from '../change-password.ts'
import { type DjangoUser, newPassword } from '../world.ts'
import { world } from './registration-world.ts'

const required = ['This field is required.']
const wrongOld = { old_password: ['Old password is not correct'] }
const short = ['This password is too short. It must contain at least 8 characters.']
const mismatch = { password_confirm: ["Passwords don't match"] }
const NO_TOKEN =
  'without a token it is 401, as with the package wherever token authentication comes first'
const confirmed = { REQUIRE_PASSWORD_CONFIRM: 'true' }

/** The suite runs with the package's default, which wants a confirmation, and without. */
const variants = [
  { id: 'password_confirm', env: confirmed, confirm: true },
  { id: 'password_no_confirm', env: {}, confirm: false },
]

async function expectRefusal(
  user: DjangoUser,
  body: object,
  faults: object,
  env = {},
): Promise<void> {
  const { answer } = await postChange(world, await signInAs(user), body, env)
  expect(answer).toBe(`400 ${JSON.stringify(faults)}`)
  await world.expectUnchanged(user)
}

const wrongPasswords: readonly (readonly [string, (user: DjangoUser) => object, object])[] = [
  ['invalid_old_password', () => ({ old_password: 'blah', password: 'newtestpassword' }), wrongOld],
  ['short_password', (user) => bodyOf(user, 'xqx'), { password: short }],
  [
    'common_password',
    (user) => bodyOf(user, 'password'),
    { password: ['This password is too common.'] },
  ],
  [
    'numeric_password',
    (user) => bodyOf(user, '234665473425345'),
    { password: ['This password is entirely numeric.'] },
  ],
  [
    'password_same_as_username',
    (user) => bodyOf(user, user.username),
    { password: ['The password is too similar to the username.'] },
  ],
]

function bodyOf(user: DjangoUser, password: string): { old_password: string; password: string } {
  return { old_password: user.password, password }
}

const ofEachVariant = variants.flatMap(({ id, env, confirm }): SeedCase[] => {
  const confirming = <Body extends object>(body: Body) =>
    confirm && 'password' in body ? { ...body, password_confirm: body.password } : body
  return [
    {
      name: `test_ok [${id}]`,
      async run() {
        const user = await world.addUser()
        const body = confirming(bodyOf(user, newPassword))
        const { answer } = await postChange(world, await signInAs(user), body, env)
        expect(answer).toBe(CHANGED)
        await world.expectPassword(user, newPassword)
      },
    },
    {
      name: `test_no_auth_fail [${id}]`,
      means: NO_TOKEN,
      async run() {
        const user = await world.addUser()
        const reply = await postChange(world, {}, confirming(bodyOf(user, newPassword)), env)
        expect(reply.answer).toBe(NOT_SIGNED_IN)
        expect(reply.headers['www-authenticate']).toBe('Bearer')
        await world.expectUnchanged(user)
      },
    },
    ...wrongPasswords.map(
      ([fault, makeBody, faults]): SeedCase => ({
        name: `test_wrong_password_fail [${fault}, ${id}]`,
        async run() {
          const user = await world.addUser({ username: `test-username-${fault}-${id}` })
          await expectRefusal(user, confirming(makeBody(user)), faults, env)
        },
      }),
    ),
  ]
})

export const changeCases: readonly SeedCase[] = [
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
]

export const changeWireCases: readonly SeedCase[] = [
  {
    name: 'change: the new password is the old one',
    async run() {
      const user = await world.addUser()
      const body = bodyOf(user, user.password)
      expect((await postChange(world, await signInAs(user), body)).answer).toBe(CHANGED)
      await world.expectPassword(user, user.password)
      await expect(world.expectUnchanged(user)).rejects.toThrow()
    },
  },
  {
    name: 'change: anonymous, with broken JSON',
    means: NO_TOKEN,
    run: async () => expect((await postChange(world, {}, '{')).answer).toBe(NOT_SIGNED_IN),
  },
  {
    name: 'change: all missing',
    async run() {
      const faults = { old_password: required, password: required, password_confirm: required }
      await expectRefusal(await world.addUser(), {}, faults, confirmed)
    },
  },
  {
    name: 'change: a wrong old password and a weak new one',
    async run() {
      const body = { old_password: 'blah', password: 'xqx' }
      await expectRefusal(await world.addUser(), body, { ...wrongOld, password: short })
    },
  },
  {
    name: 'change: a weak password and a different confirmation',
    differs: 'order of checks',
    async run() {
      const user = await world.addUser()
      const body = { ...bodyOf(user, 'xqx'), password_confirm: 'another one' }
      await expectRefusal(user, body, mismatch, confirmed)
    },
  },
]
