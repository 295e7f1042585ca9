// The forms of the hosted pages, as a browser without scripts posts them.

import { HtmlValidate, StaticConfigLoader } from 'html-validate'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createGate, type DatabaseGate } from '../accounts/database-gate.ts'
import type { Reply } from '../support/client.ts'
import { confide } from '../support/discretion.ts'
import { forgedLink, linkMailsTo, sealedLink, tokenOf } from '../support/links.ts'
import type { Environment } from '../support/rekey-process.ts'
import { seconds } from '../support/seconds.ts'
import { startService, type TestService } from '../support/service.ts'
import { createSurroundings, type Surroundings } from '../support/surroundings.ts'
import { addUser, createUsers, hasPassword, type StoredUser, storedHash } from '../support/users.ts'

const NEW_PASSWORD = confide(' a better one & a ü, 100% + ')
const FROM_ITS_PAGE = { 'sec-fetch-site': 'same-origin' }
const FORM = 'application/x-www-form-urlencoded'
const hour = 3600

let surroundings: Surroundings
let gate: DatabaseGate
let service: TestService
let validator: HtmlValidate

beforeAll(async () => {
  surroundings = await createSurroundings()
  await createUsers(surroundings.database.sql)
  await surroundings.database.logStatements()
  gate = await createGate(surroundings.database.url)
  service = await startService(surroundings, { HOSTED_PAGE: 'true', DATABASE_URL: gate.url })
  validator = new HtmlValidate(
    new StaticConfigLoader([], {
      root: true,
      extends: ['html-validate:recommended', 'html-validate:document'],
      // Scripts and styles come from the same server. Only a script sends the form without a button.
      rules: {
        'doctype-style': 'off',
        'require-sri': 'off',
        'long-title': 'off',
        'wcag/h32': 'off',
      },
    }),
  )
})

afterAll(async () => {
  await service?.stop()
  await gate?.shut()
  await surroundings?.end()
})

type Fields = object

function post(path: string, fields: Fields, headers: Environment = FROM_ITS_PAGE, to = service) {
  const body = new URLSearchParams({ ...fields }).toString()
  return to.ask(path, { method: 'POST', body, headers: { 'content-type': FORM, ...headers } })
}

const open = (link: Fields, method = 'GET', to = service) =>
  to.ask(`/reset/?${new URLSearchParams({ ...link })}`, { method })

/** Fills in the form of a page, hidden fields and all, and sends it. */
function send({ text }: Reply, typed: Fields): Promise<Reply> {
  const [, action = ''] = /<form method="post" action="([^"]+)"/.exec(text) ?? []
  const hidden = [...text.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)">/g)]
  const fields = Object.fromEntries(hidden.map(([, name, value]) => [name, value]))
  const path = new URL(action, 'http://any/reset/').pathname
  return post(path, { ...fields, ...typed })
}

const twice = (password: string) => ({ password, password_confirm: password })
const headingOf = ({ text }: Reply) => /<h1>(.*?)<\/h1>/.exec(text)?.[1]
const outcomeOf = (reply: Reply) => [reply.status, headingOf(reply)]
const faultsIn = ({ text }: Reply) =>
  Array.from(text.matchAll(/<p id="(\w+)-error" class="error">(.*?)<\/p>/g), ([, name, detail]) => [
    name,
    detail,
  ])

const visible = ({ status, headers: { date: _, ...headers }, text }: Reply) => ({
  status,
  headers,
  text,
})

