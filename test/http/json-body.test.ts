// Which bodies are read at all: JSON objects in UTF-8, small and without surprises.

import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ACCEPTED } from '../support/answers.ts'
import { basePath } from '../support/client.ts'
import { forgedLink } from '../support/links.ts'
import { startService, type TestService } from '../support/service.ts'
import { createSurroundings, type Surroundings } from '../support/surroundings.ts'
import { addUser, createUsers } from '../support/users.ts'

const ROUTE = 'send-reset-password-link'
const UNSUPPORTED = '415 {"detail":"Unsupported media type in request."}'
const UNPARSED = '400 {"detail":"JSON parse error"}'
const NO_OBJECT = '400 {"non_field_errors":["Invalid data. Expected a dictionary."]}'
const body = '{"email":"nobody@example.com"}'

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

test.each([
  ['application/json', ACCEPTED],
  ['application/json; charset=utf-8', ACCEPTED],
  ['application/json;charset=UTF-8', ACCEPTED],
  ['application/json; charset=utf8', ACCEPTED],
  ['application/json; charset="utf-8"', ACCEPTED],
  ['APPLICATION/JSON ;charset=utf-8', ACCEPTED],
  ['application/json; charset=utf-16', UNSUPPORTED],
  ['application/json; charset="utf-16"', UNSUPPORTED],
  ['application/json; charset=iso-8859-1', UNSUPPORTED],
  ['application/json; charset=utf-8; charset=utf-16', UNSUPPORTED],
  ['application/json; charset=utf-80', UNSUPPORTED],
  ['application/json; charset=', UNSUPPORTED],
  ['application/json garbage', UNSUPPORTED],
  ['application/json\ta', UNSUPPORTED],
  ['application/json, text/plain', UNSUPPORTED],
  ['application/jsonp', UNSUPPORTED],
  ['application/problem+json', UNSUPPORTED],
  ['text/json', UNSUPPORTED],
  ['text/plain', UNSUPPORTED],
  ['application/x-www-form-urlencoded', UNSUPPORTED],
  ['multipart/form-data; boundary=x', UNSUPPORTED],
  ['application/octet-stream', UNSUPPORTED],
  ['json', UNSUPPORTED],
  ['', UNSUPPORTED],
])('a body of type %j is taken or refused by its type alone', async (type, answer) => {
  expect((await service.post(ROUTE, body, { 'content-type': type })).answer).toBe(answer)
})

test('a body without a type is refused', async () => {
  const { answer } = await service.ask(`${basePath}/${ROUTE}`, { method: 'POST', body })
  expect(answer).toBe(UNSUPPORTED)
})

test.each(['gzip', 'br', 'deflate', 'identity', 'x'])(
  'a body with Content-Encoding %s is refused, whatever is in it',
  async (encoding) => {
    const headers = { 'content-encoding': encoding }
    expect((await service.post(ROUTE, body, headers)).answer).toBe(UNSUPPORTED)
    expect((await service.post(ROUTE, gzipSync(body), headers)).answer).toBe(UNSUPPORTED)
  },
)

test.each([
  ['{', UNPARSED],
  ['{"email":', UNPARSED],
  ["{'email':'nobody@example.com'}", UNPARSED],
  ['{"email":"nobody@example.com"} x', UNPARSED],
  ['{"email":"nobody@example.com",}', UNPARSED],
  ['// no\n{"email":"nobody@example.com"}', UNPARSED],
  ['{"email":NaN}', UNPARSED],
  ['{"email":"nobody@example.com\n"}', UNPARSED],
  [' ', UNPARSED],
  ['<html>', UNPARSED],
  ['{"__proto__":{"email":"nobody@example.com"}}', UNPARSED],
  ['{"\\u005f_proto__":{"email":"nobody@example.com"}}', UNPARSED],
  ['{"email":"nobody@example.com","__proto__":null}', UNPARSED],
  ['{"constructor":{"prototype":{"email":"nobody@example.com"}}}', UNPARSED],
  ['[]', NO_OBJECT],
  ['[{"email":"nobody@example.com"}]', NO_OBJECT],
  ['"nobody@example.com"', NO_OBJECT],
  ['1', NO_OBJECT],
  ['true', NO_OBJECT],
  ['null', NO_OBJECT],
  ['', '400 {"login":["This field is required."]}'],
  ['{}', '400 {"login":["This field is required."]}'],
  ['\ufeff{"email":"nobody@example.com"}', ACCEPTED],
  ['\r\n\t {"email":"nobody@example.com"} \n', ACCEPTED],
  ['{"\\u0065mail":"nobody@example.com"}', ACCEPTED],
])('the body %j is answered as JSON or not', async (text, answer) => {
  expect((await service.post(ROUTE, text)).answer).toBe(answer)
})

test('a body changes no prototype', async () => {
  await service.post(ROUTE, '{"__proto__":{"polluted":true}}')
  await service.post(ROUTE, '{"constructor":{"prototype":{"polluted":true}}}')
  expect({}).not.toHaveProperty('polluted')
})

test.each([
  ['an address', (bytes: string) => `{"email":"nob${bytes}ody@example.com"}`],
  ['a password', (bytes: string) => JSON.stringify({ ...forgedLink(), password: bytes })],
  ['a name that nobody reads', (bytes: string) => `{"email":"nobody@example.com","${bytes}":1}`],
])('bytes that are not UTF-8 in %s are refused', async (_, place) => {
  for (const bytes of ['\xff', '\xc0\xaf', '\xed\xa0\x80', '\xf4\x90\x80\x80']) {
    const sent = Buffer.from(place(bytes), 'latin1')
    expect((await service.post(ROUTE, sent)).answer).toBe(UNPARSED)
    expect((await service.post('reset-password', sent)).answer).toBe(UNPARSED)
  }
})

test('a body of 16 KiB is read, and one byte more is too large', async () => {
  const bodyOf = (length: number) => body.replace('}', `,"x":"${'x'.repeat(length - 37)}"}`)
  expect(bodyOf(16_384)).toHaveLength(16_384)
  expect((await service.post(ROUTE, bodyOf(16_384))).answer).toBe(ACCEPTED)
  const tooLarge = await service.post(ROUTE, bodyOf(16_385))
  expect(tooLarge.answer).toBe('413 {"detail":"Request body is too large."}')
})

test('a body that comes in chunks is too large at the same size', async () => {
  const reply = await service.ask(`${basePath}/${ROUTE}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'transfer-encoding': 'chunked' },
    body: 'x'.repeat(16_385),
  })
  expect(reply.answer).toBe('413 {"detail":"Request body is too large."}')
})

test('a body of eight thousand nested lists is refused like any other list', async () => {
  const nested = '['.repeat(8000) + ']'.repeat(8000)
  expect((await service.post(ROUTE, nested)).answer).toBe(NO_OBJECT)
})

test('an empty body without a type is no JSON object', async () => {
  const { answer } = await service.ask(`${basePath}/${ROUTE}`, { method: 'POST' })
  expect(answer).toBe(NO_OBJECT)
})

test('a refused body sends no mail', async () => {
  const user = await addUser(surroundings.database.sql)
  const asked = { email: user.email }
  await service.post(ROUTE, asked, { 'content-type': 'text/plain' })
  await service.post(ROUTE, gzipSync(JSON.stringify(asked)), { 'content-encoding': 'gzip' })
  await service.post(ROUTE, [asked])
  const seen = service.log.lines.length
  await service.post(ROUTE, { email: 'nobody@example.com' })
  await service.log.waitFor(({ reason }) => reason === 'no_account', seen)
  expect(surroundings.resend.requests).toEqual([])
})
