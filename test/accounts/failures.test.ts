// What the log says of a failure: its code always, its message where it holds nothing but PostgreSQL's own words.

import postgres from 'postgres'
import { expect, test } from 'vitest'
import { describeFailure, isRefusal, isRowFault } from '../../src/accounts/failures.ts'

const CANARY = 'tPass'
const failure = (code: string, message: string) => Object.assign(new Error(message), { code })
const refusal = (code: string, message: string): Error =>
  Object.assign(Object.create(postgres.PostgresError.prototype), { code, message })

// A part of a password that is not percent-encoded is read as host, role or database.
test.each<[string, Error]>([
  ['ENOTFOUND', failure('ENOTFOUND', `getaddrinfo ENOTFOUND ${CANARY}`)],
  ['ECONNREFUSED', failure('ECONNREFUSED', `connect ECONNREFUSED ${CANARY}:5432`)],
  ['CONNECT_TIMEOUT', failure('CONNECT_TIMEOUT', `write CONNECT_TIMEOUT ${CANARY}:5432`)],
  ['3D000', refusal('3D000', `database "${CANARY}" does not exist`)],
  ['28P01', refusal('28P01', `password authentication failed for user "${CANARY}"`)],
  ['28000', refusal('28000', `no pg_hba.conf entry for host "::1", user "${CANARY}"`)],
  ['08P01', refusal('08P01', `no such user: ${CANARY}`)],
  ['22P02', refusal('22P02', `invalid input syntax for type bigint: "${CANARY}"`)],
  ['P0001', refusal('P0001', `no password for ${CANARY}`)],
])('%s is told alone', (code, error) => {
  expect(describeFailure(error)).toBe(code)
})

test.each<[string, unknown]>([
  ['42P01 relation "a" does not exist', refusal('42P01', 'relation "a" does not exist')],
  ['no answer in time', new Error('no answer in time')],
  ['unknown failure', undefined],
])('%j is told whole', (told, error) => {
  expect(describeFailure(error)).toBe(told)
})

test.each<[string, Error, boolean, boolean]>([
  ['a value that is none', refusal('22P02', ''), true, true],
  ['a function that raises', refusal('P0001', ''), true, true],
  ['a name that is not there', refusal('42703', ''), false, true],
  ['a schema that is not there', refusal('3F000', ''), false, true],
  ['a pooler that is full', refusal('XX000', 'Max client connections reached'), false, false],
  ['a statement that took too long', refusal('57014', ''), false, false],
  ['a foreign server that is away', refusal('HV00N', ''), false, false],
  ['a connection that broke', failure('ECONNRESET', ''), false, false],
])('%s', (_, error, isOfRow, isOfStatement) => {
  expect([isRowFault(error), isRefusal(error)]).toEqual([isOfRow, isOfStatement])
})
