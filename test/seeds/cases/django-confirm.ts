// Django's test_views.py: the way from the mailed link to the new password.

import { expect } from 'vitest'
import { takeLink } from '../../../src/page/client.ts'
import { INVALID_LINK, RESET, VALID_LINK } from '../../support/answers.ts'
import { forgedLink, type LinkValues } from '../../support/links.ts'
import { linkIn } from '../../support/resend-stand-in.ts'
import { fromFile, type SeedCase } from '../case.ts'
import { newPassword } from '../world.ts'
import { expectNoRedirect } from './django-redirects.ts'
import { userModelCases } from './django-user-models.ts'
import {
  check,
  expectAlive,
  expectDead,
  JSON_ONLY,
  NATIVE_TEXTS,
  reset,
  world,
} from './django-world.ts'

type Case = Omit<SeedCase, 'file'>

const FILE = 'tests/auth_tests/test_views.py'
const hosted = { HOSTED_PAGE: 'true' }

const tampered = (link: LinkValues): LinkValues => {
  const signature = link.signature.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'))
  return { ...link, signature }
}

const confirmRedirects = ['default', 'custom', 'custom_named'].map(
  (name): Case => ({
    name: `test_confirm_redirect_${name}`,
    means: 'the frontend decides where its reader goes after the reset',
    differs: JSON_ONLY,
    async run() {
      const link = await world.linkFor(await world.addUser())
      await expectNoRedirect('reset-password', { ...link, password: newPassword })
    },
  }),
)

const signIns = ['', '_custom_backend', '_already_logged_in'].map(
  (name): Case => ({
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

const linkCases: readonly Case[] = [
  {
    name: 'test_confirm_valid',
    means: 'the page of the link is there, and the link is good',
    async run() {
      const env = { ...hosted, RESET_PAGE_URL: 'https://app.example/reset/' }
      const mail = await world.onlyMailFor(await world.addUser(), env)
      const { pathname, search, searchParams } = new URL(linkIn(mail))
      const page = await (await world.serve(env)).ask(pathname + search)
      expect([page.status, page.text]).toEqual([200, expect.stringContaining('new password')])
      expect(await check(Object.fromEntries(searchParams), env)).toMatch(VALID_LINK)
    },
  },
  {
    name: 'test_confirm_invalid',
    async run() {
      const link = await world.linkFor(await world.addUser())
      await expectAlive(link)
      await expectDead(tampered(link))
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
    differs: NATIVE_TEXTS,
    async run() {
      const user = await world.addUser()
      const passwords = { password: 'anewpassword', password_confirm: 'x' }
      const answer = await reset({ ...(await world.linkFor(user)), ...passwords })
      expect(answer).toBe('400 {"password_confirm":["Passwords don\'t match"]}')
      await world.expectUnchanged(user)
    },
  },
  ...confirmRedirects,
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
    differs: 'no user details from validate_token',
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
]

export const confirmCases: readonly SeedCase[] = [
  ...fromFile(FILE, linkCases, 'PasswordResetTest'),
  ...userModelCases,
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