describe('a link from a mail', () => {
  test('opens a form that sets the password exactly as typed, once', async () => {
    const user = await addUser(surroundings.database.sql)
    const link = await service.mailedLink(user.email)
    const form = await service.ask(`/reset/${new URL(link.url).search}`)
    expect(outcomeOf(form)).toEqual([200, 'Choose a new password'])
    expect(form.text).toMatch(/Your link works for another (59|60) minutes\./)

    const reply = await send(form, twice(NEW_PASSWORD))
    expect([reply.status, reply.headers.location, reply.text]).toEqual([303, 'done', ''])
    expect(await hasPassword(surroundings.database.sql, user.id, NEW_PASSWORD)).toBe(true)
    expect(outcomeOf(await service.ask('/reset/done'))).toEqual([200, 'Your password is changed'])
    await surroundings.resend.waitForMail(
      (mail) => mail.to[0] === user.email && (mail.subject?.includes('changed') ?? false),
    )

    expect(outcomeOf(await send(form, twice('another password')))).toEqual([
      400,
      'This link no longer works',
    ])
    expect(outcomeOf(await open(link))).toEqual([200, 'This link no longer works'])
    expect(await hasPassword(surroundings.database.sql, user.id, NEW_PASSWORD)).toBe(true)
  })

  test('takes the longest password that there can be', async () => {
    const long = await startService(surroundings, {
      HOSTED_PAGE: 'true',
      PASSWORD_MAX_LENGTH: '1024',
    })
    const user = await addUser(surroundings.database.sql)
    const password = confide('🔑'.repeat(1024))
    const fields = { ...sealedLink(user), ...twice(password) }
    expect((await post('/reset/password', fields, FROM_ITS_PAGE, long)).status).toBe(303)
    expect(await hasPassword(surroundings.database.sql, user.id, password)).toBe(true)
    await long.stop()
  })

  test('works as one token too', async () => {
    const user = await addUser(surroundings.database.sql)
    const form = await open({ token: tokenOf(sealedLink(user)) })
    expect((await send(form, twice(NEW_PASSWORD))).status).toBe(303)
    expect(await hasPassword(surroundings.database.sql, user.id, NEW_PASSWORD)).toBe(true)
  })

  test('opens by a form too, for a script that has found it in a fragment', async () => {
    const user = await addUser(surroundings.database.sql)
    for (const link of [sealedLink(user), { token: tokenOf(sealedLink(user)) }]) {
      const form = await post('/reset/open', link)
      expect(outcomeOf(form)).toEqual([200, 'Choose a new password'])
    }
    expect(outcomeOf(await post('/reset/open', forgedLink(user.id)))).toEqual([
      400,
      'This link is not complete',
    ])
  })

  test('is not spent, nor is anything mailed, however often it is fetched', async () => {
    const user = await addUser(surroundings.database.sql)
    const link = sealedLink(user)
    const { length } = surroundings.resend.mails
    for (const method of ['GET', 'HEAD', 'GET', 'HEAD', 'GET']) {
      const { status, headers } = await open(link, method)
      expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8'])
    }
    expect(await storedHash(surroundings.database.sql, user.id)).toBe(user.passwordHash)
    expect(surroundings.resend.mails).toHaveLength(length)
    expect((await send(await open(link), twice(NEW_PASSWORD))).status).toBe(303)
  })

  test.each<[string, string, (user: StoredUser) => Fields]>([
    ['This link has expired', 'too old', (user) => sealedLink(user, seconds() - hour - 1)],
    [
      'This link no longer works',
      'for another password',
      (user) => sealedLink(user, undefined, { passwordHash: '$argon2id$another' }),
    ],
    ['This link is not complete', 'forged', (user) => forgedLink(user.id)],
    ['This link is not complete', 'cut', (user) => ({ ...sealedLink(user), signature: 'q61S' })],
    [
      'This link is not complete',
      'without a value',
      (user) => ({ ...sealedLink(user), timestamp: '' }),
    ],
    ['This link is not complete', 'no token', () => ({ token: '' })],
  ])('is explained: %s, when it is %s', async (heading, _, linkOf) => {
    const link = linkOf(await addUser(surroundings.database.sql))
    const opened = await open(link)
    expect(outcomeOf(opened)).toEqual([200, heading])
    expect(opened.text).toContain('href="https://app.example/reset/request"')
    const posted = await post('/reset/password', { ...link, ...twice(NEW_PASSWORD) })
    expect(outcomeOf(posted)).toEqual([400, heading])
    expect(posted.text).toContain('href="https://app.example/reset/request"')
  })

  test('is refused without a query when it is not genuine', async () => {
    // Of its own: no notice of another test is on its way in there.
    const quiet = await createSurroundings()
    await createUsers(quiet.database.sql)
    const alone = await startService(quiet, { HOSTED_PAGE: 'true' })
    const link = forgedLink((await addUser(quiet.database.sql)).id)
    const before = await quiet.database.statements()
    await open(link, 'GET', alone)
    await post('/reset/open', link, FROM_ITS_PAGE, alone)
    const filled = { ...link, ...twice(NEW_PASSWORD) }
    await post('/reset/password', filled, FROM_ITS_PAGE, alone)
    expect(await quiet.database.statements()).toEqual(before)
    await alone.stop()
    await quiet.end()
  })
})

