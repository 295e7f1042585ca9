// Rekey in an application's own process answers as the service does, whatever that application does to
// its own requests, and leaves everything else of it alone.

import { execFile } from 'node:child_process'
import { Readable } from 'node:stream'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import Fastify, { type FastifyBaseLogger } from 'fastify'
import { rekey } from 'rekey'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { INVALID_LINK } from '../support/answers.ts'
import { type Asked, basePath, type Reply } from '../support/client.ts'
import { forgedLink, sealedLink, tokenOf } from '../support/links.ts'
import type { Environment } from '../support/rekey-process.ts'
import { startHost, startService, type TestService } from '../support/service.ts'
import { createSurroundings, environmentFor, type Surroundings } from '../support/surroundings.ts'
import { addUser, createUsers, hasPassword } from '../support/users.ts'

const NEW_PASSWORD = 'a brand new pass phrase'
const frontend = 'https://app.example'

let surroundings: Surroundings
let service: TestService
let host: TestService

beforeAll(async () => {
  surroundings = await createSurroundings()
  await createUsers(surroundings.database.sql)
  service = await startService(surroundings)
  host = await startHost(surroundings, (logger) => buildMeddler(logger))
})

afterAll(async () => {
  await service?.stop()
  await host?.stop()
  await surroundings?.end()
})

/** An application that does to all its requests what can be done to them. */
async function buildMeddler(logger: FastifyBaseLogger, env: Environment = {}) {
  const app = Fastify({
    loggerInstance: logger,
    trustProxy: true,
    bodyLimit: 64,
    routerOptions: { ignoreTrailingSlash: true },
    ajv: { customOptions: { coerceTypes: 'array', removeAdditional: 'all', allErrors: false } },
  })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => {
    done(null, Object.fromEntries(new URLSearchParams(String(body))))
  })
  app.setErrorHandler((_error, _request, reply) => reply.code(418).send({ theirs: true }))
  app.setNotFoundHandler((_request, reply) => reply.code(404).send({ theirs: 'not found' }))
  app.setValidatorCompiler(() => () => true)
  app.setReplySerializer(() => '{"theirs":"serialized"}')
  app.addHook('onRequest', async (_request, reply) => {
    reply.headers({ 'cache-control': 'public', 'access-control-allow-origin': '*' })
  })
  app.addHook('preParsing', async () => Readable.from(['{}']))
  app.addHook('preValidation', async (request) => {
    request.body = { email: 'somebody@else.example' }
  })
  app.addHook('onSend', async () => 'theirs')
  await app.register(rekey, { env: { ...environmentFor(surroundings), ...env } })
  return app
}

const json = { 'content-type': 'application/json' }
const post = (route: string, body: string | Uint8Array, headers: Asked['headers'] = {}) =>
  [`${basePath}/${route}`, { method: 'POST', body, headers: { ...json, ...headers } }] as const
const forged = JSON.stringify({ ...forgedLink(), password: NEW_PASSWORD })

/** What tells nothing about the application. */
function essence({ status, text, headers }: Reply) {
  const { date, connection, 'keep-alive': keepAlive, ...others } = headers
  return { status, text, headers: others }
}

