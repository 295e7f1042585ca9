// Django's test_views.py: the way from the request to the new password, and what can go wrong on it.

import { expect } from 'vitest'
import { takeLink } from '../../../src/page/client.ts'
import { ACCEPTED, INVALID_LINK, RESET, VALID_LINK } from '../../support/answers.ts'
import { forgedLink, type LinkValues, linkMailsTo, sealedLink } from '../../support/links.ts'
import { linkIn } from '../../support/resend-stand-in.ts'
import { startService, type TestService } from '../../support/service.ts'
import { createSurroundings } from '../../support/surroundings.ts'
import { addUser, createUsers, type IdType, type StoredUser } from '../../support/users.ts'
import type { SeedCase } from '../case.ts'
import { newPassword, settle } from '../world.ts'
import { check, expectDead, plainMails, reset, world } from './django-world.ts'

const SEND = 'send-reset-password-link'
const hosted = { HOSTED_PAGE: 'true' }

const tampered = (link: LinkValues): LinkValues => {
  const signature = link.signature.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'))
  return { ...link, signature }
}

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

/** Where Django's form would send a browser on, Rekey answers JSON, and refuses the form. */
async function expectNoRedirect(route: string, body: Record<string, string>): Promise<void> {
  const service = await world.serve()
  const headers = { 'content-type': 'application/x-www-form-urlencoded' }
  const form = await service.post(route, String(new URLSearchParams(body)), headers)
  const json = await service.post(route, body)
  expect([form.status, json.status]).toEqual([415, 200])
  expect([form.headers.location, json.headers.location]).toEqual([undefined, undefined])
}

const redirects = (name: string): SeedCase[] => [
  {
    name: `test_reset_redirect_${name}`,
    means: 'the frontend decides where its reader goes after asking',
    differs: 'json only',
    async run() {
      const { email } = await world.addUser()
      await expectNoRedirect(SEND, { email })
      await world.surroundings().resend.waitForMail(({ to }) => to[0] === email)
    },
  },
  {
    name: `test_confirm_redirect_${name}`,
    means: 'the frontend decides where its reader goes after the reset',
    differs: 'json only',
    async run() {
      const link = await world.linkFor(await world.addUser())
      await expectNoRedirect('reset-password', { ...link, password: newPassword })
    },
  },
]

const signIns = ['', '_custom_backend', '_already_logged_in'].map(
  (name): SeedCase => ({
    name: `test_confirm_login_post_reset${name}`,
    means: 'a reset signs nobody in: no cookie, no session, no last login',
    differs: 'a reset signs nobody in',
    async run() {
      const user = await world.addUser()
      const body = { ...(await world.linkFor(user)), password: newPassword }
      const headers = { cookie: 'sessionid=of-somebody' }
      const reply = await (await world.serve()).post('reset-password', body, headers)
      expect(reply.answer).toBe(RESET)
      expect(reply.headers).not.toHaveProperty('set-cookie')
      const { sql } = world.surroundings().database
      const [row] = await sql`select last_login from auth_user where id = ${user.id}`
      expect(row).toEqual({ last_login: null })
    },
  }),
)

/** A users table of another shape, and Rekey beside it. */
async function withUsers(
  idType: IdType,
  work: (service: TestService, user: StoredUser) => Promise<void>,
): Promise<void> {
  const surroundings = await createSurroundings()
  await createUsers(surroundings.database.sql, idType)
  const service = await startService(surroundings)
  await work(service, await addUser(surroundings.database.sql))
  await service.stop()
  await surroundings.end()
}

async function expectFullFlow(service: TestService, { email }: StoredUser): Promise<void> {
  const { url: _, ...link } = await service.mailedLink(email)
  expect((await service.post('check-reset-link', link)).answer).toMatch(VALID_LINK)
  const { answer } = await service.post('reset-password', { ...link, password: newPassword })
  expect(answer).toBe(RESET)
}

