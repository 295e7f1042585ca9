// Every error in both of its body forms, to the byte.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { INVALID_LINK } from '../support/answers.ts'
import { basePath, type Reply } from '../support/client.ts'
import { confide } from '../support/discretion.ts'
import { jwtVariables } from '../support/jwt-issuer.ts'
import { forgedLink, sealedLink } from '../support/links.ts'
import { seconds } from '../support/seconds.ts'
import { startService, type TestService } from '../support/service.ts'
import { createSurroundings, type Surroundings } from '../support/surroundings.ts'
import { addUser, createUsers } from '../support/users.ts'

const PROBLEM = 'application/problem+json'
const password = 'a brand new pass phrase'

let surroundings: Surroundings
let service: TestService
let exhausted: TestService

beforeAll(async () => {
  surroundings = await createSurroundings()
  await createUsers(surroundings.database.sql)
  const JWT_SECRET = confide('a secret of the host application, shared')
  service = await startService(surroundings, { JWT_SECRET, ...jwtVariables })
  exhausted = await startService(surroundings, { RATE_LIMIT_REQUESTS: '1/1d' })
  await exhausted.post('send-reset-password-link', {})
})

afterAll(async () => {
  await exhausted?.stop()
  await service?.stop()
  await surroundings?.end()
})

type Ask = (headers: Readonly<Record<string, string>>) => Promise<Reply>
const problem = (status: number, title: string, detail: string, code: string, errors?: object) => ({
  type: 'about:blank',
  title,
  status,
  detail,
  code,
  ...(errors && { errors }),
})
const errors: readonly [string, Ask, object, object][] = [
  [
    'invalid_request of fields',
    (headers) => service.post('reset-password', { user_id: null, timestamp: 1 }, headers),
    {
      user_id: ['This field may not be null.'],
      signature: ['This field is required.'],
      password: ['This field is required.'],
    },
    problem(400, 'Bad Request', 'This field may not be null.', 'invalid_request', [
      { field: 'user_id', code: 'null', detail: 'This field may not be null.' },
      { field: 'signature', code: 'required', detail: 'This field is required.' },
      { field: 'password', code: 'required', detail: 'This field is required.' },
    ]),
  ],
  [
    'invalid_request of an address',
    (headers) => service.post('send-reset-password-link', { email: 'x' }, headers),
    { email: ['Enter a valid email address.'] },
    problem(400, 'Bad Request', 'Enter a valid email address.', 'invalid_request', [
      { field: 'email', code: 'invalid', detail: 'Enter a valid email address.' },
    ]),
  ],
  [
    'invalid_request of a body that is no object',
    (headers) => service.post('check-reset-link', [], headers),
    { non_field_errors: ['Invalid data. Expected a dictionary.'] },
    problem(400, 'Bad Request', 'Invalid data. Expected a dictionary.', 'invalid_request', [
      {
        field: 'non_field_errors',
        code: 'invalid',
        detail: 'Invalid data. Expected a dictionary.',
      },
    ]),
  ],
  [
    'invalid_request of a body that is no JSON',
    (headers) => service.post('check-reset-link', '{', headers),
    { detail: 'JSON parse error' },
    problem(400, 'Bad Request', 'JSON parse error', 'invalid_request'),
  ],
  [
    'link_invalid',
    (headers) => service.post('check-reset-link', forgedLink(), headers),
    { detail: 'Invalid signature' },
    problem(400, 'Bad Request', 'Invalid signature', 'link_invalid'),
  ],
  [
    'link_invalid of a link from the future',
    async (headers) => {
      const user = await addUser(surroundings.database.sql)
      return service.post('check-reset-link', sealedLink(user, seconds() + 90), headers)
    },
    { detail: 'Invalid signature' },
    problem(400, 'Bad Request', 'Invalid signature', 'link_invalid'),
  ],
  [
    'link_expired',
    async (headers) => {
      const user = await addUser(surroundings.database.sql)
      return service.post('check-reset-link', sealedLink(user, seconds() - 3601), headers)
    },
    { detail: 'Signature expired' },
    problem(400, 'Bad Request', 'Signature expired', 'link_expired'),
  ],
  [
    'link_superseded',
    async (headers) => {
      const user = await addUser(surroundings.database.sql)
      const stale = sealedLink(user, seconds(), { emailAddress: 'earlier@example.com' })
      return service.post('reset-password', { ...stale, password }, headers)
    },
    { detail: 'Invalid signature' },
    problem(400, 'Bad Request', 'Invalid signature', 'link_superseded'),
  ],
  [
    'password_rejected',
    async (headers) => {
      const user = await addUser(surroundings.database.sql)
      return service.post('reset-password', { ...sealedLink(user), password: '12345' }, headers)
    },
    {
      password: [
        'This password is too short. It must contain at least 8 characters.',
        'This password is too common.',
        'This password is entirely numeric.',
      ],
    },
    problem(
      400,
      'Bad Request',
      'This password is too short. It must contain at least 8 characters.',
      'password_rejected',
      [
        {
          field: 'password',
          code: 'password_too_short',
          detail: 'This password is too short. It must contain at least 8 characters.',
        },
        { field: 'password', code: 'password_too_common', detail: 'This password is too common.' },
        {
          field: 'password',
          code: 'password_entirely_numeric',
          detail: 'This password is entirely numeric.',
        },
      ],
    ),
  ],
  [
    'invalid_request of two passwords',
    (headers) => {
      const body = { ...forgedLink(), password, password_confirm: 'another' }
      return service.post('reset-password', body, headers)
    },
    { password_confirm: ["Passwords don't match"] },
    problem(400, 'Bad Request', "Passwords don't match", 'invalid_request', [
      { field: 'password_confirm', code: 'invalid', detail: "Passwords don't match" },
    ]),
  ],
  [
    'not_authenticated without a token',
    (headers) => service.post('change-password', {}, headers),
    { detail: 'Authentication credentials were not provided.' },
    problem(
      401,
      'Unauthorized',
      'Authentication credentials were not provided.',
      'not_authenticated',
    ),
  ],
  [
    'not_authenticated with a bad one',
    (headers) => service.post('change-password', {}, { ...headers, authorization: 'Bearer x' }),
    { detail: 'Invalid token.' },
    problem(401, 'Unauthorized', 'Invalid token.', 'not_authenticated'),
  ],
  [
    'not_found',
    (headers) => service.ask(`${basePath}/nothing`, { headers }),
    { detail: 'Not found.' },
    problem(404, 'Not Found', 'Not found.', 'not_found'),
  ],
  [
    'not_found of a path that is none',
    (headers) => service.ask('/%zz', { headers }),
    { detail: 'Not found.' },
    problem(404, 'Not Found', 'Not found.', 'not_found'),
  ],
  [
    'method_not_allowed',
    (headers) => service.ask(`${basePath}/check-reset-link`, { headers }),
    { detail: 'Method not allowed.' },
    problem(405, 'Method Not Allowed', 'Method not allowed.', 'method_not_allowed'),
  ],
  [
    'payload_too_large',
    (headers) => service.post('check-reset-link', 'x'.repeat(16_385), headers),
    { detail: 'Request body is too large.' },
    problem(413, 'Payload Too Large', 'Request body is too large.', 'payload_too_large'),
  ],
  [
    'unsupported_media_type',
    (headers) =>
      service.post('check-reset-link', 'x', { 'content-type': 'text/plain', ...headers }),
    { detail: 'Unsupported media type in request.' },
    problem(
      415,
      'Unsupported Media Type',
      'Unsupported media type in request.',
      'unsupported_media_type',
    ),
  ],
]

