// What Resend is asked, what its answers mean, and what a reader finds in the mailbox in the end.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createResendTransport } from '../../../src/mail/transports/resend.ts'
import { linkMailsTo, sealedLink } from '../../support/links.ts'
import type { ResendBehaviour } from '../../support/resend-behaviours.ts'
import { type ResendStandIn, startResend } from '../../support/resend-stand-in.ts'
import { startService, type TestService } from '../../support/service.ts'
import { createSurroundings, type Surroundings } from '../../support/surroundings.ts'
import { addUser, createUsers } from '../../support/users.ts'

const shown = {
  from: 'Rekey <no-reply@app.example>',
  to: 'ada@example.com',
  subject: 'Reset',
  text: 'text',
  html: '<p>text</p>',
  headers: { 'Auto-Submitted': 'auto-generated' },
}
const mail = {
  ...shown,
  accountId: '42',
  message: { kind: 'no-password', name: undefined },
} as const

describe('the transport', () => {
  let resend: ResendStandIn
  const transport = (apiKey = resend.apiKey) =>
    createResendTransport({ apiKey, baseUrl: resend.url })

  beforeAll(async () => {
    resend = await startResend()
  })

  afterAll(() => resend?.stop())

  test('asks for one mail to one address, in both parts, under its key', async () => {
    const outcome = await transport().send({ ...mail, idempotencyKey: 'one' })
    expect(outcome).toEqual({ status: 'sent' })
    const request = resend.requests.at(-1)
    expect(request).toMatchObject({
      method: 'POST',
      path: '/emails',
      headers: {
        authorization: `Bearer ${resend.apiKey}`,
        'content-type': 'application/json',
        'idempotency-key': 'one',
      },
    })
    expect(request?.body).toEqual(shown)
  })

  test.each([
    ['User@überall-ist.de', 'User@xn--berall-ist-8db.de'],
    ['user@XN--berall-ist-8db.de', 'user@XN--berall-ist-8db.de'],
  ])('spells the domain of %s in ASCII', async (to, spelled) => {
    expect(await transport().send({ ...mail, to, idempotencyKey: to })).toEqual({ status: 'sent' })
    expect(resend.requests.at(-1)?.body).toMatchObject({ to: spelled })
  })

  test('hands over no local part beyond ASCII, which the API does not take', async () => {
    const count = resend.requests.length
    const outcome = await transport().send({ ...mail, to: 'jürgen@b.c', idempotencyKey: 'utf8' })
    expect(outcome).toEqual({
      status: 'refused',
      reason: 'the address needs SMTPUTF8, which Resend does not speak',
      isOfTransport: true,
    })
    expect(resend.requests).toHaveLength(count)
  })

  test('puts quotes around a name that needs them', async () => {
    const named = { from: 'Doe, Inc. <a@überall-ist.de>', replyTo: 'Help (24/7) <help@b.c>' }
    await transport().send({ ...mail, ...named, idempotencyKey: 'named' })
    expect(resend.requests.at(-1)?.body).toMatchObject({
      from: '"Doe, Inc." <a@xn--berall-ist-8db.de>',
      reply_to: '"Help (24/7)" <help@b.c>',
    })
  })

  test('takes key and address from nobody else', async () => {
    process.env['RESEND_API_KEY'] = 'other'
    process.env['RESEND_BASE_URL'] = 'http://127.0.0.1:1'
    const outcome = await transport().send({ ...mail, idempotencyKey: 'env' })
    delete process.env['RESEND_API_KEY']
    delete process.env['RESEND_BASE_URL']
    expect(outcome).toEqual({ status: 'sent' })
  })

  const status = (code: number, name: string): ResendBehaviour => ({
    kind: 'status',
    status: code,
    name,
  })

  test.each<[string, ResendBehaviour, string, string | RegExp]>([
    ['500', status(500, 'internal_server_error'), 'unsent', '500 internal_server_error'],
    ['504', status(504, 'application_error'), 'unknown', '504 application_error'],
    ['503', status(503, 'application_error'), 'unsent', '503 application_error'],
    ['429 of the rate', status(429, 'rate_limit_exceeded'), 'unsent', '429 rate_limit_exceeded'],
    ['429 of the quota', status(429, 'daily_quota_exceeded'), 'unsent', '429 daily_quota_exceeded'],
    ['401', status(401, 'missing_api_key'), 'unsent', '401 missing_api_key'],
    ['403', status(403, 'invalid_api_key'), 'unsent', '403 invalid_api_key'],
    ['404', status(404, 'not_found'), 'unsent', '404 not_found'],
    [
      '409 of a concurrent request',
      { kind: 'concurrent' },
      'unknown',
      '409 concurrent_idempotent_requests',
    ],
    [
      '409 of another mail',
      status(409, 'invalid_idempotent_request'),
      'refused',
      '409 invalid_idempotent_request',
    ],
    ['400', status(400, 'validation_error'), 'refused', '400 validation_error'],
    ['400 of another kind', status(400, 'application_error'), 'unsent', '400 application_error'],
    ['409 of a third kind', status(409, 'application_error'), 'unknown', '409 application_error'],
    ['413', status(413, 'application_error'), 'unsent', '413 application_error'],
    [
      '422 of the sender',
      status(422, 'invalid_from_address'),
      'unsent',
      '422 invalid_from_address',
    ],
    ['408', status(408, 'application_error'), 'unknown', '408 application_error'],
    ['502', status(502, 'application_error'), 'unknown', '502 application_error'],
    ['520', status(520, 'application_error'), 'unknown', '520 application_error'],
    ['422', status(422, 'validation_error'), 'refused', '422 validation_error'],
    ['422 that says no more', status(422, 'No such mailbox'), 'refused', '422 unnamed'],
    ['a cut before the body', { kind: 'drop', after: 'headers' }, 'unknown', /^no answer /],
    ['a cut after the body', { kind: 'drop', after: 'body' }, 'unknown', /^no answer /],
    ['a cut after the mail', { kind: 'drop', after: 'acceptance' }, 'unknown', /^no answer /],
    ['something that is no JSON', { kind: 'garbage' }, 'unknown', '200 application_error'],
  ])('takes %s for what it is', async (name, behaviour, expected, reason) => {
    resend.answerNext(behaviour)
    const outcome = await transport().send({ ...mail, idempotencyKey: `for ${name}` })
    expect(outcome).toMatchObject({ status: expected })
    expect('reason' in outcome && outcome.reason).toMatch(reason)
  })

  test('does not follow a redirect', async () => {
    const elsewhere = await startResend()
    resend.answerNext({ kind: 'redirect', to: `${elsewhere.url}/emails` })
    const outcome = await transport().send({ ...mail, idempotencyKey: 'redirect' })
    expect(outcome).toEqual({ status: 'unsent', reason: '302 application_error' })
    expect(elsewhere.requests).toEqual([])
    await elsewhere.stop()
  })

  test('takes no answer at all for a failure', async () => {
    const gone = createResendTransport({ apiKey: 'x', baseUrl: 'http://127.0.0.1:1' })
    const outcome = await gone.send({ ...mail, idempotencyKey: 'gone' })
    expect(outcome).toMatchObject({
      status: 'unsent',
      reason: expect.stringMatching(/^no answer /),
    })
  })

  test('names neither address nor key in a reason', async () => {
    for (const kind of [status(422, 'validation_error'), status(500, 'x')]) {
      resend.answerNext({
        ...kind,
        message: `no ${mail.to} with ${resend.apiKey}`,
      } as ResendBehaviour)
      const outcome = await transport().send({ ...mail, idempotencyKey: 'quiet' })
      expect(JSON.stringify(outcome)).not.toMatch(/ada@|re_/)
    }
  })

  // Ten seconds each, so they pass side by side.
  test.concurrent.each(['hang', 'drip'] as const)(
    'gives up after ten seconds: %s',
    async (kind) => {
      const slow = await startResend()
      slow.answerAlways({ kind })
      const { apiKey, url: baseUrl } = slow
      const startedAt = performance.now()
      const sending = createResendTransport({ apiKey, baseUrl }).send({
        ...mail,
        idempotencyKey: kind,
      })
      expect(await sending).toMatchObject({ status: 'unknown' })
      expect(performance.now() - startedAt).toBeLessThan(15_000)
      await slow.stop()
    },
  )
})

