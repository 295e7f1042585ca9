// What a client over its limit hears, and what counts as one client and one request.

import { once } from 'node:events'
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest'
import { basePath, type Reply } from '../support/client.ts'
import { forgedLink, sealedLink } from '../support/links.ts'
import type { Environment } from '../support/rekey-process.ts'
import { startService, type TestService } from '../support/service.ts'
import type { LogLine } from '../support/service-log.ts'
import { createSurroundings, type Surroundings } from '../support/surroundings.ts'
import { addUser, createUsers } from '../support/users.ts'
import { exchange, openSocket, statusesIn } from './raw-socket.ts'

const ROUTE = 'send-reset-password-link'
const body = { email: 'nobody@example.com' }

let surroundings: Surroundings
let running: TestService | undefined

beforeAll(async () => {
  surroundings = await createSurroundings()
  await createUsers(surroundings.database.sql)
})

afterEach(() => running?.stop())

afterAll(() => surroundings?.end())

/** Every test has a service of its own, whose counts begin at nothing. */
async function start(env: Environment): Promise<TestService> {
  running = await startService(surroundings, env)
  return running
}

const statuses = (replies: readonly Reply[]) => replies.map(({ status }) => status)

test('a client over its limit is told when to come back', async () => {
  const service = await start({ RATE_LIMIT_REQUESTS: '1/1s' })
  await service.post(ROUTE, body)
  const reply = await service.post(ROUTE, body)
  expect(reply.headers['retry-after']).toBe('1')
  expect(reply.answer).toBe(
    '429 {"detail":"Request was throttled. Expected available in 1 second."}',
  )
})

test.each([
  ['ahead', 3 * 86_400_000],
  ['behind', -3 * 86_400_000],
])('a clock that was days %s changes no limit when it is set right', async (_, offset) => {
  const readClock = Date.now
  const clock = vi.spyOn(Date, 'now').mockImplementation(() => readClock() + offset)
  const service = await start({ RATE_LIMIT_REQUESTS: '2/15m' })
  const before = [await service.post(ROUTE, body)]
  clock.mockRestore()
  const after = [await service.post(ROUTE, body), await service.post(ROUTE, body)]
  expect(statuses([...before, ...after])).toEqual([200, 200, 429])
  expect(Number(after[1]?.headers['retry-after'])).toBeLessThanOrEqual(900)
})

test('known and unknown accounts use up the same limit in the same way', async () => {
  const known = await addUser(surroundings.database.sql)
  const unknown = { email: 'user-0@example.com' }
  const answers = []
  for (const email of [known.email, unknown.email]) {
    const service = await start({ RATE_LIMIT_REQUESTS: '3/1d' })
    const replies = []
    for (let times = 0; times < 5; times++) replies.push(await service.post(ROUTE, { email }))
    expect(statuses(replies)).toEqual([200, 200, 200, 429, 429])
    answers.push(replies.map(({ answer }) => answer.replace(/\d+ seconds/, 'N seconds')))
    if (email === known.email) await service.stop()
  }
  expect(answers[0]).toEqual(answers[1])
})

test('of a hundred parallel requests no more than the limit pass', async () => {
  const service = await start({ RATE_LIMIT_REQUESTS: '10/1d' })
  const replies = await Promise.all([...Array(100)].map(() => service.post(ROUTE, body)))
  expect(statuses(replies).filter((status) => status === 200)).toHaveLength(10)
  expect(statuses(replies).filter((status) => status === 429)).toHaveLength(90)
})

test('every pipelined request counts', async () => {
  const service = await start({ RATE_LIMIT_CONFIRMS: '5/1d' })
  const text = JSON.stringify(forgedLink())
  const one = (connection: string) =>
    [
      `POST ${basePath}/check-reset-link HTTP/1.1`,
      'Host: x',
      `Connection: ${connection}`,
      'Content-Type: application/json',
      `Content-Length: ${text.length}`,
      '',
      text,
    ].join('\r\n')
  const received = await exchange(service.url, one('keep-alive').repeat(19) + one('close'))
  expect(statusesIn(received)).toEqual([...Array(5).fill(400), ...Array(15).fill(429)])
})

test('every spelling of a route counts as that route', async () => {
  const service = await start({ RATE_LIMIT_REQUESTS: '3/1d' })
  const path = `${basePath}/${ROUTE}`
  const spellings = [path, `${path}/`, path.replace('send', '%73end'), `${path}?x`, `${path}/?`]
  const replies = []
  for (const spelling of spellings) replies.push(await service.send(spelling, {}))
  expect(statuses(replies)).toEqual([400, 400, 400, 429, 429])
})

test('a request counts before its body is read, whatever the body is', async () => {
  const service = await start({ RATE_LIMIT_REQUESTS: '4/1d' })
  for (const sent of ['{', '[]', '{}', 'x'.repeat(20_000)]) await service.post(ROUTE, sent)
  const socket = await openSocket(service.url)
  socket.write(
    `POST ${basePath}/${ROUTE} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n{`,
  )
  await once(socket, 'data')
  expect(statusesIn(socket.received())).toEqual([429])
  socket.destroy()
})