export const viewCases: readonly SeedCase[] = [
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
      const mail = await world.mailFor(await world.addUser(), plainMails())
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
      const mail = await world.mailFor(await world.addUser(), env)
      expect(mail.text).toContain('Email email context: "Extra says hello"')
      expect(linkIn(mail)).toMatch(/^https:\/\/custom\.example\.com\/reset\?/)
    },
  },
  {
    name: 'test_html_mail_template',
    async run() {
      const { text, html } = await world.mailFor(await world.addUser())
      expect(text).not.toContain('<html')
      expect(html).toContain('<html')
    },
  },
  {
    name: 'test_email_found_custom_from',
    async run() {
      const env = { MAIL_FROM: 'staffmember@example.com' }
      const mail = await world.mailFor(await world.addUser(), env)
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
  {
    name: 'test_confirm_valid',
    means: 'the page of the link is there, and the link is good',
    async run() {
      const env = { ...hosted, RESET_PAGE_URL: 'https://app.example/reset/' }
      const mail = await world.mailFor(await world.addUser(), env)
      const { pathname, search, searchParams } = new URL(linkIn(mail))
      const page = await (await world.serve(env)).ask(pathname + search)
      expect([page.status, page.text]).toEqual([200, expect.stringContaining('new password')])
      expect(await check(Object.fromEntries(searchParams), env)).toMatch(VALID_LINK)
    },
  },
  {
    name: 'test_confirm_invalid',
    async run() {
      await expectDead(tampered(await world.linkFor(await world.addUser())))
    },
  },
  {
    name: 'test_confirm_invalid_user',
    async run() {
      await expectDead(forgedLink('123456'))
      const link = await world.linkFor(await world.addUser())
      await expectDead({ ...link, user_id: '123456' })
    },
  },
  {
    name: 'test_confirm_overflow_user',
    async run() {
      await expectDead(forgedLink('9'.repeat(40)))
      await expectDead({ ...forgedLink(), user_id: 'zzzzzzzzzzzzz' })
    },
  },
  {
    name: 'test_confirm_invalid_post',
    async run() {
      const user = await world.addUser()
      const link = tampered(await world.linkFor(user))
      expect(await reset({ ...link, password: newPassword })).toBe(INVALID_LINK)
      await world.expectUnchanged(user)
    },
  },
  {
    name: 'test_confirm_invalid_hash',
    async run() {
      const user = await world.addUser()
      const { user_id, timestamp } = await world.linkFor(user)
      const body = { user_id, timestamp, signature: '0'.repeat(43), password: newPassword }
      expect(await reset(body)).toBe(INVALID_LINK)
      await world.expectUnchanged(user)
    },
  },
  {
    name: 'test_confirm_complete',
    async run() {
      const user = await world.addUser()
      const link = await world.linkFor(user)
      expect(await reset({ ...link, password: newPassword })).toBe(RESET)
      await world.expectPassword(user, newPassword)
      await expectDead(link)
    },
  },
  {
    name: 'test_confirm_different_passwords',
    async run() {
      const user = await world.addUser()
      const passwords = { password: 'anewpassword', password_confirm: 'x' }
      const answer = await reset({ ...(await world.linkFor(user)), ...passwords })
      expect(answer).toBe('400 {"password_confirm":["Passwords don\'t match"]}')
      await world.expectUnchanged(user)
    },
  },
  ...['default', 'custom', 'custom_named'].flatMap(redirects),
  {
    name: 'test_confirm_custom_reset_url_token',
    means:
      'the link can have any shape that the page wants, the token as the last part of a path too',
    async run() {
      const env = { RESET_PAGE_URL: 'https://app.example/reset/custom/{token}' }
      const mail = await world.mailFor(await world.addUser(), env)
      const [, token = ''] =
        /^https:\/\/app\.example\/reset\/custom\/(\S+)$/.exec(linkIn(mail)) ?? []
      expect(await check({ token }, env)).toMatch(VALID_LINK)
      expect(await reset({ token, password: newPassword }, env)).toBe(RESET)
    },
  },
  {
    name: 'test_confirm_custom_reset_url_token_link_redirects_to_set_password_page',
    means: 'a link of any shape leaves the address bar of the page',
    async run() {
      const env = { RESET_PAGE_URL: 'https://app.example/reset/custom#token={token}' }
      const mail = await world.mailFor(await world.addUser(), env)
      const { link, left } = takeFrom(linkIn(mail))
      expect(left).toBe('https://app.example/reset/custom')
      expect(await check(link ?? {}, env)).toMatch(VALID_LINK)
    },
  },
  ...signIns,
  {
    name: 'test_confirm_display_user_from_form',
    differs: 'no user details',
    async run() {
      const user = await world.addUser({ username: 'nobody-hears-of', first_name: 'Nobodyhears' })
      const link = await world.linkFor(user)
      const service = await world.serve()
      const { text } = await service.post('check-reset-link', link)
      expect(Object.keys(JSON.parse(text))).toEqual(['detail', 'expires_at'])
      const refused = await service.post('check-reset-link', tampered(link))
      for (const known of [user.username, user.email, 'Nobodyhears']) {
        expect(text + refused.text).not.toContain(known)
      }
    },
  },
  {
    name: 'test_confirm_link_redirects_to_set_password_page',
    means: 'the link leaves the address bar of the page, and is kept by the page alone',
    async run() {
      const mail = await world.mailFor(await world.addUser())
      const { link, left } = takeFrom(linkIn(mail))
      expect(left).toBe('https://app.example/reset')
      expect(await check(link ?? {})).toMatch(VALID_LINK)
    },
  },
  {
    name: 'test_invalid_link_if_going_directly_to_the_final_reset_password_url',
    means: 'without the values of a link there is nothing to set',
    async run() {
      expect(await reset({ password: newPassword })).toMatch(/^400 \{"user_id":\["This field is/)
    },
  },
  {
    name: 'CustomUserPasswordResetTest.test_confirm_valid_custom_user',
    run: () => withUsers('integer', expectFullFlow),
  },
  {
    name: 'UUIDUserPasswordResetTest.test_confirm_valid_custom_user',
    run: () => withUsers('uuid', expectFullFlow),
  },
  {
    name: 'UUIDUserPasswordResetTest.test_confirm_invalid_uuid',
    means: 'a uid that is no id of this table is an invalid link, though the seal were genuine',
    run: () =>
      withUsers('uuid', async (service, user) => {
        const link = sealedLink({ ...user, id: 'not-a-uuid' })
        const { answer } = await service.post('reset-password', { ...link, password: newPassword })
        expect(answer).toBe(INVALID_LINK)
      }),
  },
]

/** Takes the link out of an address bar, as the page does. */
function takeFrom(href: string): { link: object | undefined; left: string } {
  let left = href
  const history = {
    state: null,
    replaceState: (_state: unknown, _unused: string, url: string) => {
      left = url
    },
  }
  return { link: takeLink({ href }, history), left }
}
