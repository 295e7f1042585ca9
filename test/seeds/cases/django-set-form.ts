// Django's test_forms.py: what a new password has to be.

import { expect } from 'vitest'
import { RESET } from '../../support/answers.ts'
import { fromFile } from '../case.ts'
import { withHook } from '../host.ts'
import { newPassword, settle } from '../world.ts'
import { NATIVE_TEXTS, reset, world } from './django-world.ts'

const FILE = 'tests/auth_tests/test_forms.py'

const hosted = { HOSTED_PAGE: 'true' }
const linkedPage = async () =>
  `/reset/?${new URLSearchParams({ ...(await world.linkFor(await world.addUser(), hosted)) })}`

/** What the fields of a hosted page tell a password manager. */
export async function expectAutocomplete(path: string, expected: readonly string[]): Promise<void> {
  const { text } = await (await world.serve(hosted)).ask(path)
  const found = [...text.matchAll(/autocomplete="([^"]+)"/g)].map(([, value]) => value)
  expect(found).toEqual(expected)
}
export const FILLED_IN = 'the fields of the hosted page say what a password manager is to fill in'

export const setFormCases = fromFile(
  FILE,
  [
    {
      name: 'test_password_verification',
      differs: NATIVE_TEXTS,
      async run() {
        const passwords = { password: 'abc123', password_confirm: 'abc' }
        const answer = await reset({
          ...(await world.linkFor(await world.addUser())),
          ...passwords,
        })
        expect(answer).toBe('400 {"password_confirm":["Passwords don\'t match"]}')
      },
    },
    {
      name: 'test_success',
      means: 'what follows a change follows the write alone: a refused password is no change',
      async run() {
        const user = await world.addUser()
        const { resend } = world.surroundings()
        const link = await world.linkFor(user)
        const notices = () => resend.mails.filter(({ to }) => to[0] === user.email).slice(1)
        expect(await reset({ ...link, password: 'short' })).toMatch(/^400 /)
        await settle(world)
        expect(notices()).toEqual([])
        expect(await reset({ ...link, password: newPassword })).toBe(RESET)
        await resend.waitForMail(() => notices().length > 0)
        await settle(world)
        expect(notices().map(({ subject }) => subject)).toEqual(['Your Rekey password was changed'])
      },
    },
    {
      name: 'test_validates_password',
      async run() {
        const env = { PASSWORD_MIN_LENGTH: '12' }
        const user = await world.addUser({ username: 'testclient' })
        const link = await world.linkFor(user, env)
        const texts = [
          'The password is too similar to the username.',
          'This password is too short. It must contain at least 12 characters.',
        ]
        for (const more of [{}, { usable_password: 'false' }]) {
          const answer = await reset({ ...link, password: 'testclient', ...more }, env)
          expect(answer).toBe(`400 ${JSON.stringify({ password: texts })}`)
        }
        await world.expectUnchanged(user)
      },
    },
    {
      name: 'test_no_password',
      async run() {
        const env = { REQUIRE_PASSWORD_CONFIRM: 'true' }
        const link = await world.linkFor(await world.addUser(), env)
        // Field.default_error_messages["required"] of Django's forms.
        const required = ['This field is required.']
        const half = await reset({ ...link, password: 'new-password' }, env)
        expect(half).toBe(`400 ${JSON.stringify({ password_confirm: required })}`)
        const none = { password: required, password_confirm: required }
        expect(await reset(link, env)).toBe(`400 ${JSON.stringify(none)}`)
      },
    },
    {
      name: 'test_password_extra_validations',
      differs: 'hooks run after the password rules',
      means: 'a hook before the reset, in code, refuses a password in its own words',
      async run() {
        const refuse = async () => 'Extra validation for new_password1.'
        const env = { USERS_PRESET: 'django' }
        await withHook(world.surroundings(), env, refuse, async (host) => {
          const user = await world.addUser()
          const link = await world.linkFor(user)
          const answerTo = async (password: string) =>
            (await host.post('reset-password', { ...link, password })).answer
          const short = 'This password is too short. It must contain at least 8 characters.'
          const rules = { password: [short, 'This password is too common.'] }
          expect(await answerTo('abc')).toBe(`400 ${JSON.stringify(rules)}`)
          const extra = { password: ['Extra validation for new_password1.'] }
          expect(await answerTo('abc and much more')).toBe(`400 ${JSON.stringify(extra)}`)
          await world.expectUnchanged(user)
        })
      },
    },
    {
      name: 'test_password_whitespace_not_stripped',
      async run() {
        const user = await world.addUser()
        const password = '   password   with   blanks   '
        const passwords = { password, password_confirm: password }
        expect(await reset({ ...(await world.linkFor(user)), ...passwords })).toBe(RESET)
        await world.expectPassword(user, password)
      },
    },
    {
      name: 'test_html_autocomplete_attributes',
      means: FILLED_IN,
      run: async () => expectAutocomplete(await linkedPage(), ['new-password', 'new-password']),
    },
  ],
  'SetPasswordFormTest',
)