describe('a reader', () => {
  let surroundings: Surroundings
  let service: TestService

  beforeAll(async () => {
    surroundings = await createSurroundings()
    await createUsers(surroundings.database.sql, 'uuid', ['username text'])
    service = await startService(surroundings, {
      MAIL_FROM: 'App Ünited <no-reply@app.example>',
      USERS_LOGIN_COLUMNS: 'username',
    })
  })

  afterAll(async () => {
    await service?.stop()
    await surroundings?.end()
  })

  const ask = (email: string) => service.post('send-reset-password-link', { email })
  const requestsFor = (email: string) =>
    surroundings.resend.requests.filter(({ rawBody }) => rawBody.includes(email))

  test('is mailed by the configured sender, and by nobody else', async () => {
    const user = await addUser(surroundings.database.sql)
    await ask(user.email)
    const mailed = await surroundings.resend.waitForMail(({ to }) => to[0] === user.email)
    expect(mailed).toMatchObject({
      from: 'App Ünited <no-reply@app.example>',
      to: [user.email],
      replyTo: undefined,
      headers: {
        'Auto-Submitted': 'auto-generated',
        'X-Entity-Ref-ID': expect.stringMatching(/^[\w-]{43}$/),
      },
    })
    expect(Object.keys(requestsFor(user.email)[0]?.body ?? {}).toSorted()).toEqual([
      'from',
      'headers',
      'html',
      'subject',
      'text',
      'to',
    ])
  })

  test('who asks again in the same minute gets no second copy', async () => {
    const user = await addUser(surroundings.database.sql)
    await service.mailedLink(user.email)
    // The mail arrives before its line stands in the log.
    await service.log.waitFor(({ accountId, kind }) => accountId === user.id && kind !== undefined)
    // At the end of a minute the second request is in the next one, and has a link of its own.
    for (let asked = 1; linkMailsTo(surroundings.resend, user.email).length === asked; asked++) {
      const seen = service.log.lines.length
      await ask(user.email)
      const { reason } = await service.log.waitFor(
        (line) => line['reason'] !== undefined || line['kind'] === 'reset-link',
        seen,
      )
      if (reason === 'already_mailed') break
    }
    expect(linkMailsTo(surroundings.resend, user.email).length).toBeLessThanOrEqual(2)
    expect(service.log.lines).toContainEqual(expect.objectContaining({ reason: 'already_mailed' }))
  })

  test('is told of a reset right after it, under another key', async () => {
    const user = await addUser(surroundings.database.sql)
    const link = await service.mailedLink(user.email)
    await service.post('reset-password', { ...link, password: 'a brand new pass phrase' })
    await surroundings.resend.waitForRequest(() => requestsFor(user.email).length === 2)
    const [first, second] = requestsFor(user.email)
    const keys = [first, second].map((request) => request?.headers['idempotency-key'])
    expect(new Set(keys).size).toBe(2)
    expect(second?.body).toMatchObject({ subject: 'Your Rekey password was changed' })
  })

  test('whose mail is tried again gets the same reference, and with another mail another one', async () => {
    const user = await addUser(surroundings.database.sql)
    surroundings.resend.answerNext({ kind: 'status', status: 500, name: 'application_error' })
    const link = await service.mailedLink(user.email)
    await service.post('reset-password', { ...link, password: 'a brand new pass phrase' })
    const notice = await surroundings.resend.waitForMail(
      ({ to, subject }) => to[0] === user.email && subject.includes('changed'),
    )
    const references = requestsFor(user.email).map(
      ({ body }) => (body as { headers: Record<string, string> }).headers['X-Entity-Ref-ID'],
    )
    expect(references).toHaveLength(3)
    expect(references[1]).toBe(references[0])
    expect(references[2]).not.toBe(references[0])
    expect(notice.headers['Auto-Submitted']).toBe('auto-generated')
  })

  test('two readers never share a key', async () => {
    const users = [
      await addUser(surroundings.database.sql),
      await addUser(surroundings.database.sql),
    ]
    for (const { email } of users) await ask(email)
    await surroundings.resend.waitForMail(({ to }) => to[0] === users[1]?.email)
    const keys = users.map(({ email }) => requestsFor(email)[0]?.headers['idempotency-key'])
    expect(keys[0]).not.toBe(keys[1])
  })

  test.each([
    ['422', { kind: 'status', status: 422, name: 'validation_error' }],
    ['409 of another mail', { kind: 'status', status: 409, name: 'invalid_idempotent_request' }],
  ] as const)(
    'hears nothing when the mail is refused with %s, and the log says so',
    async (_, behaviour) => {
      const user = await addUser(surroundings.database.sql)
      const seen = service.log.lines.length
      surroundings.resend.answerNext(behaviour)
      await ask(user.email)
      const line = await service.log.waitFor(
        ({ event }) => event === 'password_reset.mail_failed',
        seen,
      )
      expect(line).toMatchObject({
        level: 40,
        accountId: user.id,
        kind: 'reset-link',
        reason: `${behaviour.status} ${behaviour.name}`,
      })
      expect(requestsFor(user.email)).toHaveLength(1)
      expect(
        service.log.lines.slice(seen).filter(({ event }) => event === 'password_reset.mailed'),
      ).toEqual([])
    },
  )

  test('has a password changed although the notice of it is refused', async () => {
    const user = await addUser(surroundings.database.sql)
    const seen = service.log.lines.length
    surroundings.resend.answerNext({ kind: 'status', status: 422, name: 'validation_error' })
    const body = { ...sealedLink(user), password: 'a brand new pass phrase' }
    expect((await service.post('reset-password', body)).status).toBe(200)
    const line = await service.log.waitFor(
      ({ event }) => event === 'password_reset.mail_failed',
      seen,
    )
    expect(line).toMatchObject({ kind: 'password-changed', accountId: user.id })
  })

  test.each([
    'two@example.com,three@example.com',
    'two@example.com;three@example.com',
    'two@example.com three@example.com',
    'two@example.com\r\nBcc: three@example.com',
    'two@example.com\nthree@example.com',
    'Two <two@example.com>',
    '<two@example.com>',
    '"two"@example.com',
    'two@three@example.com',
    'two',
    '@example.com',
    'two@',
    '',
  ])('whose stored address is %j is mailed nothing', async (email) => {
    const user = await addUser(surroundings.database.sql, { email, username: 'hostile' })
    const seen = service.log.lines.length
    const asked = surroundings.resend.requests.length
    await service.post('send-reset-password-link', { login: 'hostile' })
    await service.log.waitFor(({ reason }) => reason === 'no_mailbox', seen)
    expect(surroundings.resend.requests).toHaveLength(asked)
    await surroundings.database.sql`delete from users where id = ${user.id}`
  })
})
