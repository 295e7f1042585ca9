// Django's test_templates.py: what its pages are called. Rekey's hosted pages have words of their own, so
// it is the form of a title that is compared: the heading, and that of a page with faults after `Error: `.

import { expect } from 'vitest'
import type { Asked, Reply } from '../../support/client.ts'
import { forgedLink } from '../../support/links.ts'
import { fromFile, type SeedCase } from '../case.ts'
import { newPassword } from '../world.ts'
import { world } from './django-world.ts'

const hosted = { HOSTED_PAGE: 'true' }

const ask = async (path: string, asked?: Asked): Promise<Reply> =>
  (await world.serve(hosted)).ask(`/reset/${path}`, asked)

/** Posts a form as a browser does, and goes where it is sent on. */
async function post(path: string, fields: Readonly<Record<string, string>>): Promise<Reply> {
  const reply = await ask(path, {
    method: 'POST',
    body: String(new URLSearchParams(fields)),
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'sec-fetch-site': 'same-origin',
    },
  })
  const { location } = reply.headers
  return location === undefined ? reply : ask(location.replace('/reset/', ''))
}

/** Expects that a page is called by its heading, and that the heading is this one. */
function expectPage({ text }: Reply, heading: string, error = ''): void {
  expect(/<h1>(.*?)<\/h1>/.exec(text)?.[1]).toBe(heading)
  expect(/<title>(.*?) – Rekey<\/title>/.exec(text)?.[1]).toBe(error + heading)
}

async function expectNoUser(): Promise<void> {
  const user = await world.addUser({ first_name: 'Nobodyhears' })
  const link = await world.linkFor(user, hosted)
  const page = await ask(`?${new URLSearchParams({ ...link })}`)
  expectPage(page, 'Choose a new password')
  for (const known of [user.username, user.email, 'Nobodyhears', 'autocomplete="username"']) {
    expect(page.text).not.toContain(known)
  }
}

export const templateCases: readonly SeedCase[] = fromFile(
  'tests/auth_tests/test_templates.py',
  [
    {
      name: 'test_password_reset_view',
      means: 'the page on which a link is asked for',
      run: async () => expectPage(await ask('request'), 'Forgot your password?'),
    },
    {
      name: 'test_password_reset_view_error_title',
      means: 'the same, with nothing typed in',
      run: async () => expectPage(await post('request', {}), 'Forgot your password?', 'Error: '),
    },
    {
      name: 'test_password_reset_done_view',
      means: 'what follows it',
      run: async () =>
        expectPage(await post('request', { email: 'nobody@example.com' }), 'Check your mail'),
    },
    {
      name: 'test_password_reset_confirm_view_invalid_token',
      means: 'a link that is none',
      run: async () =>
        expectPage(
          await ask(`?${new URLSearchParams({ ...forgedLink() })}`),
          'This link is not complete',
        ),
    },
    {
      name: 'test_password_reset_confirm_view_valid_token',
      differs: 'no user details from validate_token',
      means: 'the page of a good link, which does not say whose it is',
      run: expectNoUser,
    },
    {
      name: 'test_password_reset_confirm_view_error_title',
      means: 'the same, with nothing typed in',
      async run() {
        const link = await world.linkFor(await world.addUser(), hosted)
        expectPage(await post('password', { ...link }), 'Choose a new password', 'Error: ')
      },
    },
    {
      name: 'test_password_reset_confirm_view_custom_username_hint',
      differs: 'no user details from validate_token',
      means: 'nor does it for any other kind of user',
      run: expectNoUser,
    },
    {
      name: 'test_password_reset_complete_view',
      means: 'what follows a reset',
      async run() {
        const link = await world.linkFor(await world.addUser(), hosted)
        const passwords = { password: newPassword, password_confirm: newPassword }
        expectPage(await post('password', { ...link, ...passwords }), 'Your password is changed')
      },
    },
  ],
  'AuthTemplateTests',
)
