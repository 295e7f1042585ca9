// Django's ChangePasswordTest and PasswordChangeFormTest: a new password for whoever knows the old one.

import { expect } from 'vitest'
import { CHANGED, NOT_SIGNED_IN } from '../../support/answers.ts'
import { fromFile, type SeedCase } from '../case.ts'
import { postChange, signInAs } from '../change-password.ts'
import { type DjangoUser, newPassword, settle } from '../world.ts'
import { JSON_ONLY, NATIVE_TEXTS, world } from './django-world.ts'

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

/** Where Django sends a browser on, Rekey answers, and refuses a form. */
async function expectNoRedirect(): Promise<void> {
  const user = await world.addUser()
  const body = { old_password: user.password, password: newPassword }
  const signedIn = await signInAs(user)
  const headers = { ...signedIn, 'content-type': 'application/x-www-form-urlencoded' }
  const form = await postChange(world, headers, String(new URLSearchParams(body)))
  await world.expectUnchanged(user)
  const json = await postChange(world, signedIn, body)
  expect([form.status, json.answer]).toEqual([415, CHANGED])
  expect([form.headers.location, json.headers.location]).toEqual([undefined, undefined])
  await world.expectPassword(user, newPassword)
}

const redirects = ['done_succeeds', 'redirect_default', 'redirect_custom', 'redirect_custom_named']
const viewCases = fromFile(
  'tests/auth_tests/test_views.py',
  [
    {
      name: 'test_password_change_fails_with_invalid_old_password',
      differs: NATIVE_TEXTS,
      run: expectWrongOldPassword,
    },
    {
      name: 'test_password_change_fails_with_mismatched_passwords',
      differs: NATIVE_TEXTS,
      run: expectMismatch,
    },
    {
      name: 'test_password_change_succeeds',
      async run() {
        const user = await world.addUser()
        expect(await change(user, {})).toBe(CHANGED)
        await world.expectPassword(user, newPassword)
        expect(await change(user, { password: 'testpassword3' })).toBe(wrongOld)
        await world.expectPassword(user, newPassword)
      },
    },
    ...redirects.map(
      (name): Omit<SeedCase, 'file'> => ({
        name: `test_password_change_${name}`,
        means: 'the frontend decides where its reader goes after a change',
        differs: JSON_ONLY,
        run: expectNoRedirect,
      }),
    ),
    {
      name: 'test_access_under_login_required_middleware',
      differs: 'a missing sign-in is 401, never 403',
      async run() {
        const user = await world.addUser()
        const body = { old_password: user.password, password: newPassword }
        const reply = await postChange(world, {}, body)
        expect([reply.answer, reply.headers.location]).toEqual([NOT_SIGNED_IN, undefined])
        await world.expectUnchanged(user)
        expect(await change(user, {})).toBe(CHANGED)
      },
    },
  ],
  'ChangePasswordTest',
)

const formCases = fromFile(
  'tests/auth_tests/test_forms.py',
  [
    { name: 'test_incorrect_password', differs: NATIVE_TEXTS, run: expectWrongOldPassword },
    { name: 'test_password_verification', differs: NATIVE_TEXTS, run: expectMismatch },
    {
      name: 'test_success',
      means: 'what follows a change follows the write alone: a refused password is no change',
      async run() {
        const user = await world.addUser()
        const { resend } = world.surroundings()
        const notices = () => resend.mails.filter(({ to }) => to[0] === user.email)
        expect(await change(user, { password: 'short' })).toMatch(/^400 /)
        await settle(world)
        expect(notices()).toEqual([])
        expect(await change(user, {})).toBe(CHANGED)
        await resend.waitForMail(() => notices().length > 0)
        await settle(world)
        expect(notices().map(({ subject }) => subject)).toEqual(['Your Rekey password was changed'])
      },
    },
    {
      name: 'test_field_order',
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
      name: 'test_password_whitespace_not_stripped',
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
  ],
  'PasswordChangeFormTest',
)

export const changeCases: readonly SeedCase[] = [...viewCases, ...formCases]
