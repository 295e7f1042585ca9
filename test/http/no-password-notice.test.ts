// The notice that an account has no password: who gets it, in which language, and how often.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { ACCEPTED } from '../support/answers.ts'
import { startService, type TestService } from '../support/service.ts'
import { createSurroundings, type Surroundings } from '../support/surroundings.ts'
import { addUser, createUsers, type StoredUser } from '../support/users.ts'

const ROUTE = 'send-reset-password-link'

let surroundings: Surroundings
let service: TestService

beforeAll(async () => {
  surroundings = await createSurroundings()
  await createUsers(surroundings.database.sql, 'uuid', [
    'active boolean not null default true',
    'locale text',
  ])
  service = await startService(surroundings, {
    MAIL_NO_PASSWORD_NOTICE: 'true',
    RATE_LIMIT_PER_ACCOUNT: '1/1h',
    LINK_BUCKET_SECONDS: '1',
    USERS_ELIGIBLE_SQL: 'active',
    USERS_LOCALE_COLUMN: 'locale',
  })
})

afterAll(async () => {
  await service?.stop()
  await surroundings?.end()
})

const mailsTo = ({ email }: StoredUser) =>
  surroundings.resend.mails.filter(({ to }) => to[0] === email)

test.each([
  [null, null, 'Signing in to Rekey'],
  ['', 'de-AT', 'Ihre Anmeldung bei Rekey'],
  ['!', 'ja', 'Rekeyへのログインについて'],
])(
  'a request for an account that holds %j, in %j, is answered by it',
  async (hash, locale, subject) => {
    const user = await addUser(surroundings.database.sql, { password_hash: hash, locale })
    expect((await service.post(ROUTE, { email: user.email.toUpperCase() })).answer).toBe(ACCEPTED)
    const mail = await surroundings.resend.waitForMail(({ to }) => to[0] === user.email)
    expect(mail.to).toEqual([user.email])
    expect(mail.subject).toBe(subject)
    expect(`${mail.text}${mail.html}`).not.toMatch(/signature|token|https?:/)
  },
)

test.each([
  ['is not eligible', { password_hash: null, active: false }, 'not_eligible'],
  [
    'has a hash in an unknown format',
    { password_hash: 'md5:5f4dcc3b5aa765d61d8327deb882cf99' },
    'unknown_hash_format',
  ],
  ['has no mailbox', { password_hash: null, email: 'a@x.example,b@x.example' }, 'no_mailbox'],
])('an account that %s hears nothing', async (_, columns, reason) => {
  const user = await addUser(surroundings.database.sql, columns)
  const seen = service.log.lines.length
  const asked = surroundings.resend.requests.length
  expect((await service.post(ROUTE, { email: user.email })).answer).toBe(ACCEPTED)
  await service.log.waitFor((line) => line['reason'] === reason, seen)
  expect(surroundings.resend.requests).toHaveLength(asked)
})

test('it is capped as links are', async () => {
  const user = await addUser(surroundings.database.sql, { password_hash: null })
  const seen = service.log.lines.length
  const isCapped = () => service.log.lines.slice(seen).some(({ reason }) => reason === 'capped')
  while (!isCapped()) expect((await service.post(ROUTE, { email: user.email })).status).toBe(200)
  expect(mailsTo(user)).toHaveLength(1)
})

test('it is not sent any more once the account has a password', async () => {
  const user = await addUser(surroundings.database.sql, { password_hash: null })
  const seen = service.log.lines.length
  const asked = surroundings.resend.requests.length
  surroundings.resend.answerNext({ kind: 'status', status: 500, name: 'internal_server_error' })
  await service.post(ROUTE, { email: user.email })
  await surroundings.resend.waitForRequest(asked + 1)
  const { passwordHash } = await addUser(surroundings.database.sql)
  await surroundings.database
    .sql`update users set password_hash = ${passwordHash} where id = ${user.id}`
  await service.log.waitFor(({ reason }) => reason === 'has_password_now', seen)
  expect(mailsTo(user)).toEqual([])
})