describe('in an application that meddles with its requests', () => {
  const requests: Record<string, readonly [path: string, asked?: Asked]> = {
    'an address that nobody has': post('send-reset-password-link', '{"email":"no@body.example"}'),
    'a field of another type': post('send-reset-password-link', '{"email":7}'),
    'no field': post('send-reset-password-link', '{}'),
    'no body': post('send-reset-password-link', ''),
    'broken JSON': post('send-reset-password-link', '{"email"'),
    'a body that is no UTF-8': post('send-reset-password-link', Buffer.from([0x22, 0xff, 0x22])),
    'a body that is a list': post('send-reset-password-link', '[]'),
    'a form': post('send-reset-password-link', 'email=a@b.example', {
      'content-type': 'application/x-www-form-urlencoded',
    }),
    'a text': post('send-reset-password-link', '{"email":"a@b.example"}', {
      'content-type': 'text/plain',
    }),
    'a compressed body': post('send-reset-password-link', gzipSync('{"email":"a@b.example"}'), {
      'content-encoding': 'gzip',
    }),
    'a body of 17 KiB': post('send-reset-password-link', JSON.stringify('x'.repeat(17 * 1024))),
    'a slash at the end': post('send-reset-password-link/', '{"email":"no@body.example"}'),
    'a forged link': post('reset-password', forged),
    'a forged link, for problem details': post('reset-password', forged, {
      accept: 'application/problem+json',
    }),
    'a forged link to check': post('check-reset-link', JSON.stringify(forgedLink())),
    'a forged token': post('check-reset-link', JSON.stringify({ token: tokenOf(forgedLink()) })),
    'a page of the frontend': post('check-reset-link', '{}', { origin: frontend }),
    'a page of somebody else': post('check-reset-link', '{}', { origin: 'https://else.example' }),
    'a preflight': [
      `${basePath}/reset-password`,
      {
        method: 'OPTIONS',
        headers: { origin: frontend, 'access-control-request-method': 'POST' },
      },
    ],
    'another method': [`${basePath}/reset-password`, { method: 'DELETE' }],
    'a method that only this route has': [`${basePath}/password-rules`, { method: 'PUT' }],
    'a look at the head': [`${basePath}/password-rules`, { method: 'HEAD' }],
    'the rules': [`${basePath}/password-rules?x=1`],
  }

  test.each(Object.entries(requests))('%s is answered as by the service', async (_, request) => {
    const [ours, theirs] = [await service.ask(...request), await host.ask(...request)]
    expect(essence(theirs)).toEqual(essence(ours))
    expect(theirs.text).not.toContain('theirs')
  })

  test('a link is mailed, and sets the password once', async () => {
    const user = await addUser(surroundings.database.sql)
    const { url, ...link } = await host.mailedLink(user.email)
    expect((await host.post('check-reset-link', link)).status).toBe(200)
    const body = { ...link, password: NEW_PASSWORD, password_confirm: NEW_PASSWORD }
    const replies = await Promise.all([1, 2, 3].map(() => host.post('reset-password', body)))
    expect(replies.map(({ status }) => status).sort()).toEqual([200, 400, 400])
    expect(await hasPassword(surroundings.database.sql, user.id, NEW_PASSWORD)).toBe(true)
    await surroundings.resend.waitForMail(
      ({ to, subject }) => to.includes(user.email) && subject.includes('changed'),
    )
  })

  test('the order of checks is the same: a forged link is refused before its password', async () => {
    const refusal = await host.post('reset-password', { ...forgedLink(), password: '1' })
    expect(refusal.answer).toBe(INVALID_LINK)
  })

  test('known and unknown addresses get the same bytes', async () => {
    const user = await addUser(surroundings.database.sql)
    const [known, unknown] = [
      await host.post('send-reset-password-link', { email: user.email }),
      await host.post('send-reset-password-link', { email: 'nobody@example.com' }),
    ]
    expect(essence(known)).toEqual(essence(unknown))
  })

  test('one line of each request is in the log, without its URL', async () => {
    const from = host.log.lines.length
    await host.ask(`${basePath}/password-rules?email=a-secret-value`)
    const line = await host.log.waitFor(({ route }) => route === `${basePath}/password-rules`, from)
    expect(line).toMatchObject({ plugin: 'rekey', status: 200, msg: 'request completed' })
    expect(JSON.stringify(host.log.lines.slice(from))).not.toContain('a-secret-value')
  })
})

test('a client cannot choose the address that it is counted by, whomever the application trusts', async () => {
  const limited = await startHost(surroundings, (logger) =>
    buildMeddler(logger, { RATE_LIMIT_REQUESTS: '2/1h' }),
  )
  const statuses: number[] = []
  for (const last of [1, 2, 3]) {
    const from = { 'x-forwarded-for': `192.0.2.${last}` }
    const reply = await limited.post('send-reset-password-link', { email: 'a@b.example' }, from)
    statuses.push(reply.status)
  }
  expect(statuses).toEqual([200, 200, 429])
  await limited.stop()
})

