// Django's test_views.py: asking for a link.

import { expect } from 'vitest'
import { ACCEPTED, NOT_SIGNED_IN, RESET, VALID_LINK } from '../../support/answers.ts'
import { linkMailsTo } from '../../support/links.ts'
import { linkIn } from '../../support/resend-stand-in.ts'
import { fromFile, type SeedCase } from '../case.ts'
import { postChange, withTokens } from '../change-password.ts'
import { newPassword, settle } from '../world.ts'
import { expectNoRedirect } from './django-redirects.ts'
import { check, JSON_ONLY, plainMails, reset, world } from './django-world.ts'

type Case = Omit<SeedCase, 'file'>

const SEND = 'send-reset-password-link'
const hosted = { HOSTED_PAGE: 'true' }

/** A Host that is none, as Django's suite forges it, gets no mail, and is logged. */
async function expectHostRefused(columns: object): Promise<void> {
  const user = await world.addUser({ ...columns })
  const service = await world.serve()
  const lines = service.log.lines.length
  const headers = { host: 'www.example:dr.frankenstein@evil.tld' }
  expect((await service.post(SEND, { email: user.email }, headers)).status).toBe(400)
  await service.log.waitFor(
    ({ status, cause }) => status === 400 && cause === 'the Host is none',
    lines,
  )
  await settle(world)
  expect(linkMailsTo(world.surroundings().resend, user.email)).toEqual([])
}

const resetRedirects = ['redirect_default', 'custom_redirect', 'custom_redirect_named'].map(
  (name): Case => ({
    name: `test_reset_${name}`,
    means: 'the frontend decides where its reader goes after asking',
    differs: JSON_ONLY,
    async run() {
      const { email } = await world.addUser()
      await expectNoRedirect(SEND, { email })
      await world.surroundings().resend.waitForMail(({ to }) => to[0] === email)
    },
  }),
)
const FILE = 'tests/auth_tests/test_views.py'

const urlCases: readonly Case[] = [
  {
    name: 'test_named_urls',
    means: 'every route is where its documentation says, with and without a slash behind it',
    async run() {
      const service = await world.serve()
      for (const name of [SEND, 'check-reset-link', 'reset-password']) {
        for (const route of [name, `${name}/`]) {
          expect((await service.post(route, {})).status).toBe(400)
        }
      }
      expect((await service.ask('/api/v1/accounts/password-rules/')).status).toBe(200)
    },
  },
]

const askCases: readonly Case[] = [
  {
    name: 'test_email_not_found',
    async run() {
      const page = await (await world.serve(hosted)).ask('/reset/request')
      expect(page.status).toBe(200)
      const reply = await world.expectNoMail({ email: 'not_a_real_email@email.com' }, 'no_account')
      expect(reply.answer).toBe(ACCEPTED)
    },
  },
  {
    name: 'test_email_found',
    means: 'with an empty template the mail is of text alone, as it is there by default',
    async run() {
      const mail = await world.onlyMailFor(await world.addUser(), plainMails())
      expect(linkIn(mail)).toMatch(/^https?:\/\//)
      expect(mail.from).toBe('webmaster@app.example')
      expect(mail.html).toBeUndefined()
    },
  },
  {
    name: 'test_extra_email_context',
    means: 'texts of your own and the domain of your page are in the mail',
    async run() {
      const MAIL_TEMPLATES_DIR = world.templates({
        'reset-link.text.liquid':
          'Email email context: "{{ app_name }} says hello"\n\n{{ link }}\n',
      })
      const RESET_PAGE_URL = 'https://custom.example.com/reset'
      const env = { MAIL_TEMPLATES_DIR, RESET_PAGE_URL, APP_NAME: 'Extra' }
      const mail = await world.onlyMailFor(await world.addUser(), env)
      expect(mail.text).toContain('Email email context: "Extra says hello"')
      expect(linkIn(mail)).toMatch(/^https:\/\/custom\.example\.com\/reset\?/)
    },
  },
  {
    name: 'test_html_mail_template',
    async run() {
      const { text, html } = await world.onlyMailFor(await world.addUser())
      expect(text).not.toContain('<html')
      expect(html).toContain('<html')
    },
  },
  {
    name: 'test_email_found_custom_from',
    async run() {
      const env = { MAIL_FROM: 'staffmember@example.com' }
      const mail = await world.onlyMailFor(await world.addUser(), env)
      expect(mail.from).toBe('staffmember@example.com')
    },
  },
  {
    name: 'test_poisoned_http_host',
    run: () => expectHostRefused({}),
  },
  {
    name: 'test_poisoned_http_host_admin_site',
    means: 'a member of the staff gets none of it either',
    run: () => expectHostRefused({ is_staff: true, is_superuser: true }),
  },
  ...resetRedirects,
  {
    name: 'test_missing_kwargs',
    means: 'a page whose address has not all that a link needs stops the start',
    run: () =>
      expect(
        world.serve({ RESET_PAGE_URL: 'https://app.example/reset/{user_id}' }),
      ).rejects.toThrow(/^RESET_PAGE_URL: /),
  },
  {
    name: 'test_access_under_login_required_middleware',
    means: 'nobody has to be signed in to ask for a link and to use it, where a change wants it',
    async run() {
      const user = await world.addUser()
      const link = await world.linkFor(user, withTokens)
      expect(await check(link, withTokens)).toMatch(VALID_LINK)
      expect(await reset({ ...link, password: newPassword }, withTokens)).toBe(RESET)
      expect((await postChange(world, {}, {})).answer).toBe(NOT_SIGNED_IN)
    },
  },
]

export const viewCases: readonly SeedCase[] = [
  ...fromFile(FILE, urlCases, 'AuthViewNamedURLTests'),
  ...fromFile(FILE, askCases, 'PasswordResetTest'),
]
