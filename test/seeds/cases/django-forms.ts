// Django's test_forms.py: who gets which mail.

import { expect } from 'vitest'
import { ACCEPTED } from '../../support/answers.ts'
import { confide } from '../../support/discretion.ts'
import { linkMailsTo } from '../../support/links.ts'
import { linkIn } from '../../support/resend-stand-in.ts'
import { startSmtp } from '../../support/smtp-stand-in.ts'
import { fromFile, type SeedCase } from '../case.ts'
import { englishWithSubject, settle } from '../world.ts'
import { expectAutocomplete, FILLED_IN, setFormCases } from './django-set-form.ts'
import { plainMails, world } from './django-world.ts'

const SEND = 'send-reset-password-link'
const FILE = 'tests/auth_tests/test_forms.py'

/** Asks by address, and expects one mail, to the address as it is stored. */
async function expectOneMail(typed: string, stored: string): Promise<void> {
  const { resend } = world.surroundings()
  expect((await (await world.serve()).post(SEND, { email: typed })).answer).toBe(ACCEPTED)
  await resend.waitForMail(({ to }) => to[0] === stored)
  await settle(world)
  const ours = resend.mails.filter(({ to }) => to.includes(stored) || to.includes(typed))
  expect(ours.map(({ to }) => to)).toEqual([[stored]])
}

/** Two addresses that look alike, and how the second goes over the wire. */
const collisions = [
  ['', 'mike@example.org', 'mıke@example.org', 'mıke@example.org'],
  ['_domain', 'mike@ixample.org', 'mike@ıxample.org', 'mike@xn--xample-o9a.org'],
] as const

const collisionCases = collisions.flatMap(
  ([part, plain, lookAlike, recipient]): Omit<SeedCase, 'file'>[] => [
    {
      name: `test_user_email${part}_unicode_collision`,
      async run() {
        // As Django sends: a letter beyond ASCII before the @ needs a server that takes it.
        const smtp = await startSmtp()
        try {
          await world.addUser({ email: plain })
          const owner = await world.addUser({ email: lookAlike })
          const env = { MAIL_TRANSPORT: 'smtp', SMTP_URL: `smtp://127.0.0.1:${smtp.port}` }
          const reply = await (await world.serve(env)).post(SEND, { email: lookAlike })
          expect(reply.answer).toBe(ACCEPTED)
          const { content } = await smtp.waitForMail(() => true)
          expect(linkIn(content)).toContain(`user_id=${owner.id}&`)
          expect(smtp.recipients).toEqual([recipient])
          await world.surroundings().database.sql`delete from auth_user where email = ${plain}`
        } finally {
          await smtp.stop()
        }
      },
    },
    {
      name: `test_user_email${part}_unicode_collision_nonexistent`,
      async run() {
        const stored = plain.replace('example', 'sample').replace('ixample', 'isample')
        const typed = lookAlike.replace('example', 'sample').replace('ıxample', 'ısample')
        await world.addUser({ email: stored })
        expect((await world.expectNoMail({ email: typed }, 'no_account')).answer).toBe(ACCEPTED)
      },
    },
  ],
)

const resetFormCases = fromFile(
  FILE,
  [
    {
      name: 'test_invalid_email',
      async run() {
        const { answer } = await (await world.serve()).post(SEND, { email: 'not valid' })
        expect(answer).toBe('400 {"email":["Enter a valid email address."]}')
      },
    },
    {
      name: 'test_nonexistent_email',
      async run() {
        const reply = await world.expectNoMail({ email: 'foo@bar.com' }, 'no_account')
        expect(reply.answer).toBe(ACCEPTED)
      },
    },
    {
      name: 'test_cleaned_data',
      async run() {
        const { email } = await world.addUser()
        await expectOneMail(`  ${email}\n`, email)
      },
    },
    {
      name: 'test_custom_email_subject',
      async run() {
        const MAIL_TEMPLATES_DIR = world.templates({
          'locales/en.json': englishWithSubject('Custom password reset on {app}'),
        })
        const env = { MAIL_TEMPLATES_DIR, APP_NAME: 'example.com' }
        const mail = await world.onlyMailFor(await world.addUser(), env)
        expect(mail.subject).toBe('Custom password reset on example.com')
      },
    },
    {
      name: 'test_inactive_user',
      async run() {
        const { email } = await world.addUser({ is_active: false })
        expect((await world.expectNoMail({ email }, 'not_eligible')).answer).toBe(ACCEPTED)
      },
    },
    {
      name: 'test_unusable_password',
      async run() {
        const password = confide(`!${'x'.repeat(40)}`)
        const { email } = await world.addUser({ password })
        expect((await world.expectNoMail({ email }, 'no_usable_password')).answer).toBe(ACCEPTED)
      },
    },
    {
      name: 'test_save_plaintext_email',
      means: 'with an empty template there is no HTML part',
      async run() {
        const user = await world.addUser()
        const mail = await world.onlyMailFor(user, plainMails())
        expect([mail.to, mail.subject]).toEqual([[user.email], 'Reset your Rekey password'])
        expect(mail.text).not.toMatch(/<\w/)
        expect(linkIn(mail)).toMatch(/^https:\/\/app\.example\/reset\?timestamp=\d{10}&user_id=/)
        expect(mail.html).toBeUndefined()
      },
    },
    {
      name: 'test_save_html_email_template_name',
      async run() {
        const user = await world.addUser()
        const html = '<html><a href="{{ link }}">Link</a></html>\n'
        const env = { MAIL_TEMPLATES_DIR: world.templates({ 'reset-link.html.liquid': html }) }
        const mail = await world.onlyMailFor(user, env)
        expect([mail.to, mail.subject]).toEqual([[user.email], 'Reset your Rekey password'])
        expect(linkIn(mail)).toMatch(/^https:\/\/app\.example\/reset\?timestamp=\d{10}&user_id=/)
        expect(mail.html).toMatch(/^<html><a href="https:[^"<>\s]+">Link<\/a><\/html>$/m)
      },
    },
    {
      name: 'test_custom_email_field',
      async run() {
        const email = confide('in.another.column@example.com')
        const user = await world.addUser({ last_name: email })
        const env = { USERS_EMAIL_COLUMN: 'last_name' }
        const mail = await world.mailFor({ ...user, email }, env)
        expect(mail.to).toEqual([email])
        const mailed = world.surroundings().resend.mails.flatMap(({ to }) => to)
        expect(mailed.filter((to) => to === email || to === user.email)).toEqual([email])
      },
    },
    ...collisionCases,
    {
      name: 'test_save_send_email_exceptions_are_catched_and_logged',
      async run() {
        const user = await world.addUser()
        const service = await world.serve()
        const { resend } = world.surroundings()
        await settle(world)
        const lines = service.log.lines.length
        resend.answerNext({ kind: 'status', status: 422, name: 'validation_error' })
        expect((await service.post(SEND, { email: user.email })).answer).toBe(ACCEPTED)
        const failed = await service.log.waitFor(
          ({ event }) => event === 'password_reset.mail_failed',
          lines,
        )
        expect(failed['accountId']).toBe(user.id)
        expect(linkMailsTo(resend, user.email)).toEqual([])
      },
    },
    {
      name: 'test_html_autocomplete_attributes',
      means: FILLED_IN,
      run: () => expectAutocomplete('/reset/request', ['email']),
    },
  ],
  'PasswordResetFormTest',
)

export const formCases: readonly SeedCase[] = [...resetFormCases, ...setFormCases]
