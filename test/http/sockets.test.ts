// What HTTP libraries would not send: raw bytes, half requests, slow ones.

import { once } from 'node:events'
import Fastify from 'fastify'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { fastifyOptions } from '../../src/http/app.ts'
import { replyToBrokenRequest } from '../../src/http/broken-requests.ts'
import { basePath } from '../support/client.ts'
import { linkMailsTo } from '../support/links.ts'
import { linkIn } from '../support/resend-stand-in.ts'
import { startService, type TestService } from '../support/service.ts'
import { createSurroundings, type Surroundings } from '../support/surroundings.ts'
import { addUser, createUsers } from '../support/users.ts'
import { exchange, openSocket, pushAll, statusesIn } from './raw-socket.ts'

const path = `${basePath}/send-reset-password-link`

let surroundings: Surroundings
let service: TestService

beforeAll(async () => {
  surroundings = await createSurroundings()
  await createUsers(surroundings.database.sql)
  service = await startService(surroundings)
})

afterAll(async () => {
  await service?.stop()
  await surroundings?.end()
})

/** A request for a link, as bytes. */
function requestOf(
  email: string,
  headers: readonly string[] = ['Host: x'],
  target = path,
  version = '1.1',
): string {
  const body = JSON.stringify({ email })
  return [
    `POST ${target} HTTP/${version}`,
    ...headers,
    'Connection: close',
    'Content-Type: application/json',
    `Content-Length: ${body.length}`,
    '',
    body,
  ].join('\r\n')
}

test.each<[string, (email: string) => string]>([
  ['two Host headers', (email) => requestOf(email, ['Host: x', 'Host: evil.example'])],
  ['another Host header first', (email) => requestOf(email, ['Host: evil.example', 'Host: x'])],
  ['no Host in HTTP/1.0', (email) => requestOf(email, [], path, '1.0')],
  ['a whole URL', (email) => requestOf(email, ['Host: x'], `https://evil.example${path}`)],
  ['an upgrade', (email) => requestOf(email, ['Host: x', 'Upgrade: websocket'])],
  ['an upgrade to HTTP/2', (email) => requestOf(email, ['Host: x', 'Upgrade: h2c'])],
])('a request with %s is served, and its link is as configured', async (_, bytesFor) => {
  const user = await addUser(surroundings.database.sql)
  expect(statusesIn(await exchange(service.url, bytesFor(user.email)))).toEqual([200])
  const mail = await surroundings.resend.waitForMail(({ to }) => to[0] === user.email)
  expect(linkIn(mail)).toMatch(/^https:\/\/app\.example\/reset\?timestamp=/)
  expect(JSON.stringify(mail)).not.toContain('evil.example')
})

test.each([
  'app.example:@evil.example',
  'localhost@evil.example',
  'www.example:dr.frankenstein@evil.example',
  'app.example, evil.example',
  'app.example/reset',
  'app.example:80:80',
  'app example',
  'app.example#evil.example',
  '[app.example]',
  '%zz',
])('a request with the Host %s is refused, and mails nothing', async (host) => {
  const user = await addUser(surroundings.database.sql)
  const seen = service.log.lines.length
  const received = await exchange(service.url, requestOf(user.email, [`Host: ${host}`]))
  expect(statusesIn(received)).toEqual([400])
  expect(received).toContain('{"non_field_errors":["The Host header is not a host."]}')
  const line = await service.log.waitFor(({ msg }) => msg === 'request completed', seen)
  expect(line).toMatchObject({ status: 400, cause: 'the Host is none' })
  expect(linkMailsTo(surroundings.resend, user.email)).toEqual([])
})

test.each([
  '',
  'rekey_app-1:3000',
  '127.0.0.1:3000',
  '[::1]:3000',
  '[v1.a:b]',
  'app.example.:',
  'b%c3%bccher',
])('a request with the Host %j is served', async (host) => {
  const bytes = requestOf('nobody@example.com', [`Host: ${host}`])
  expect(statusesIn(await exchange(service.url, bytes))).toEqual([200])
})

test('Expect: 100-continue is answered, then the request', async () => {
  const bytes = requestOf('nobody@example.com', ['Host: x', 'Expect: 100-continue'])
  expect(statusesIn(await exchange(service.url, bytes))).toEqual([100, 200])
})