describe('a password that is refused', () => {
  test('is named with every reason, and the form and the link stay', async () => {
    const user = await addUser(surroundings.database.sql)
    const form = await open(sealedLink(user))
    const refused = await send(form, twice('1234567'))
    expect(outcomeOf(refused)).toEqual([400, 'Choose a new password'])
    expect(refused.text).toContain('<title>Error: Choose a new password')
    expect(faultsIn(refused)).toEqual([
      [
        'password',
        'This password is too short. It must contain at least 8 characters. This password is too common. This password is entirely numeric.',
      ],
    ])
    expect(refused.text).not.toContain('value="1234567"')
    expect((await send(refused, twice(NEW_PASSWORD))).status).toBe(303)
    expect(await hasPassword(surroundings.database.sql, user.id, NEW_PASSWORD)).toBe(true)
  })

  test.each<[string, Fields, (readonly string[])[]]>([
    [
      'typed differently the second time',
      { password: NEW_PASSWORD, password_confirm: NEW_PASSWORD.trim() },
      [['password_confirm', 'Passwords don&#39;t match']],
    ],
    [
      'not typed',
      twice(''),
      [
        ['password', 'Type a new password.'],
        ['password_confirm', 'Type your new password again.'],
      ],
    ],
    ['not sent', {}, [['password', 'Type a new password.']]],
  ])('because it was %s', async (_, typed, faults) => {
    const user = await addUser(surroundings.database.sql)
    const refused = await send(await open(sealedLink(user)), typed)
    expect(refused.status).toBe(400)
    expect(faultsIn(refused)).toEqual(faults)
    expect(await storedHash(surroundings.database.sql, user.id)).toBe(user.passwordHash)
    expect((await send(refused, twice(NEW_PASSWORD))).status).toBe(303)
  })

  test('has to be confirmed where that is asked for', async () => {
    const strict = await startService(surroundings, {
      HOSTED_PAGE: 'true',
      REQUIRE_PASSWORD_CONFIRM: 'true',
    })
    const user = await addUser(surroundings.database.sql)
    const fields = { ...sealedLink(user), password: NEW_PASSWORD }
    const reply = await post('/reset/password', fields, FROM_ITS_PAGE, strict)
    expect(faultsIn(reply)).toEqual([['password_confirm', 'Type your new password again.']])
    await strict.stop()
  })
})

describe('a form that asks for a link', () => {
  test('is answered with the same bytes whether or not there is an account', async () => {
    const user = await addUser(surroundings.database.sql)
    const known = await post('/reset/request', { email: ` ${user.email} ` })
    const unknown = await post('/reset/request', { email: `no-${user.email}` })
    expect(visible(known)).toEqual(visible(unknown))
    expect([known.status, known.headers.location]).toEqual([303, 'asked'])
    const asked = await service.ask('/reset/asked')
    expect(outcomeOf(asked)).toEqual([200, 'Check your mail'])
    await surroundings.resend.waitForMail(({ to }) => to[0] === user.email)
    expect(linkMailsTo(surroundings.resend, `no-${user.email}`)).toEqual([])
  })

  test.each([
    [{}, 'Type the address of your account.'],
    [{ email: ' ' }, 'Type the address of your account.'],
    [{ email: 'ada' }, 'Enter a valid email address.'],
    [{ login: 'ada@example.com' }, 'Type the address of your account.'],
  ])('comes back with what is wrong: %o', async (fields, detail) => {
    const reply = await post('/reset/request', fields)
    expect(outcomeOf(reply)).toEqual([400, 'Forgot your password?'])
    expect(faultsIn(reply)).toEqual([['email', detail]])
  })

  test('says that an account is unknown only where that may be revealed', async () => {
    const open = await startService(surroundings, {
      HOSTED_PAGE: 'true',
      REVEAL_UNKNOWN_USERS: 'true',
    })
    const user = await addUser(surroundings.database.sql)
    const known = await post('/reset/request', { email: user.email }, FROM_ITS_PAGE, open)
    const unknown = await post('/reset/request', { email: 'no@no.example' }, FROM_ITS_PAGE, open)
    expect([known.status, unknown.status]).toEqual([303, 400])
    expect(unknown.text).toContain('There is no account with this address.')
    await open.stop()
  })
})