test.each(errors)('%s has a body as Django REST framework has', async (_, ask, body) => {
  const reply = await ask({})
  expect(reply.text).toBe(JSON.stringify(body))
  expect(reply.headers['content-type']).toBe('application/json; charset=utf-8')
})

test.each(errors)('%s has problem details for who names them', async (_, ask, __, details) => {
  const reply = await ask({ accept: `application/json;q=0.5, ${PROBLEM}` })
  expect(reply.text).toBe(JSON.stringify(details))
  expect(reply.headers['content-type']).toBe(`${PROBLEM}; charset=utf-8`)
  expect(details).toMatchObject({ status: reply.status })
})

test.each(['*/*', 'application/*', 'text/html', 'application/json', 'text/html;q=0', ''])(
  'Accept: %s gets the default body',
  async (accept) => {
    const reply = await service.post('check-reset-link', forgedLink(), { accept })
    expect(reply.answer).toBe(INVALID_LINK)
  },
)

test('throttled tells the same wait in the header and in both bodies', async () => {
  for (const accept of ['*/*', PROBLEM]) {
    const reply = await exhausted.post('send-reset-password-link', {}, { accept })
    const wait = Number(reply.headers['retry-after'])
    expect(wait).toBeGreaterThan(86_000)
    expect(wait).toBeLessThanOrEqual(86_400)
    const detail = `Request was throttled. Expected available in ${wait} seconds.`
    const details = problem(429, 'Too Many Requests', detail, 'throttled')
    expect(reply.text).toBe(JSON.stringify(accept === PROBLEM ? details : { detail }))
  }
})

test.each([
  ['in a path', () => service.ask('/CANARY-in-a-path?CANARY-in-a-query')],
  ['in a query', () => service.ask(`${basePath}/reset-password?user_id=1&signature=CANARY`)],
  ['in a header', () => service.ask('/CANARY', { headers: { 'x-request-id': 'CANARY' } })],
  ['in a method', () => service.ask(`${basePath}/CANARY`, { method: 'PATCH' })],
  ['in a media type', () => service.post('reset-password', '{}', { 'content-type': 'CANARY/x' })],
  ['in a field name', () => service.post('reset-password', { CANARY: 1, user_id: {} })],
  ['in a value', () => service.post('reset-password', { user_id: ['CANARY'] })],
  ['in broken JSON', () => service.post('reset-password', '{"CANARY"')],
])('what was sent %s comes back nowhere, nor is it logged', async (_, ask) => {
  const seen = service.log.lines.length
  const reply = await ask()
  expect(reply.status).toBeGreaterThanOrEqual(400)
  expect(JSON.stringify(reply)).not.toContain('CANARY')
  const logged = await service.log.waitFor(({ status }) => status === reply.status, seen)
  expect(JSON.stringify(logged)).not.toContain('CANARY')
})

test('what was sent in a path that is none comes back nowhere, nor is it logged', async () => {
  const reply = await service.ask('/%zz/CANARY-in-a-path?CANARY-in-a-query')
  expect(JSON.stringify([reply, service.log.lines])).not.toContain('CANARY')
})

test('a request that went wrong is one line of the log, with its code and cause', async () => {
  const seen = service.log.lines.length
  await service.post('check-reset-link', forgedLink())
  const line = await service.log.waitFor(({ code }) => code === 'link_invalid', seen)
  expect(line).toMatchObject({
    level: 30,
    method: 'POST',
    route: `${basePath}/check-reset-link`,
    status: 400,
    client: '127.0.0.1',
    cause: 'outer seal does not match',
  })
})