describe('an application that has routes of its own', () => {
  let app: TestService

  beforeAll(async () => {
    app = await startHost(surroundings, async (logger) => {
      const own = Fastify({ loggerInstance: logger })
      own.addContentTypeParser(
        'application/x-www-form-urlencoded',
        { parseAs: 'string' },
        (_request, body, done) => done(null, Object.fromEntries(new URLSearchParams(String(body)))),
      )
      own.setErrorHandler((error, _request, reply) =>
        reply.code(500).send({ theirs: (error as Error).message }),
      )
      own.setNotFoundHandler((_request, reply) => reply.code(404).send({ theirs: 'not found' }))
      await own.register(rekey, {
        env: { ...environmentFor(surroundings), HOSTED_PAGE: 'true', DIALECTS: 'dj-rest-auth' },
      })
      own.post('/echo', async (request) => request.body)
      own.get('/fail', () => {
        throw new Error('as it is')
      })
      own.post('/typed', { schema: { body: typedBody } }, async (request) => request.body)
      own.get(`${basePath}/:id`, async (request) => request.params)
      own.get('/livez', async () => 'theirs')
      return own
    })
  })

  afterAll(() => app?.stop())

  const typedBody = { type: 'object', properties: { count: { type: 'integer' } } }

  test.each<readonly [path: string, asked: Asked, answer: string]>([
    [
      '/echo',
      { body: 'a=1', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
      '200 {"a":"1"}',
    ],
    ['/echo', { body: '{"a":[]}', headers: json }, '200 {"a":[]}'],
    ['/typed', { body: '{"count":"7"}', headers: json }, '200 {"count":7}'],
    ['/nowhere', {}, '404 {"theirs":"not found"}'],
    [`${basePath}/nowhere/else`, {}, '404 {"theirs":"not found"}'],
  ])('keeps them: POST %s', async (path, asked, answer) => {
    const reply = await app.ask(path, { method: 'POST', ...asked })
    expect(`${reply.status} ${reply.text}`).toBe(answer)
    expect(reply.headers).not.toHaveProperty('content-security-policy')
    expect(reply.headers).not.toHaveProperty('cache-control')
  })

  test.each([
    ['/fail', '500 {"theirs":"as it is"}'],
    [`${basePath}/42`, '200 {"id":"42"}'],
    ['/livez', '200 theirs'],
  ])('keeps them: GET %s', async (path, answer) => {
    expect((await app.ask(path)).answer).toBe(answer)
  })

  test('has the hosted pages and the dialects, and no link of theirs in its log', async () => {
    const user = await addUser(surroundings.database.sql)
    const link = new URLSearchParams({ ...sealedLink(user) })
    const page = await app.ask(`/reset/?${link}`)
    expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8'])
    expect((await app.ask('/reset')).status).toBe(302)
    expect((await app.ask('/reset/page.css')).status).toBe(200)
    const asked = await app.send('/api/auth/password/reset/', { email: user.email })
    expect(asked.answer).toBe('200 {"detail":"Password reset e-mail has been sent."}')
  })
})

describe('a registration', () => {
  const register = async (options: object, pluginOptions: object = {}) => {
    const app = Fastify()
    try {
      const env = environmentFor(surroundings)
      await app.register(rekey, { env, ...options, ...pluginOptions } as never)
      return 'registered'
    } catch (error) {
      return String(error)
    } finally {
      await app.close()
    }
  }

  test('is refused with every fault by name', async () => {
    const env = { LINK_SECRETS: 'short', RESEND_API_KEY: 're_1', PASSWORD_MIN_LENGTH: 'x' }
    const refusal = await register({ env })
    for (const name of ['DATABASE_URL', 'LINK_SECRETS', 'RESET_PAGE_URL', 'MAIL_FROM']) {
      expect(refusal).toContain(`\n  ${name}: `)
    }
    expect(refusal).toContain('\n  PASSWORD_MIN_LENGTH: must be a whole number')
    expect(refusal).not.toContain('short')
  })

  test('is refused for a mapping that does not fit', async () => {
    const env = { ...environmentFor(surroundings), USERS_EMAIL_COLUMN: 'mail' }
    expect(await register({ env })).toContain('USERS_EMAIL_COLUMN')
  })

  test('is refused for a prefix, which only BASE_PATH sets', async () => {
    expect(await register({}, { prefix: '/auth' })).toContain(
      'prefix: register Rekey without one and set BASE_PATH',
    )
  })

  test('is refused for variables that a part leaves without effect', async () => {
    const part = {} as never
    const env = {
      ...environmentFor(surroundings),
      AFTER_RESET_SQL: 'DELETE FROM sessions',
      MAIL_TRANSPORT: 'outbox',
      PASSWORD_HASH: 'bcrypt',
    }
    const limits = { requests: part, confirms: part }
    const refusal = await register({ env, accounts: part, transport: part, hasher: part, limits })
    expect(refusal.split('\n').slice(1).sort()).toEqual([
      '  AFTER_RESET_SQL: has no effect beside `accounts`',
      '  MAIL_TRANSPORT: has no effect beside `transport`',
      '  PASSWORD_HASH: has no effect beside `hasher`',
      '  RATE_LIMIT_CONFIRMS: has no effect beside `limits.confirms`',
      '  RATE_LIMIT_REQUESTS: has no effect beside `limits.requests`',
    ])
  })

  test('is refused for options that there are none of, and without an environment', async () => {
    const hook = () => undefined
    const options = { env: undefined, beforeRest: hook, limits: { request: hook } }
    expect((await register(options)).split('\n').slice(1)).toEqual([
      '  env: is required: the variables, as a process has them',
      '  beforeRest: is no option of Rekey',
      '  limits.request: is no option of Rekey',
    ])
  })

  test('is refused for parts that are null, where the variables say nothing either', async () => {
    const { DATABASE_URL, RESEND_API_KEY, ...env } = environmentFor(surroundings)
    const refusal = await register({ env, accounts: null, transport: null, hasher: null })
    expect(refusal).toContain('DATABASE_URL: is required')
    expect(refusal).toContain('RESEND_API_KEY: is required')
  })

  test('is refused for the outbox, which shows every mail', async () => {
    const env = { ...environmentFor(surroundings), MAIL_TRANSPORT: 'outbox' }
    expect(await register({ env })).toMatch(
      /\n {2}MAIL_TRANSPORT: outbox is for the service alone[^\n]+$/,
    )
  })

  test('is refused where a route of the same path exists', async () => {
    const app = Fastify()
    app.post(`${basePath}/reset-password`, async () => 'theirs')
    const registration = app.register(rekey, { env: environmentFor(surroundings) })
    await expect(Promise.resolve(registration)).rejects.toThrow('already declared')
    await app.close()
  })

  test('is taken while the database is down, and costs the other routes nothing', async () => {
    const app = Fastify()
    const env = { ...environmentFor(surroundings), DATABASE_URL: 'postgres://a:b@127.0.0.1:1/c' }
    await app.register(rekey, { env })
    app.get('/theirs', async () => 'fine')
    const url = `${basePath}/check-reset-link`
    const payload = sealedLink({
      id: '42',
      email: 'a@b.c',
      password: '',
      passwordHash: 'x'.repeat(60),
    })
    expect((await app.inject({ method: 'POST', url, payload })).statusCode).toBe(503)
    expect((await app.inject('/theirs')).payload).toBe('fine')
    await app.close()
  })
})

describe('an application that closes', () => {
  test('has the accepted work done before', async () => {
    const user = await addUser(surroundings.database.sql)
    const app = await startHost(surroundings, (logger) => buildMeddler(logger))
    await app.post('send-reset-password-link', { email: user.email })
    await app.stop()
    expect(surroundings.resend.mails.some(({ to }) => to.includes(user.email))).toBe(true)
  })

  test('keeps the process alive no longer', async () => {
    const program = `
      import Fastify from 'fastify'
      import { rekey } from './src/plugin/rekey.ts'
      const app = Fastify()
      await app.register(rekey, { env: process.env })
      await app.close()
      console.log(process.getActiveResourcesInfo().filter((name) => name === 'Timeout'))`
    const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', program]
    const env = { ...environmentFor(surroundings), SHUTDOWN_GRACE_SECONDS: '60' }
    const { stdout } = await promisify(execFile)(process.execPath, args, { env, timeout: 20_000 })
    expect(stdout).toBe('[]\n')
  })

  test('says how much of it was lost after SHUTDOWN_GRACE_SECONDS', async () => {
    const user = await addUser(surroundings.database.sql)
    const env = { SHUTDOWN_GRACE_SECONDS: '1', RESEND_BASE_URL: 'http://127.0.0.1:1' }
    const app = await startHost(surroundings, (logger) => buildMeddler(logger, env))
    await app.post('send-reset-password-link', { email: user.email })
    await app.stop()
    const line = app.log.lines.find(({ lost }) => lost !== undefined)
    expect(line).toMatchObject({ lost: 1, msg: 'stopped before all accepted work was done' })
  })
})
