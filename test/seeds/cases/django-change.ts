// Django's ChangePasswordTest and PasswordChangeFormTest: a new password for whoever knows the old one.

import { expect } from 'vitest'
import { CHANGED, NOT_SIGNED_IN } from '../../support/answers.ts'
import type { SeedCase } from '../case.ts'
import { postChange, signInAs } from '../change-password.ts'
import { type DjangoUser, newPassword } from '../world.ts'
import { world } from './django-world.ts'

const wrongOld = '400 {"old_password":["Old password is not correct"]}'
const mismatch = '400 {"password_confirm":["Passwords don\'t match"]}'

async function change(user: DjangoUser, body: object, env = {}): Promise<string> {
  const known = { old_password: user.password, password: newPassword }
  return (await postChange(world, await signInAs(user), { ...known, ...body }, env)).answer
}

async function expectWrongOldPassword(): Promise<void> {
  const user = await world.addUser()
  expect(await change(user, { old_password: 'donuts' })).toBe(wrongOld)
  await world.expectUnchanged(user)
}

async function expectMismatch(): Promise<void> {
  const user = await world.addUser()
  expect(await change(user, { password_confirm: 'donuts' })).toBe(mismatch)
  await world.expectUnchanged(user)
}

const redirects = ['default', 'custom', 'custom_named'].map(
  (name): SeedCase => ({
    name: `ChangePasswordTest.test_password_change_redirect_${name}`,
    means: 'the frontend decides where its reader goes after a change',
    differs: 'json only',
    async run() {
      const user = await world.addUser()
      const body = { old_password: user.password, password: newPassword }
      const signedIn = await signInAs(user)
      const headers = { ...signedIn, 'content-type': 'application/x-www-form-urlencoded' }
      const form = await postChange(world, headers, String(new URLSearchParams(body)))
      const json = await postChange(world, signedIn, body)
      expect([form.status, json.status]).toEqual([415, 200])
      expect([form.headers.location, json.headers.location]).toEqual([undefined, undefined])
    },
  }),
)

export const changeCases: readonly SeedCase[] = [
  {
    name: 'ChangePasswordTest.test_password_change_fails_with_invalid_old_password',
    run: expectWrongOldPassword,
  },
  {
    name: 'ChangePasswordTest.test_password_change_fails_with_mismatched_passwords',
    run: expectMismatch,
  },
  {
    name: 'ChangePasswordTest.test_password_change_succeeds',
    async run() {
      const user = await world.addUser()
      expect(await change(user, {})).toBe(CHANGED)
      await world.expectPassword(user, newPassword)
      expect(await change(user, { password: 'testpassword3' })).toBe(wrongOld)
    },
  },
  {
    name: 'ChangePasswordTest.test_password_change_done_succeeds',
    means: 'the reply says that it is done',
    run: async () => expect(await change(await world.addUser(), {})).toBe(CHANGED),
  },
  {
    name: 'ChangePasswordTest.test_password_change_done_fails',
    means: 'whoever is not signed in never hears that it is done',
    async run() {
      const { password } = await world.addUser()
      const body = { old_password: password, password: newPassword }
      expect((await postChange(world, {}, body)).answer).toBe(NOT_SIGNED_IN)
    },
  },
  ...redirects,
  {
    name: 'SessionAuthenticationTests.test_user_password_change_updates_session',
    means: 'whoever changes a password stays signed in: the token goes on being taken',
    async run() {
      const user = await world.addUser()
      const signedIn = await signInAs(user)
      const passwords = [user.password, newPassword, 'testpassword3']
      for (const [index, password] of passwords.slice(1).entries()) {
        const body = { old_password: passwords[index], password }
        expect((await postChange(world, signedIn, body)).answer).toBe(CHANGED)
      }
    },
  },
  {
    name: 'PasswordChangeFormTest.test_incorrect_password',
    run: expectWrongOldPassword,
  },
  {
    name: 'PasswordChangeFormTest.test_password_verification',
    run: expectMismatch,
  },
  {
    name: 'PasswordChangeFormTest.test_success',
    means: 'what follows a change follows the write alone: a refused password is no change',
    async run() {
      const user = await world.addUser()
      const { resend } = world.surroundings()
      const notices = () => resend.mails.filter(({ to }) => to[0] === user.email)
      expect(await change(user, { password: 'short' })).toMatch(/^400 /)
      expect(await change(user, {})).toBe(CHANGED)
      await resend.waitForMail(() => notices().length > 0)
      expect(notices().map(({ subject }) => subject)).toEqual(['Your Rekey password was changed'])
    },
  },
  {
    name: 'PasswordChangeFormTest.test_field_order',
    means: 'faults come in the order old_password, password, password_confirm',
    async run() {
      const nothing = { old_password: undefined, password: undefined }
      const answer = await change(await world.addUser(), nothing, {
        REQUIRE_PASSWORD_CONFIRM: 'true',
      })
      const fields = Object.keys(JSON.parse(answer.replace(/^400 /, '')))
      expect(fields).toEqual(['old_password', 'password', 'password_confirm'])
    },
  },
  {
    name: 'PasswordChangeFormTest.test_password_whitespace_not_stripped',
    async run() {
      const user = await world.addUser()
      const password = '   two   passwords   '
      expect(await change(user, { password, password_confirm: password })).toBe(CHANGED)
      await world.expectPassword(user, password)
      const again = { old_password: password.trim(), password: newPassword }
      expect(await change(user, again)).toBe(wrongOld)
      expect(await change(user, { ...again, old_password: password })).toBe(CHANGED)
    },
  },
]
