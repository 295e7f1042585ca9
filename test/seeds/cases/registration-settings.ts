// django-rest-registration's test_checks.py and test_email.py: which settings it refuses to start with.

import { expect } from 'vitest'
import { runRekey } from '../../support/rekey-process.ts'
import type { SeedCase } from '../case.ts'
import { englishWithSubject } from '../world.ts'
import { world } from './registration-world.ts'

type Variables = Readonly<Record<string, string>>

async function expectStart(env: Variables = {}): Promise<void> {
  expect((await (await world.serve(env)).ask('/readyz')).status).toBe(200)
}

async function expectFault(env: Variables, fault: RegExp): Promise<void> {
  await expect(world.serve(env)).rejects.toThrow(fault)
}

/** Two users have one address, and each gets a mail. */
async function expectMailForEach(env: Variables): Promise<void> {
  const first = await world.addUser()
  const second = await world.addUser({ email: first.email })
  const service = await world.serve(env)
  const { resend } = world.surroundings()
  const { status } = await service.post('send-reset-password-link', { email: first.email })
  expect(status).toBe(200)
  for (const { id } of [first, second]) {
    await resend.waitForMail(({ text }) => text?.includes(`user_id=${id}&`) ?? false)
  }
}

const text = 'Text: {{ link }}\n'
const html = '<p>HTML: <a href="{{ link }}">{{ link }}</a></p>\n'
const noHtml = ''
const ownTemplates: readonly (readonly [string, Variables])[] = [
  [
    'both html and text body template',
    { 'reset-link.text.liquid': text, 'reset-link.html.liquid': html },
  ],
  ['html body template only', { 'reset-link.html.liquid': html }],
  ['text body template only', { 'reset-link.text.liquid': text, 'reset-link.html.liquid': noHtml }],
  [
    'default text body template',
    { 'reset-link.text.liquid': text, 'reset-link.html.liquid': noHtml },
  ],
  ['default html body template', { 'reset-link.html.liquid': html }],
]
const brokenTemplates: readonly (readonly [string, Variables, RegExp])[] = [
  ['missing subject and body', { 'locales/en.json': '{}' }, /en\.json/],
  ['invalid subject, missing body', { 'locales/en.json': englishWithSubject('') }, /en\.json/],
  [
    'invalid subject and body',
    { 'locales/en.json': englishWithSubject('blah'), 'reset-link.text.liquid': 'blah' },
    /en\.json|reset-link\.text\.liquid/,
  ],
]

export const settingCases: readonly SeedCase[] = [
  {
    name: 'test_fail_when_default',
    means: 'without a single variable the start names each that is required',
    async run() {
      const { status, errors } = await runRekey(['serve'], {}).ended
      expect(status).toBe(78)
      for (const name of ['DATABASE_URL', 'LINK_SECRETS', 'RESET_PAGE_URL', 'MAIL_FROM']) {
        expect(errors).toContain(`${name}: is required`)
      }
    },
  },
  {
    name: 'test_ok_when_minimal_setup',
    means: 'the variables that are required are enough',
    run: () => expectStart(),
  },
  {
    name: 'test_ok_when_no_templates_minimal_setup',
    means: 'no template has to be provided',
    run: () => expectStart({ MAIL_TEMPLATES_DIR: '' }),
  },
  {
    name: 'test_ok_when_preferred_setup',
    means: 'page, sender and an empty directory for templates are a setup',
    run: () => expectStart({ MAIL_TEMPLATES_DIR: world.templates({}) }),
  },
  {
    name: 'test_fail_when_no_templates_preferred_setup',
    means: 'a directory of templates that is not there stops the start',
    run: () =>
      expectFault({ MAIL_TEMPLATES_DIR: '/no/such/directory' }, /MAIL_TEMPLATES_DIR: must be/),
  },
  {
    name: 'test_checks_preferred_setup_missing_sender_email',
    means: 'without a sender it does not start',
    run: () => expectFault({ MAIL_FROM: '' }, /^MAIL_FROM: is required$/m),
  },
  {
    name: 'test_checks_one_verification_url_missing_sender_email',
    means: 'without a sender it does not start, and that is the one fault named',
    run: () => expectFault({ MAIL_FROM: '' }, /^MAIL_FROM: is required$/),
  },
  {
    name: 'test_checks_invalid_reset_password_verification_email_templates_config',
    means: 'a template that is broken stops the start, by its file',
    run: () =>
      expectFault(
        { MAIL_TEMPLATES_DIR: world.templates({ 'reset-link.text.liquid': '{% if %}' }) },
        /reset-link\.text\.liquid/,
      ),
  },
  {
    name: 'test_fail_when_send_reset_password_link_serializer_uses_non_unique_email',
    differs: 'several rows with one address',
    run: () => expectMailForEach({}),
  },
  {
    name: 'test_when_one_unique_login_field_then_check_succeeds',
    run: () => expectStart({ USERS_LOGIN_COLUMNS: 'username' }),
  },
  {
    name: 'test_when_one_non_unique_login_field_then_check_fails',
    differs: 'several rows with one address',
    run: () => expectMailForEach({ USERS_LOGIN_COLUMNS: 'email' }),
  },
  {
    name: 'test_ok_when_one_non_unique_login_field_but_check_disabled',
    run: () => expectStart({ USERS_LOGIN_COLUMNS: 'email' }),
  },
  {
    name: 'test_when_one_non_unique_login_field_in_many_then_check_fails',
    differs: 'several rows with one address',
    run: () => expectMailForEach({ USERS_LOGIN_COLUMNS: 'username,email' }),
  },
  ...ownTemplates.map(
    ([id, files]): SeedCase => ({
      name: `test_parse_template_config_ok [${id}]`,
      means:
        'the parts that are yours are mailed, and ours where you have none; an empty one of HTML is left out',
      async run() {
        const env = { MAIL_TEMPLATES_DIR: world.templates(files) }
        const mail = await world.mailFor(await world.addUser(), env)
        const [link = ''] = /https:\S+/.exec(mail.text ?? '') ?? []
        const isOurs = (name: string) => !Object.hasOwn(files, name)
        expect(mail.text?.startsWith('Hello')).toBe(isOurs('reset-link.text.liquid'))
        if (files['reset-link.html.liquid'] === noHtml) expect(mail.html).toBeUndefined()
        else {
          expect(mail.html?.startsWith('<!DOCTYPE')).toBe(isOurs('reset-link.html.liquid'))
          expect(mail.html).toContain(link.replaceAll('&', '&amp;'))
        }
      },
    }),
  ),
  ...brokenTemplates.map(
    ([id, files, fault]): SeedCase => ({
      name: `test_parse_template_config_fail [${id}]`,
      means: 'a mail that would lack a subject, or its link, stops the start',
      run: () => expectFault({ MAIL_TEMPLATES_DIR: world.templates(files) }, fault),
    }),
  ),
]
