// Which dialects DIALECTS turns on, where they hang, and which places are taken.

import { describe, expect, test } from 'vitest'
import { configWith, faultsWith, faultyWith, warningsWith } from './readings.ts'

const drp = (prefix: string) => ({ name: 'rest-passwordreset', prefix })
const djra = (prefix: string) => ({ name: 'dj-rest-auth', prefix })

test.each([
  [undefined, []],
  ['', []],
  ['rest-passwordreset', [drp('/api/password_reset')]],
  ['dj-rest-auth', [djra('/api/auth')]],
  ['rest-passwordreset,dj-rest-auth', [drp('/api/password_reset'), djra('/api/auth')]],
  [
    'dj-rest-auth = /rest-auth , rest-passwordreset',
    [djra('/rest-auth'), drp('/api/password_reset')],
  ],
  ['dj-rest-auth=/rest-auth/', [djra('/rest-auth')]],
  ['dj-rest-auth=/api', [djra('/api')]],
  ['dj-rest-auth=/api,rest-passwordreset', [djra('/api'), drp('/api/password_reset')]],
  ['rest-passwordreset=/resets', [drp('/resets')]],
  ['dj-rest-auth=/en/auth,dj-rest-auth=/fr/auth', [djra('/en/auth'), djra('/fr/auth')]],
  ['dj-rest-auth,dj-rest-auth=/rest-auth', [djra('/api/auth'), djra('/rest-auth')]],
  [
    'rest-passwordreset=/a,dj-rest-auth=/b,rest-passwordreset=/c',
    [drp('/a'), djra('/b'), drp('/c')],
  ],
  ['dj-rest-auth=/api/v1/accounts/auth', [djra('/api/v1/accounts/auth')]],
])('DIALECTS=%s', (value, spoken) => {
  expect(configWith({ DIALECTS: value }).http.dialects).toEqual(spoken)
})

const NAMES = 'DIALECTS: must be rest-passwordreset, dj-rest-auth or both, separated by a comma'
const PREFIX = 'DIALECTS: must have prefixes such as dj-rest-auth=/rest-auth'
const TAKEN =
  'DIALECTS: has a prefix where something else is: BASE_PATH, another of these prefixes, /reset, /livez, /readyz or /outbox'

describe('a fault is', () => {
  test.each([
    ['djoser', NAMES],
    ['Dj-Rest-Auth', NAMES],
    ['rest-passwordreset dj-rest-auth', NAMES],
    ['toString', NAMES],
    ['=/rest-auth', NAMES],
    ['dj-rest-auth,', 'DIALECTS: has an empty entry between commas'],
    ['dj-rest-auth,dj-rest-auth', TAKEN],
    ['dj-rest-auth=/rest-auth,dj-rest-auth=/rest-auth/', TAKEN],
    ['dj-rest-auth=/a,dj-rest-auth=/a/password/reset', TAKEN],
    ['dj-rest-auth=', PREFIX],
    ['dj-rest-auth=/', PREFIX],
    ['dj-rest-auth=rest-auth', PREFIX],
    ['dj-rest-auth=/a=/b', PREFIX],
    ['dj-rest-auth=/:id', PREFIX],
    ['dj-rest-auth=/*', PREFIX],
    ['dj-rest-auth=/api/..', PREFIX],
    ['dj-rest-auth=https://app.example', PREFIX],
    ['dj-rest-auth=/api/v1/accounts', TAKEN],
    ['rest-passwordreset=/api/v1/accounts/', TAKEN],
    ['rest-passwordreset=/api/v1/accounts/reset-password', TAKEN],
    ['rest-passwordreset=/api/auth,dj-rest-auth', TAKEN],
    ['rest-passwordreset=/api/auth/password/reset,dj-rest-auth', TAKEN],
    ['rest-passwordreset=/api/auth/password/change,dj-rest-auth', TAKEN],
    ['dj-rest-auth=/reset', TAKEN],
    ['dj-rest-auth=/reset/auth', TAKEN],
    ['rest-passwordreset=/livez', TAKEN],
    ['rest-passwordreset=/readyz', TAKEN],
    ['rest-passwordreset=/outbox', TAKEN],
  ])('DIALECTS=%s', (value, fault) => {
    expect(faultsWith({ DIALECTS: value })).toEqual([fault])
  })

  test.each(['/api/auth', '/api/auth/'])('BASE_PATH=%s where a dialect hangs', (basePath) => {
    expect(faultsWith({ DIALECTS: 'dj-rest-auth', BASE_PATH: basePath })).toEqual([TAKEN])
  })

  test('a dialect on a route of a BASE_PATH that is the root, and nowhere else', () => {
    const root = { BASE_PATH: '/' }
    expect(faultsWith({ ...root, DIALECTS: 'rest-passwordreset=/reset-password' })).toEqual([TAKEN])
    expect(faultsWith({ ...root, DIALECTS: 'rest-passwordreset=/password_reset' })).toEqual([])
  })

  test('one for the variable that it is of, however many there are', () => {
    const changes = { DIALECTS: 'djoser', BASE_PATH: 'api' }
    expect(faultyWith(changes).sort()).toEqual(['BASE_PATH', 'DIALECTS'])
    expect(faultyWith({ ...changes, DIALECTS: 'dj-rest-auth' })).toEqual(['BASE_PATH'])
  })
})

describe('a link that a frontend cannot use is warned about', () => {
  const warning = (placeholder: string) =>
    `RESET_PAGE_URL: has no ${placeholder}, which a frontend of DIALECTS looks for`

  const UNTAKEN = 'RESET_PAGE_URL: has {django_token}, which only dj-rest-auth of DIALECTS takes'

  test.each([
    ['dj-rest-auth', '', [warning('{uid}')]],
    ['dj-rest-auth', '?token={token}', [warning('{uid}')]],
    ['dj-rest-auth', '/{uid}/{token}', []],
    ['dj-rest-auth', '/{uid}/{django_token}', []],
    ['dj-rest-auth=/en,dj-rest-auth=/fr', '/{uid}/{django_token}', []],
    ['dj-rest-auth,rest-passwordreset', '/{uid}/{django_token}', [warning('{token}')]],
    ['', '/{uid}/{django_token}', [UNTAKEN]],
    ['rest-passwordreset', '/{uid}/{django_token}', [warning('{token}'), UNTAKEN]],
    ['rest-passwordreset', '', [warning('{token}')]],
    ['rest-passwordreset', '?token={token}', []],
    ['rest-passwordreset,dj-rest-auth', '?token={token}', [warning('{uid}')]],
    ['djoser', '', []],
    ['', '', []],
  ])('DIALECTS=%s with a RESET_PAGE_URL that ends with %j', (dialects, end, warnings) => {
    const changes = { DIALECTS: dialects, RESET_PAGE_URL: `https://app.example/reset${end}` }
    expect(warningsWith(changes)).toEqual(warnings)
  })

  test('for the hosted pages as well, which take no {django_token}', () => {
    const RESET_PAGE_URL = 'https://app.example/reset/?uid={uid}&token={django_token}'
    const hosted = { DIALECTS: 'dj-rest-auth', HOSTED_PAGE: 'true', RESET_PAGE_URL }
    expect(warningsWith(hosted)).toEqual([UNTAKEN])
  })
})
