// django-rest-registration's test_send_reset_password_link.py.

import { expect } from 'vitest'
import { ACCEPTED, INVALID_LINK, RESET, SENT, VALID_LINK } from '../../support/answers.ts'
import { linkMailsTo } from '../../support/links.ts'
import type { ReceivedMail } from '../../support/resend-rules.ts'
import { linkIn } from '../../support/resend-stand-in.ts'
import { seconds } from '../../support/seconds.ts'
import { fromFile, type SeedCase } from '../case.ts'
import { type DjangoUser, englishWithSubject, newPassword, settle } from '../world.ts'
import { NOBODY, silent, world } from './registration-world.ts'

const ROUTE = 'send-reset-password-link'

/** Asks, and expects the one mail that the suite expects, with a link that works. */
async function expectLink(
  user: DjangoUser,
  body: object,
  { env = {}, answer = SENT, userId = user.id } = {},
): Promise<ReceivedMail> {
  const service = await world.serve(env)
  const start = seconds()
  expect((await service.post(ROUTE, body)).answer).toBe(answer)
  await world.surroundings().resend.waitForMail(({ to }) => to[0] === user.email)
  await settle(world, env)
  const [mail, ...others] = linkMailsTo(world.surroundings().resend, user.email)
  if (!mail) throw new Error('no mail')
  expect(others).toEqual([])
  expect([mail.from, mail.to]).toEqual(['no-reply@example.com', [user.email]])
  const { origin, pathname, searchParams } = new URL(linkIn(mail))
  expect(origin + pathname).toBe('https://app.example/reset-password/')
  const values = Object.fromEntries(searchParams)
  expect(Object.keys(values).sort()).toEqual(['signature', 'timestamp', 'user_id'])
  expect(values['user_id']).toBe(userId)
  expect(Number(values['timestamp'])).toBeGreaterThanOrEqual(start)
  expect(Number(values['timestamp'])).toBeLessThanOrEqual(seconds())
  expect((await service.post('check-reset-link', values)).answer).toMatch(VALID_LINK)
  return mail
}

/** With columns that do not have what somebody types, nobody is found. */
async function expectNobody(user: DjangoUser, columns: string): Promise<void> {
  const env = { USERS_LOGIN_COLUMNS: columns }
  const reply = await world.expectNoMail({ login: user.username }, 'no_account', env)
  expect(reply.answer).toBe(NOBODY)
}

const FILE = 'tests/unit_tests/api/views/reset_password/test_send_reset_password_link.py'

export const sendLinkCases: readonly SeedCase[] = fromFile(FILE, [
  {
    name: 'test_send_link_ok',
    async run() {
      const user = await world.addUser()
      await expectLink(user, { login: user.username })
    },
  },
  {
    name: 'test_send_link_with_username_as_verification_id_ok',
    async run() {
      const user = await world.addUser({ username: 'as-an-id' })
      const env = { USERS_ID_COLUMN: 'username' }
      await expectLink(user, { login: user.username }, { env, userId: user.username })
    },
  },
  {
    name: 'test_send_link_but_email_not_in_login_fields',
    differs: '`login` is an address first',
    async run() {
      const user = await world.addUser()
      await expectLink(user, { login: user.email })
    },
  },
  {
    name: 'test_send_link_via_login_username_ok',
    async run() {
      const user = await world.addUser()
      await expectNobody(user, 'email')
      const env = { USERS_LOGIN_COLUMNS: 'username,email' }
      await expectLink(user, { login: user.username }, { env })
    },
  },
  {
    name: 'test_send_link_via_login_email_ok',
    async run() {
      const user = await world.addUser()
      const env = { USERS_LOGIN_COLUMNS: 'username,email' }
      await expectLink(user, { login: user.email }, { env })
    },
  },
  {
    name: 'test_send_link_via_email_ok',
    async run() {
      const user = await world.addUser()
      await expectLink(user, { email: user.email })
    },
  },
  {
    name: 'test_send_link_unverified_user',
    async run() {
      const user = await world.addUser({ is_active: false })
      await expectLink(user, { login: user.username })
    },
  },
  {
    name: 'test_send_link_unverified_user_one_time_use',
    means: 'links are single use without a setting, of those who are not verified too',
    async run() {
      const user = await world.addUser({ is_active: false })
      const mail = await expectLink(user, { login: user.username })
      const link = Object.fromEntries(new URL(linkIn(mail)).searchParams)
      const service = await world.serve()
      for (const answer of [RESET, INVALID_LINK]) {
        const body = { ...link, password: newPassword }
        expect((await service.post('reset-password', body)).answer).toBe(answer)
      }
    },
  },
  {
    name: 'test_send_link_invalid_login',
    async run() {
      const { username } = await world.addUser()
      const reply = await world.expectNoMail({ login: `${username}b` }, 'no_account')
      expect(reply.answer).toBe(NOBODY)
    },
  },
  {
    name: 'test_when_duplicated_email_then_send_link_via_login_successful',
    async run() {
      const user = await world.addUser()
      await world.addUser({ email: user.email })
      await expectLink(user, { login: user.username })
    },
  },
  {
    name: 'test_when_no_user_reveal_then_send_link_successful',
    async run() {
      const user = await world.addUser()
      await expectLink(user, { login: user.username }, { env: silent, answer: ACCEPTED })
    },
  },
  {
    name: 'test_when_no_user_reveal_and_user_not_found_then_send_link_successful',
    async run() {
      const reply = await world.expectNoMail({ login: 'ninja' }, 'no_account', silent)
      expect(reply.answer).toBe(ACCEPTED)
    },
  },
  {
    name: 'test_ok_when_custom_verification_templates_selector',
    means: 'files in MAIL_TEMPLATES_DIR take the place of the mail',
    async run() {
      const user = await world.addUser()
      const MAIL_TEMPLATES_DIR = world.templates({
        'reset-link.text.liquid': 'Click URL to verify:\n\n{{ link }}\n',
        'locales/en.json': englishWithSubject('Generic {app} link was sent'),
      })
      const env = { MAIL_TEMPLATES_DIR, APP_NAME: 'verification' }
      const mail = await expectLink(user, { login: user.username }, { env })
      expect(mail.subject).toBe('Generic verification link was sent')
      expect(mail.text).toMatch(/^Click URL to verify:/)
    },
  },
])