/** What every reply carries, whoever has written it. */
function expectHeaders(received: string): void {
  const [head = ''] = received.split('\r\n\r\n')
  expect(head.toLowerCase().split('\r\n')).toEqual(
    expect.arrayContaining([
      'cache-control: no-store',
      "content-security-policy: default-src 'none'; frame-ancestors 'none'",
      'content-type: application/json; charset=utf-8',
      'cross-origin-resource-policy: same-origin',
      'referrer-policy: no-referrer',
      'strict-transport-security: max-age=31536000',
      'x-content-type-options: nosniff',
    ]),
  )
}

test.each([
  [
    'another expectation',
    ['Host: x', 'Expect: miracles'],
    '1.1',
    417,
    '{"detail":"Expectation Failed."}',
  ],
  ['no expectation', ['Host: x', 'Expect:'], '1.1', 417, '{"detail":"Expectation Failed."}'],
  ['no Host in HTTP/1.1', [], '1.1', 400, '{"non_field_errors":["The Host header is missing."]}'],
] as const)('a request with %s is refused as JSON', async (_, headers, version, status, body) => {
  const user = await addUser(surroundings.database.sql)
  const received = await exchange(service.url, requestOf(user.email, headers, path, version))
  expect(statusesIn(received)).toEqual([status])
  expect(received).toMatch(/\r\n\r\n\{[^\r]*\}$/)
  expect(received.endsWith(body)).toBe(true)
  expectHeaders(received)
  expect(received).not.toContain(user.email)
  expect(linkMailsTo(surroundings.resend, user.email)).toEqual([])
})

test('a request without a Host can be told so as problem details', async () => {
  const headers = ['Accept: application/problem+json']
  const received = await exchange(service.url, requestOf('nobody@example.com', headers))
  expect(received).toContain('"code":"invalid_request"')
})

const smuggled =
  'GET /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n'