describe('forms are taken from pages of the same origin only', () => {
  const paths = ['/reset/password', '/reset/open', '/reset/request']
  const host = () => new URL(service.url).host

  test.each<[string, () => Environment]>([
    ['of another site', () => ({ 'sec-fetch-site': 'cross-site' })],
    ['of a neighbour', () => ({ 'sec-fetch-site': 'same-site' })],
    ['of nowhere', () => ({ 'sec-fetch-site': 'none' })],
    [
      'of another site that says our name',
      () => ({ 'sec-fetch-site': 'cross-site', origin: `http://${host()}` }),
    ],
    ['of another origin', () => ({ origin: 'https://evil.example' })],
    ['of another port', () => ({ origin: `http://${host()}1` })],
    ['of an opaque origin', () => ({ origin: 'null' })],
    ['of what does not say', () => ({})],
  ])('not from one %s', async (_, headers) => {
    const user = await addUser(surroundings.database.sql)
    const fields = { ...sealedLink(user), ...twice(NEW_PASSWORD), email: user.email }
    const { length } = surroundings.resend.mails
    for (const path of paths) expect((await post(path, fields, headers())).status).toBe(403)
    expect(await storedHash(surroundings.database.sql, user.id)).toBe(user.passwordHash)
    expect(surroundings.resend.mails).toHaveLength(length)
  })

  test('a browser that knows Origin alone is believed', async () => {
    const user = await addUser(surroundings.database.sql)
    const fields = { ...sealedLink(user), ...twice(NEW_PASSWORD) }
    const reply = await post('/reset/password', fields, { origin: `http://${host()}` })
    expect(reply.status).toBe(303)
  })

  test('what is refused costs its sender nothing of a limit', async () => {
    const limited = await startService(surroundings, {
      HOSTED_PAGE: 'true',
      RATE_LIMIT_REQUESTS: '1/1h',
      RATE_LIMIT_CONFIRMS: '1/1h',
    })
    const user = await addUser(surroundings.database.sql)
    const fields = { ...sealedLink(user), ...twice(NEW_PASSWORD), email: user.email }
    for (const path of paths) await post(path, fields, {}, limited)
    expect((await post('/reset/password', fields, FROM_ITS_PAGE, limited)).status).toBe(303)
    expect((await post('/reset/request', fields, FROM_ITS_PAGE, limited)).status).toBe(303)
    await limited.stop()
  })
})

describe('bodies', () => {
  test.each(['application/json', 'text/plain', 'multipart/form-data; boundary=x'])(
    'of type %s are no forms',
    async (type) => {
      const user = await addUser(surroundings.database.sql)
      const fields = JSON.stringify({ ...sealedLink(user), ...twice(NEW_PASSWORD) })
      for (const path of ['/reset/password', '/reset/open', '/reset/request']) {
        const headers = { 'content-type': type, ...FROM_ITS_PAGE }
        const { status } = await service.ask(path, { method: 'POST', headers, body: fields })
        expect(status).toBe(415)
      }
      expect(await storedHash(surroundings.database.sql, user.id)).toBe(user.passwordHash)
    },
  )

  test('that are forms are no JSON', async () => {
    const headers = { 'content-type': FORM, ...FROM_ITS_PAGE }
    for (const route of ['send-reset-password-link', 'check-reset-link', 'reset-password']) {
      const { answer } = await service.post(route, 'email=a%40b.c', headers)
      expect(answer).toBe('415 {"detail":"Unsupported media type in request."}')
    }
  })

  test.each(['password=%FF', 'password=%', 'password=%C3', Buffer.from([0x70, 0x3d, 0xff])])(
    'that are no UTF-8 set nothing: %s',
    async (tail) => {
      const user = await addUser(surroundings.database.sql)
      const link = `${new URLSearchParams({ ...sealedLink(user) })}&`
      const headers = { 'content-type': FORM, ...FROM_ITS_PAGE }
      const body = Buffer.concat([Buffer.from(link), Buffer.from(tail)])
      const { status } = await service.ask('/reset/password', { method: 'POST', headers, body })
      expect(status).toBe(400)
      expect(await storedHash(surroundings.database.sql, user.id)).toBe(user.passwordHash)
    },
  )

  test('that are encoded, too large or empty are refused', async () => {
    const encoded = { ...FROM_ITS_PAGE, 'content-encoding': 'gzip' }
    expect((await post('/reset/password', {}, encoded)).status).toBe(415)
    expect((await post('/reset/password', { password: 'x'.repeat(40_000) })).status).toBe(413)
    expect(outcomeOf(await post('/reset/password', {}))).toEqual([400, 'This link is not complete'])
  })

  test('hold nothing that becomes a part of the page', async () => {
    const hostile = '"><script>alert(1)</script><b a="'
    const replies = [
      await open({ user_id: hostile, timestamp: hostile, signature: hostile }),
      await post('/reset/password', {
        user_id: hostile,
        timestamp: '1',
        signature: '2',
        password: '',
      }),
      await post('/reset/password', { token: hostile, password: '' }),
      await post('/reset/request', { email: hostile }),
    ]
    for (const { text } of replies) {
      expect(text).not.toContain('alert(1)<')
      expect(text).not.toContain('<b a')
    }
    expect(replies.map(({ text }) => text.includes('&#60;script&#62;'))).toEqual([
      false,
      true,
      true,
      true,
    ])
  })
})

