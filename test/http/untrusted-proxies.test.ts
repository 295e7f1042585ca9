// Forwarding headers that do not count are ignored, said once in the log, and counted.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { startService } from '../support/service.ts'
import type { LogLine } from '../support/service-log.ts'
import { createSurroundings, type Surroundings } from '../support/surroundings.ts'
import { createUsers } from '../support/users.ts'

let surroundings: Surroundings

beforeAll(async () => {
  surroundings = await createSurroundings()
  await createUsers(surroundings.database.sql)
})

afterAll(() => surroundings?.end())

const warnings = (lines: readonly LogLine[]) =>
  lines
    .filter(({ level, msg }) => level === 40 && String(msg).includes('forwarding headers'))
    .map(({ peer, ignored }) => ({ peer, ignored }))

test.each([
  ['no proxy is trusted', {}, { 'x-forwarded-for': '203.0.113.7' }],
  ['no proxy is trusted', {}, { forwarded: 'for=203.0.113.7' }],
  ['another proxy is', { TRUST_PROXY: '10.0.0.1' }, { 'x-forwarded-for': '203.0.113.7' }],
  [
    'it is Forwarded, which no proxy is trusted with',
    { TRUST_PROXY: '127.0.0.1' },
    { forwarded: 'for=203.0.113.7' },
  ],
])('a header is ignored when %s', async (_, env, headers) => {
  const service = await startService(surroundings, env)
  for (let times = 0; times < 3; times++) await service.ask('/livez', { headers })
  await service.ask('/livez')
  await service.stop()
  const told = [
    { peer: '127.0.0.1', ignored: undefined },
    { peer: undefined, ignored: 3 },
  ]
  expect(warnings(service.log.lines)).toEqual(told)
  const clients = service.log.lines.flatMap(({ client }) => (client ? [client] : []))
  expect(new Set(clients)).toEqual(new Set(['127.0.0.1']))
})

test.each([
  ['203.0.113.7', '203.0.113.7'],
  ['203.0.113.7:4711', '203.0.113.7'],
  ['[2001:DB8::7]:4711', '2001:db8::7'],
  // What is no address is not repeated.
  ['nobody@example.com', '127.0.0.1'],
])('from a trusted proxy %j counts, and nobody is warned', async (forwarded, client) => {
  const service = await startService(surroundings, { TRUST_PROXY: '127.0.0.1' })
  const seen = service.log.lines.length
  await service.ask('/livez', { headers: { 'x-forwarded-for': forwarded } })
  const line = await service.log.waitFor(({ route }) => route === '/livez', seen)
  expect(line['client']).toBe(client)
  await service.stop()
  expect(warnings(service.log.lines)).toEqual([])
})

test('a link request is taken whatever a trusted proxy writes as its address', async () => {
  const service = await startService(surroundings, { TRUST_PROXY: '127.0.0.1' })
  for (const forwarded of ['203.0.113.7:4711', '[2001:db8::7]:4711', 'nobody@example.com']) {
    const headers = { 'x-forwarded-for': forwarded }
    const body = { email: 'nobody@example.com' }
    const reply = await service.post('send-reset-password-link', body, headers)
    expect([forwarded, reply.status]).toEqual([forwarded, 200])
  }
  await service.stop()
})

test('without forwarding headers nobody is warned', async () => {
  const service = await startService(surroundings)
  await service.ask('/livez')
  await service.stop()
  expect(warnings(service.log.lines)).toEqual([])
})
