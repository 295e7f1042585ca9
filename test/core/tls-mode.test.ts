// How an encrypted connection is told from one that only seems so.

import { expect, test } from 'vitest'
import { readTlsMode, type TlsMode } from '../../src/core/tls-mode.ts'

const URL_OF_DATABASE = 'postgres://rekey:pw@db.example/app'

test.each<[string, TlsMode]>([
  ['', 'none'],
  ['?sslmode=', 'none'],
  ['?sslmode=disable', 'none'],
  ['?ssl=', 'none'],
  ['?ssl=false', 'none'],
  ['?sslmode=prefer', 'if-offered'],
  ['?sslmode=allow', 'unchecked'],
  ['?sslmode=require', 'unchecked'],
  ['?ssl=require', 'unchecked'],
  ['?sslmode=verify-ca', 'checked'],
  ['?sslmode=verify-full', 'checked'],
  ['?ssl=true', 'checked'],
  ['?sslmode=toString', 'checked'],
  ['?sslmode=disable&ssl=true', 'none'],
  ['?sslmode=&ssl=true', 'checked'],
  ['?sslmode=verify-full&sslmode=disable', 'none'],
])('a URL with "%s" is %s', (query, mode) => {
  expect(readTlsMode(URL_OF_DATABASE + query, undefined)).toBe(mode)
})

test.each(['', '?sslmode=disable', '?sslmode=prefer'])(
  'with DATABASE_CA the certificate is checked, whatever "%s" says',
  (query) => {
    expect(readTlsMode(URL_OF_DATABASE + query, 'PEM')).toBe('checked')
  },
)