describe('limits', () => {
  const limited = (env: Environment) => startService(surroundings, { HOSTED_PAGE: 'true', ...env })

  test('of checks and resets are those of the JSON routes', async () => {
    const service = await limited({ RATE_LIMIT_CONFIRMS: '4/15m' })
    const user = await addUser(surroundings.database.sql)
    const link = sealedLink(user)
    const fields = { ...link, ...twice('12') }
    expect((await open(link, 'GET', service)).status).toBe(200)
    expect((await post('/reset/password', fields, FROM_ITS_PAGE, service)).status).toBe(400)
    expect((await post('/reset/open', link, FROM_ITS_PAGE, service)).status).toBe(200)
    expect((await service.post('check-reset-link', link)).status).toBe(200)

    expect((await service.post('check-reset-link', link)).status).toBe(429)
    const refusals = [
      await open(link, 'GET', service),
      await post('/reset/password', fields, FROM_ITS_PAGE, service),
      await post('/reset/open', link, FROM_ITS_PAGE, service),
    ]
    for (const refusal of refusals) {
      expect(outcomeOf(refusal)).toEqual([429, 'Please wait a little'])
      expect(refusal.text).toContain('Please wait 15 minutes,')
      expect(Number(refusal.headers['retry-after'])).toBeGreaterThan(800)
    }
    expect((await service.ask('/reset/')).status).toBe(200)
    await service.stop()
  })

  test('of requests are those of the JSON route', async () => {
    const service = await limited({ RATE_LIMIT_REQUESTS: '2/15m' })
    const body = { email: 'nobody@no.example' }
    expect((await post('/reset/request', body, FROM_ITS_PAGE, service)).status).toBe(303)
    expect((await service.post('send-reset-password-link', body)).status).toBe(200)
    const refusal = await post('/reset/request', body, FROM_ITS_PAGE, service)
    expect(outcomeOf(refusal)).toEqual([429, 'Forgot your password?'])
    expect(refusal.text).toContain('Too many requests for now. Please wait 15 minutes,')
    expect((await service.post('send-reset-password-link', body)).status).toBe(429)
    await service.stop()
  })
})

test('while the database is away the form stays, and works once it is back', async () => {
  const user = await addUser(surroundings.database.sql)
  const form = await open(sealedLink(user))
  await gate.shut()
  const waiting = await open(sealedLink(user))
  expect(outcomeOf(waiting)).toEqual([503, 'We cannot check your link just now'])
  const refused = await send(form, twice(NEW_PASSWORD))
  expect(outcomeOf(refused)).toEqual([503, 'Choose a new password'])
  expect(refused.text).toContain('your password was not changed. Please wait')
  await gate.open()
  await expect.poll(async () => (await send(refused, twice(NEW_PASSWORD))).status).toBe(303)
  expect(await hasPassword(surroundings.database.sql, user.id, NEW_PASSWORD)).toBe(true)
})

test('every reply keeps its secrets, and every page is valid HTML', async () => {
  const user = await addUser(surroundings.database.sql)
  const link = sealedLink(user)
  const pages = [
    await service.ask('/reset/'),
    await open(link),
    await open(forgedLink()),
    await service.ask('/reset/request'),
    await service.ask('/reset/asked'),
    await service.ask('/reset/done'),
    await post('/reset/password', { ...link, ...twice('12') }),
    await post('/reset/password', link, {}),
    await post('/reset/request', { email: 'x' }),
  ]
  const redirects = [
    await post('/reset/request', { email: 'nobody@no.example' }),
    await post('/reset/password', { ...link, ...twice(NEW_PASSWORD) }),
  ]
  for (const { headers } of [...pages, ...redirects]) {
    expect(headers['referrer-policy']).toBe('no-referrer')
    expect(headers['cache-control']).toBe('no-store')
    expect(headers).not.toHaveProperty('set-cookie')
  }
  for (const { headers, text } of pages) {
    const policy = headers['content-security-policy']
    expect(policy).toContain("default-src 'none'; script-src 'self';")
    expect(policy).toContain("form-action 'self'; frame-ancestors 'none'")
    expect(text).not.toMatch(/<script(?! type="module" async src=)|\son\w+=|style=/)
    const report = await validator.validateString(text)
    expect(report.results.flatMap(({ messages }) => messages.map((each) => each.message))).toEqual(
      [],
    )
  }
  const lines = service.log.lines.filter(({ route }) => String(route).startsWith('/reset'))
  expect(lines.length).toBeGreaterThan(10)
  expect(JSON.stringify(lines)).not.toContain('?')
})