test.each<Environment>([{}, { TRUST_PROXY: '127.0.0.1' }])(
  'clients that reset their connections are one client, and no error: %o',
  async (env) => {
    const service = await start({ RATE_LIMIT_REQUESTS: '1/1d', ...env })
    const text = JSON.stringify(body)
    const bytes = [
      `POST ${basePath}/${ROUTE} HTTP/1.1`,
      'Host: x',
      ...(env['TRUST_PROXY'] ? ['X-Forwarded-For: 203.0.113.7'] : []),
      'Content-Type: application/json',
      `Content-Length: ${text.length}`,
      '',
      text,
    ].join('\r\n')
    for (let times = 0; times < 200; times += 1) {
      const socket = await openSocket(service.url)
      socket.write(bytes, () => socket.resetAndDestroy())
    }
    const mine = await service.post(
      ROUTE,
      body,
      env['TRUST_PROXY'] ? { 'x-forwarded-for': '203.0.113.8' } : {},
    )
    const isTaken = ({ reason }: LogLine) => reason === 'no_account'
    await service.log.waitFor(isTaken)
    expect(mine.status).toBe(200)
    await service.stop()
    // The first of them, and that of the client which has an address.
    expect(service.log.lines.filter(isTaken)).toHaveLength(2)
    expect(service.log.lines.filter(({ level }) => Number(level) > 30)).toEqual([])
  },
)

test('checks and resets share one limit, which is not that of link requests', async () => {
  const service = await start({ RATE_LIMIT_CONFIRMS: '2/1d', RATE_LIMIT_REQUESTS: '1/1d' })
  await service.post('check-reset-link', forgedLink())
  await service.post('reset-password', forgedLink())
  const others = [
    await service.post('check-reset-link', forgedLink()),
    await service.post('reset-password', {}),
    await service.post(ROUTE, body),
    await service.ask(`${basePath}/password-rules`),
    await service.ask('/livez'),
  ]
  expect(statuses(others)).toEqual([429, 429, 200, 200, 200])
})

test('somebody over the limit keeps nobody else from using a link', async () => {
  const service = await start({ RATE_LIMIT_CONFIRMS: '1/1d', TRUST_PROXY: '127.0.0.1' })
  const user = await addUser(surroundings.database.sql)
  const link = sealedLink(user)
  const from = (address: string) => ({ 'x-forwarded-for': address })
  const forged = { ...link, signature: forgedLink().signature }
  for (const status of [400, 429, 429]) {
    const reply = await service.post(
      'reset-password',
      { ...forged, password: 'x' },
      from('6.6.6.6'),
    )
    expect(reply.status).toBe(status)
  }
  const mine = { ...link, password: 'a brand new pass phrase' }
  expect((await service.post('reset-password', mine, from('7.7.7.7'))).status).toBe(200)
})

test.each([
  ['one address', ['203.0.113.7', '203.0.113.7'], 429],
  ['two addresses', ['203.0.113.7', '203.0.113.8'], 200],
  ['an IPv4 address in both forms', ['203.0.113.7', '::ffff:203.0.113.7'], 429],
  ['one IPv6 network of 64 bits', ['2001:db8:1:2::1', '2001:db8:1:2:ffff:ffff:ffff:ffff'], 429],
  ['one IPv6 address in two spellings', ['2001:db8:1:2::1', '2001:0DB8:0001:0002:0:0:0:1'], 429],
  ['two IPv6 networks of 64 bits', ['2001:db8:1:2::1', '2001:db8:1:3::1'], 200],
  ['what the client put before it', ['1.1.1.1, 203.0.113.7', '2.2.2.2, 203.0.113.7'], 429],
  ['what stands behind a second proxy', ['203.0.113.7, 10.0.0.9', '203.0.113.8, 10.0.0.9'], 200],
  [
    'what stands behind a proxy that writes its port',
    ['203.0.113.7, 10.0.0.5:8081', '203.0.113.8, 10.0.0.5:8082'],
    200,
  ],
  [
    'one address behind proxies that write their ports',
    ['203.0.113.7:1, 10.0.0.5:8081', '203.0.113.7:2, 10.0.0.6:8081'],
    429,
  ],
  [
    'one IPv6 address with the ports of its connections',
    ['[2001:db8::1]:4711', '[2001:db8::1]:4712'],
    429,
  ],
  [
    'what stands behind an IPv6 proxy that writes its port',
    ['203.0.113.7, [fd00::1]:443', '203.0.113.8, [fd00::1]:444'],
    200,
  ],
  [
    'what stands behind a proxy in IPv6 form',
    ['203.0.113.7, ::ffff:10.0.0.5', '203.0.113.8, [::ffff:10.0.0.5]:80'],
    200,
  ],
  ['two IPv4 addresses behind a NAT64', ['64:ff9b::1.2.3.4', '64:ff9b::1.2.3.5'], 200],
  ['one IPv4 address, also behind a NAT64', ['203.0.113.7', '64:ff9b::203.0.113.7'], 429],
  // The last hop that is known counts, so that one proxy is not all.
  ['what a proxy does not know', ['203.0.113.7, unknown', '203.0.113.8, _hidden'], 429],
  ['what two proxies do not know', ['unknown, 10.0.0.5', 'unknown, 10.0.0.6:80'], 200],
  ['no address', ['', ''], 429],
])('behind a trusted proxy, %s is or is not one client', async (_, [first, second], status) => {
  const service = await start({
    RATE_LIMIT_REQUESTS: '1/1d',
    TRUST_PROXY: '127.0.0.1,10.0.0.0/8,fd00::/8',
  })
  const replies = [
    await service.post(ROUTE, body, { 'x-forwarded-for': first ?? '' }),
    await service.post(ROUTE, body, { 'x-forwarded-for': second ?? '' }),
  ]
  expect(statuses(replies)).toEqual([200, status])
})

test.each([
  'x-forwarded-for',
  'forwarded',
  'x-real-ip',
  'x-client-ip',
  'cf-connecting-ip',
  'true-client-ip',
  'x-cluster-client-ip',
])('without a trusted proxy, another %s makes no other client', async (name) => {
  const service = await start({ RATE_LIMIT_REQUESTS: '1/1d' })
  await service.post(ROUTE, body, { [name]: '203.0.113.7' })
  expect((await service.post(ROUTE, body, { [name]: '203.0.113.8' })).status).toBe(429)
})
