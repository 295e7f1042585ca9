// What gets into values on their way, and not by intent: the quotes that docker's --env-file keeps, the
// carriage returns of a file edited on Windows, blanks and invisible characters from a clipboard.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EnvironmentSchema } from '../../src/config/environment.ts'
import { readEnvironment } from '../../src/config/read-environment.ts'
import {
  configWith,
  faultsWith,
  faultyWith,
  OTHER_SECRET,
  SECRET,
  warningsWith,
} from './readings.ts'

/** SQL and PEM may begin and end as they like. */
const FREE = ['DATABASE_CA', 'USERS_PASSWORD_FILTER_SQL', 'USERS_ELIGIBLE_SQL', 'AFTER_RESET_SQL']
const TABLES = ['USERS_TABLE', 'USERS_PASSWORD_TABLE']
const names = Object.keys(EnvironmentSchema.properties).filter((name) => !FREE.includes(name))

/** Values that each of some variables takes, and that are no defaults. */
const good: Readonly<Record<string, string>> = {
  DATABASE_URL: 'postgres://rekey:other@localhost/app',
  LINK_SECRETS: OTHER_SECRET,
  RESET_PAGE_URL: 'https://web.example/reset',
  REQUEST_PAGE_URL: 'https://web.example/forgot',
  MAIL_FROM: 'Acme <hello@app.example>',
  MAIL_REPLY_TO: 'help@app.example',
  RESEND_API_KEY: 're_456',
  RESEND_BASE_URL: 'https://proxy.example',
  SMTP_URL: 'smtp://mail.example',
  APP_NAME: 'Acme',
  SUPPORT_EMAIL: 'help@app.example',
  LINK_AUDIENCE: 'acme',
  PASSWORD_PEPPER: 'pepper',
  JWKS_URL: 'https://app.example/keys',
  USERS_ID_COLUMN: 'uid',
  USERS_LOGIN_COLUMNS: 'login',
  PORT: '4000',
  HOSTED_PAGE: 'true',
  LOG_LEVEL: 'debug',
  RATE_LIMIT_REQUESTS: '5/1m',
  CORS_ORIGINS: 'https://web.example',
  TRUST_PROXY: '10.0.0.1',
  DIALECTS: 'dj-rest-auth',
}

const QUOTES = ['""', "''", '``', '“”', '”“', '‘’']
const EDGES: readonly [string, string][] = [
  ['\r', 'a carriage return'],
  ['\n', 'a line break'],
  ['\r\n', '(?:a carriage return|a line break)'],
  [' ', 'a blank'],
  ['\t', 'a tab'],
  ['\0', 'a control character \\(U\\+0000\\)'],
  ['\u001b', 'a control character \\(U\\+001B\\)'],
  ['\u0085', 'a control character \\(U\\+0085\\)'],
  ['\u00a0', 'a no-break space'],
  ['\ufeff', 'a byte order mark'],
  ['\u200b', 'an invisible character \\(U\\+200B\\)'],
  ['\u202a', 'an invisible character \\(U\\+202A\\)'],
  ['\u2028', 'an invisible character \\(U\\+2028\\)'],
  ['\u3000', 'an invisible character \\(U\\+3000\\)'],
]

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rekey-spelling-'))
})

afterAll(() => rmSync(folder, { recursive: true }))

const faultOf = (name: string, value: string) => readEnvironment({ [name]: value }).faults.get(name)

describe.each(names)('%s', (name) => {
  const value = good[name] ?? 'x'

  test('is refused wholly in quotes', () => {
    const quotes = QUOTES.filter((pair) => !(TABLES.includes(name) && pair === '""'))
    for (const [open, close] of quotes.map((pair) => [...pair])) {
      for (const text of [value, '', `a ${value} b`]) {
        expect(faultOf(name, `${open}${text}${close}`)).toMatch(
          /^(?:has an entry that )?stands in quotes/,
        )
      }
    }
  })

  test('is refused with what nobody sees at either end, which is named', () => {
    for (const [edge, words] of EDGES) {
      expect(faultOf(name, edge + value)).toMatch(new RegExp(`begins with ${words}: leave it out`))
      expect(faultOf(name, value + edge)).toMatch(new RegExp(`ends with ${words}: leave it out`))
      expect(faultOf(name, edge)).toMatch(/begins with/)
    }
  })
})

test.each(Object.entries(good))('%s=%s is taken as it is', (name, value) => {
  expect(faultOf(name, value)).toBeUndefined()
})

test('all of them are said at once, whatever else is wrong', () => {
  const quoted = Object.fromEntries(
    Object.entries(good).map(([name, value]) => [name, `"${value}"`]),
  )
  expect(faultyWith(quoted).sort()).toEqual(Object.keys(good).sort())
  const windows = Object.fromEntries(
    Object.entries(good).map(([name, value]) => [name, `${value}\r`]),
  )
  expect(faultyWith(windows).sort()).toEqual(Object.keys(good).sort())
})

describe('of a list', () => {
  test.each([
    ['quotes around an entry', `${SECRET},"${OTHER_SECRET}"`],
    ['a zero-width space behind an entry', `${SECRET}\u200b,${OTHER_SECRET}`],
    ['a no-break space before an entry', `${SECRET},\u00a0${OTHER_SECRET}`],
  ])('%s is refused', (_, value) => {
    expect(faultsWith({ LINK_SECRETS: value })).toEqual([
      expect.stringMatching(/^LINK_SECRETS: has an entry that (?:stands|begins|ends) /),
    ])
  })

  test('blanks and line breaks between the entries are not', () => {
    const secrets = `${SECRET},\r\n  ${OTHER_SECRET}`
    expect(configWith({ LINK_SECRETS: secrets }).links.keyRing).toHaveLength(2)
  })
})