test.each([
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
  ['the start of TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400],
  ['a method that is none', 'CANARY / HTTP/1.1\r\nHost: x\r\n\r\n', 400],
  ['a NUL in the path', 'GET /\0 HTTP/1.1\r\nHost: x\r\n\r\n', 400],
  ['a header without a name', 'GET / HTTP/1.1\r\nHost: x\r\n: CANARY\r\n\r\n', 400],
  ['two lengths', smuggled, 400],
  ['a length that is none', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n', 400],
  ['20 KB of headers', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'CANARY'.repeat(3500)}\r\n\r\n`, 431],
])('%s is refused as JSON, with every header, and the line is cut', async (_, bytes, status) => {
  const received = await exchange(service.url, Buffer.from(bytes, 'latin1'))
  expect(statusesIn(received)).toEqual([status])
  const texts = { 400: 'Bad Request.', 431: 'Request Header Fields Too Large.' }
  expect(received).toMatch(new RegExp(`\\r\\n\\r\\n\\{"detail":"${texts[status as 400]}"\\}$`))
  expectHeaders(received)
  expect(received).not.toContain('CANARY')
  expect(JSON.stringify(service.log.lines)).not.toContain('CANARY')
})

describe('a refusal reaches a client that sends everything at once', () => {
  const rest = (headers: readonly string[], body: Uint8Array, version = '1.1', target = path) =>
    Buffer.concat([
      Buffer.from([`POST ${target} HTTP/${version}`, ...headers, '', ''].join('\r\n')),
      body,
    ])
  const json = ['Host: x', 'Content-Type: application/json']
  const large = Buffer.alloc(20_000_000, 'x')
  const sized = `Content-Length: ${large.length}`
  const chunked = Buffer.concat([
    Buffer.from(`${large.length.toString(16)}\r\n`),
    large,
    Buffer.from('\r\n0\r\n\r\n'),
  ])

  test.each<[string, Buffer, number, string]>([
    ['a body', rest([...json, sized], large), 413, 'Request body is too large.'],
    [
      'a body, and then closes',
      rest([...json, sized, 'Connection: close'], large),
      413,
      'Request body is too large.',
    ],
    ['a body by HTTP/1.0', rest([...json, sized], large, '1.0'), 413, 'Request body is too large.'],
    [
      'a body in chunks',
      rest([...json, 'Transfer-Encoding: chunked'], chunked),
      413,
      'Request body is too large.',
    ],
    [
      'a body in chunks, and then closes',
      rest([...json, 'Transfer-Encoding: chunked', 'Connection: close'], chunked),
      413,
      'Request body is too large.',
    ],
    [
      'a body of another type',
      rest(['Host: x', 'Content-Type: text/plain', sized, 'Connection: close'], large),
      415,
      'Unsupported media type in request.',
    ],
    [
      'a body to nowhere',
      rest([...json, sized, 'Connection: close'], large, '1.1', '/nothing'),
      404,
      'Not found.',
    ],
    [
      'a body with another expectation',
      rest([...json, sized, 'Expect: miracles'], large),
      417,
      'Expectation Failed.',
    ],
    [
      'headers',
      rest(['Host: x', `X: ${large}`], Buffer.alloc(0)),
      431,
      'Request Header Fields Too Large.',
    ],
    ['what is no HTTP', large, 400, 'Bad Request.'],
  ])('%s', async (_, bytes, status, detail) => {
    const received = await pushAll(service.url, bytes)
    expect(statusesIn(received)).toEqual([status])
    expect(received).toContain(JSON.stringify({ detail }))
    expectHeaders(received)
  })

  test('and what it asks next on the same connection is answered', async () => {
    const asked = Buffer.from('GET /livez HTTP/1.1\r\nHost: x\r\n\r\n')
    const bytes = Buffer.concat([rest([...json, sized], large), asked])
    expect(statusesIn(await pushAll(service.url, bytes, 2))).toEqual([413, 200])
  })

  test('but nobody is read from for ever', async () => {
    const socket = await openSocket(service.url)
    const closed = new Promise((resolve) => socket.once('close', resolve))
    socket.write(rest([...json, 'Content-Length: 999999999999'], Buffer.alloc(0)))
    const push = () => {
      while (socket.writable && socket.write(large));
    }
    socket.on('drain', push)
    push()
    await closed
    expect(statusesIn(socket.received())).toEqual([413])
    expect(socket.bytesWritten).toBeLessThan(200_000_000)
  })
})

test('CONNECT is cut without an answer', async () => {
  expect(await exchange(service.url, 'CONNECT evil.example:443 HTTP/1.1\r\nHost: x\r\n\r\n')).toBe(
    '',
  )
})

test('chunk extensions without end are cut', async () => {
  const head = `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`
  const received = await exchange(service.url, `${head}1;${'a'.repeat(20_000)}\r\n`)
  expect(statusesIn(received)).toEqual([413])
})

test('a client that hangs up in the middle of its body harms nobody', async () => {
  const user = await addUser(surroundings.database.sql)
  const socket = await openSocket(service.url)
  const seen = service.log.lines.length
  socket.write(requestOf(user.email).slice(0, -5))
  socket.end()
  await once(socket, 'close')
  await service.ask('/livez')
  await service.log.waitFor(({ route }) => route === '/livez', seen)
  expect(surroundings.resend.mails.filter(({ to }) => to[0] === user.email)).toEqual([])
})

test('a client that hangs up after its request is mailed all the same, once', async () => {
  const user = await addUser(surroundings.database.sql)
  const socket = await openSocket(service.url)
  socket.write(requestOf(user.email))
  await once(socket, 'data')
  socket.destroy()
  await surroundings.resend.waitForMail(({ to }) => to[0] === user.email)
  const mails = surroundings.resend.mails.filter(({ to }) => to[0] === user.email)
  expect(mails).toHaveLength(1)
})

describe('a slow client', () => {
  test('has ten seconds for its headers and fifteen for its request', async () => {
    const app = Fastify(fastifyOptions([]))
    expect(app.server).toMatchObject({
      headersTimeout: 10_000,
      requestTimeout: 15_000,
      keepAliveTimeout: 72_000,
    })
    await app.close()
  })

  test.each([
    ['the headers', 'POST / HTTP/1.1\r\nHost: x\r\nX-Slow: '],
    [
      'the body',
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{',
    ],
  ])('that does not finish %s in time is cut', async (_, bytes) => {
    const app = Fastify({
      ...fastifyOptions([]),
      clientErrorHandler: replyToBrokenRequest,
      requestTimeout: 200,
      http: { headersTimeout: 100, connectionsCheckingInterval: 20 },
    })
    app.post('/', () => 'done')
    const received = await exchange(await app.listen({ host: '127.0.0.1', port: 0 }), bytes)
    expect(received).toMatch(/^HTTP\/1\.1 408 .*\{"detail":"Request Timeout\."\}$/s)
    await app.close()
  })
})
