// Resend is down for half a minute with a mail server behind it: each mail arrives, once.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { linkMailsTo } from '../support/links.ts'
import type { ResendBehaviour } from '../support/resend-behaviours.ts'
import { startService, type TestService } from '../support/service.ts'
import { type SmtpStandIn, startSmtp } from '../support/smtp-stand-in.ts'
import { createSurroundings, type Surroundings } from '../support/surroundings.ts'
import { argon2id, createUsers } from '../support/users.ts'

const MAILS = 200
const OUTAGE_MS = 30_000
/** The ways in which it is down, each for as long as the others. */
const OUTAGE: readonly ResendBehaviour[] = [
  { kind: 'drop', after: 'body' },
  { kind: 'hang' },
  { kind: 'status', status: 503, name: 'application_error' },
]

let surroundings: Surroundings
let smtp: SmtpStandIn
let service: TestService

beforeAll(async () => {
  surroundings = await createSurroundings()
  smtp = await startSmtp()
  await createUsers(surroundings.database.sql)
  service = await startService(surroundings, {
    MAIL_TRANSPORT: 'resend,smtp',
    SMTP_URL: `smtp://127.0.0.1:${smtp.port}`,
    LOG_LEVEL: 'info',
  })
})

afterAll(async () => {
  await service?.stop()
  await smtp?.stop()
  await surroundings?.end()
})

test(`each of ${MAILS} mails arrives`, async () => {
  const { database, resend } = surroundings
  const addresses = Array.from({ length: MAILS }, (_, index) => `reader-${index}@example.com`)
  await database.sql`
    insert into users (email, password_hash)
    select address, ${await argon2id('forgotten by all')} from unnest(${addresses}::text[]) address`

  const startedAt = performance.now()
  for (const [index, email] of addresses.entries()) {
    const behaviour = OUTAGE[Math.floor((index / MAILS) * OUTAGE.length)]
    resend.answerAlways(behaviour)
    await service.post('send-reset-password-link', { email })
    const due = startedAt + ((index + 1) / MAILS) * OUTAGE_MS
    await new Promise((resolve) => setTimeout(resolve, Math.max(due - performance.now(), 0)))
  }
  resend.answerAlways()

  const count = (event: string) =>
    service.log.lines.filter((line) => line['event'] === event).length
  await service.log.waitFor(() => count('password_reset.mailed') === MAILS, 0, 90_000)
  const byResend = addresses.map((address) => linkMailsTo(resend, address).length)
  const bySmtp = addresses.map((address) => smtp.mails.filter(({ to }) => to[0] === address).length)
  const total = (counts: readonly number[]) => counts.reduce((sum, each) => sum + each, 0)
  process.stdout.write(
    `${total(byResend)} mails by Resend, ${total(bySmtp)} by SMTP, ${count('password_reset.mail_unconfirmed')} ambiguous attempts\n`,
  )
  const arrived = byResend.map((each, index) => each + (bySmtp[index] ?? 0))
  expect(arrived).toEqual(Array(MAILS).fill(1))
  expect(count('password_reset.mail_failed')).toBe(0)
  expect(smtp.mails.every(({ content }) => content.text?.includes('signature='))).toBe(true)
}, 180_000)