describe('a control character within', () => {
  test.each(['LINK_AUDIENCE', 'USERS_ID_COLUMN', 'JWT_ISSUER', 'DEFAULT_LOCALE', 'DATABASE_URL'])(
    'is refused in %s',
    (name) => {
      expect(faultOf(name, 'postgres://a\rb')).toBe('has a carriage return in it: leave it out')
    },
  )

  test('is refused within an entry of a list', () => {
    expect(faultOf('USERS_LOGIN_COLUMNS', 'login,ph\rone')).toBe(
      'has an entry that has a carriage return in it: leave it out',
    )
  })

  test('may be meant in a secret of another system', () => {
    expect(faultOf('JWT_SECRET', `${'s'.repeat(20)}\n${'t'.repeat(20)}`)).toBeUndefined()
    expect(faultOf('PASSWORD_PEPPER', 'a\tb')).toBeUndefined()
  })
})

describe('what may be meant is taken', () => {
  test.each([
    ['USERS_TABLE', '"user.accounts"'],
    ['USERS_ELIGIBLE_SQL', '"isActive"'],
    ['USERS_ELIGIBLE_SQL', "deleted_at is null and status = 'active'"],
    ['USERS_ELIGIBLE_SQL', '\n  is_active\r\n'],
    ['AFTER_RESET_SQL', "update users set status = 'x' where id = :user_id and a = 'b'\n"],
    ['APP_NAME', '"Acme" & Sons'],
    ['APP_NAME', "Rock 'n' Roll"],
    ['APP_NAME', '«Ромашка»'],
    ['APP_NAME', 'Wales 🏴󠁧󠁢󠁷󠁬󠁳󠁿'],
    ['MAIL_FROM', '"Acme, Inc." <hello@app.example>'],
    ['PASSWORD_PEPPER', 'a pepper, with blanks'],
    ['PASSWORD_PEPPER', '"'],
    ['PASSWORD_PEPPER', `"x'`],
  ])('%s=%j', (name, value) => {
    expect(faultsWith({ [name]: value })).toEqual([])
  })
})

describe('a comment that was left in a value', () => {
  const warning = (name: string) =>
    `${name}: has a # between blanks: if a comment begins there, give it its own line`

  test.each([
    ['PASSWORD_PEPPER', 'pepper # of Devise'],
    ['LINK_AUDIENCE', 'acme # who'],
    ['USERS_ID_COLUMN', 'uid # the key'],
  ])('is warned about in %s', (name, value) => {
    expect(warningsWith({ [name]: value })).toEqual([warning(name)])
  })

  test('is refused where the value is a number', () => {
    expect(faultsWith({ PORT: '3000 # HTTP' })).toEqual([
      'PORT: must be a whole number from 0 to 65535',
    ])
  })

  test.each([
    ['APP_NAME', 'Acme #1'],
    ['RESET_PAGE_URL', 'https://app.example/#/{token}'],
    ['USERS_ELIGIBLE_SQL', 'flags # 1 = 0'],
  ])('is not seen in %s=%s', (name, value) => {
    expect(warningsWith({ [name]: value })).toEqual([])
  })
})

describe('of a file', () => {
  const fileWith = (content: string) => {
    const file = join(mkdtempSync(join(folder, 'x-')), 'value')
    writeFileSync(file, content)
    return file
  }

  test.each([
    ['a second line break', 'Acme\n\n', 'ends with a line break'],
    ['a blank line', 'Acme\n \n', 'ends with a blank'],
    ['the byte order mark of Notepad', '\ufeffAcme\r\n', 'begins with a byte order mark'],
    ['quotes', '"Acme"\n', 'stands in quotes'],
  ])('%s is refused', (_, content, words) => {
    expect(faultsWith({ APP_NAME_FILE: fileWith(content) })).toEqual([
      expect.stringContaining(`APP_NAME: ${words}`),
    ])
  })

  test.each([
    ['in quotes', (path: string) => `"${path}"`, 'stands in quotes'],
    ['with a carriage return', (path: string) => `${path}\r`, 'ends with a carriage return'],
    ['with a NUL', (path: string) => `${path}\0x`, 'has a control character (U+0000) in it'],
  ])('a path %s is refused as a path', (_, spell, words) => {
    const faults = faultsWith({ APP_NAME_FILE: spell(fileWith('Acme')) })
    expect(faults).toEqual([
      expect.stringContaining(`APP_NAME: the path in APP_NAME_FILE ${words}`),
    ])
  })
})

test.each([
  ['in quotes', (pem: string) => `"${pem}"`],
  ['on one line', (pem: string) => pem.replaceAll('\n', '\\n')],
  ['behind a byte order mark', (pem: string) => `\ufeff${pem}`],
])('a certificate %s is no PEM text', (_, spell) => {
  const pem = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----'
  expect(faultyWith({ DATABASE_CA: pem.replaceAll('\n', '\r\n') })).toEqual([])
  expect(faultyWith({ DATABASE_CA: spell(pem) })).toEqual(['DATABASE_CA'])
})
