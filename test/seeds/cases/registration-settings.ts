// django-rest-registration's test_checks.py, test_email.py and the doctest of email.py: which settings it
// refuses to start with, and which parts a mail has.

import { expect } from 'vitest'
import { SENT } from '../../support/answers.ts'
import { runRekey } from '../../support/rekey-process.ts'
import { fromFile, type SeedCase } from '../case.ts'
import { type DjangoUser, englishWithSubject } from '../world.ts'
import { world } from './registration-world.ts'

type Variables = Readonly<Record<string, string>>

async function expectStart(env: Variables = {}): Promise<void> {
  expect((await (await world.serve(env)).ask('/readyz')).status).toBe(200)
}

async function expectFault(env: Variables, fault: RegExp): Promise<void> {
  await expect(world.serve(env)).rejects.toThrow(fault)
}

/** Several users have what is asked for, and each gets one mail. */
async function expectMailForEach(
  users: readonly DjangoUser[],
  body: object,
  env: Variables,
): Promise<void> {
  const { resend } = world.surroundings()
  const mailed = ({ id }: DjangoUser) =>
    resend.mails.filter(({ text }) => text?.includes(`user_id=${id}&`))
  const service = await world.serve(env)
  expect((await service.post('send-reset-password-link', body)).answer).toBe(SENT)
  for (const user of users) await resend.waitForMail(() => mailed(user).length > 0)
  const other = `other than ${users[0]?.id}`
  await world.mailFor(await world.addUser({ username: other, first_name: other }), env)
  expect(users.map((user) => mailed(user).length)).toEqual(users.map(() => 1))
}

const NEVER_FAIL = 'several rows with one address never fail'

/** The column that is no unique one has the same of two users, and finds both. */
async function expectColumnFindsBoth(columns: string): Promise<void> {
  const shared = `Shared ${columns}`
  const users = [
    await world.addUser({ first_name: shared }),
    await world.addUser({ first_name: shared }),
  ]
  await expectMailForEach(users, { login: shared }, { USERS_LOGIN_COLUMNS: columns })
}

const text = 'Text: {{ link }}\n'
const html = '<p>HTML: <a href="{{ link }}">{{ link }}</a></p>\n'
const noHtml = ''
const textAlone = { 'reset-link.text.liquid': text, 'reset-link.html.liquid': noHtml }
const ownTemplates: readonly (readonly [string, Variables])[] = [
  [
    'both html and text body template',
    { 'reset-link.text.liquid': text, 'reset-link.html.liquid': html },
  ],
  ['text body template only', textAlone],
  ['default text body template', textAlone],
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

async function expectParts(files: Variables): Promise<void> {
  const mail = await world.mailFor(await world.addUser(), {
    MAIL_TEMPLATES_DIR: world.templates(files),
  })
  const [link = ''] = /https:\S+/.exec(mail.text ?? '') ?? []
  expect(mail.text).toBe(text.replace('{{ link }}', link))
  if (files['reset-link.html.liquid'] === noHtml) expect(mail.html).toBeUndefined()
  else expect(mail.html).toContain(`<p>HTML: <a href="${link.replaceAll('&', '&amp;')}">`)
}

const checkCases = fromFile('tests/unit_tests/test_checks.py', [
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
    // Its settings break the templates of reset links alone, whatever its name says.
    name: 'test_checks_invalid_register_email_verification_email_templates_config',
    means: 'a mail without its words stops the start',
    run: () =>
      expectFault({ MAIL_TEMPLATES_DIR: world.templates({ 'locales/en.json': '{}' }) }, /en\.json/),
  },
  {
    name: 'test_fail_when_send_reset_password_link_serializer_uses_non_unique_email',
    differs: NEVER_FAIL,
    async run() {
      const first = await world.addUser()
      const users = [first, await world.addUser({ email: first.email })]
      await expectMailForEach(users, { email: first.email }, {})
    },
  },
  {
    name: 'test_when_one_unique_login_field_then_check_succeeds',
    run: () => expectStart({ USERS_LOGIN_COLUMNS: 'username' }),
  },
  {
    name: 'test_when_one_non_unique_login_field_then_check_fails',
    differs: NEVER_FAIL,
    run: () => expectColumnFindsBoth('first_name'),
  },
  {
    name: 'test_ok_when_one_non_unique_login_field_but_check_disabled',
    run: () => expectStart({ USERS_LOGIN_COLUMNS: 'last_name' }),
  },
  {
    name: 'test_when_one_non_unique_login_field_in_many_then_check_fails',
    differs: NEVER_FAIL,
    run: () => expectColumnFindsBoth('username,first_name'),
  },
])

const emailCases = fromFile('tests/unit_tests/utils/test_email.py', [
  ...ownTemplates.map(([id, files]) => ({
    name: `test_parse_template_config_ok[${id}]`,
    means: 'the parts that are yours are mailed, and an empty one of HTML is left out',
    run: () => expectParts(files),
  })),
  ...brokenTemplates.map(([id, files, fault]) => ({
    name: `test_parse_template_config_fail[${id}]`,
    means: 'a mail that would lack a subject, or its link, stops the start',
    run: () => expectFault({ MAIL_TEMPLATES_DIR: world.templates(files) }, fault),
  })),
])

const docCases = fromFile('rest_registration/utils/email.py', [
  {
    name: 'rest_registration.utils.email.parse_template_config',
    means: 'a mail may be of text alone, and has to have its words',
    async run() {
      await expectParts(textAlone)
      const env = { MAIL_TEMPLATES_DIR: world.templates({ 'locales/en.json': '{}' }) }
      await expectFault(env, /en\.json/)
    },
  },
])

export const settingCases: readonly SeedCase[] = [...checkCases, ...emailCases, ...docCases]
