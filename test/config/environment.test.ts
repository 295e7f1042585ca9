// How variables are read: their types, the files that NAME_FILE names, and names that are nearly right.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { EnvironmentSchema } from '../../src/config/environment.ts'
import { readConfig } from '../../src/config/read-config.ts'
import { readEnvironment } from '../../src/config/read-environment.ts'
import {
  configWith,
  faultsWith,
  required,
  SECRET,
  type Variables,
  warningsWith,
} from './readings.ts'

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rekey-config-'))
})

afterAll(() => rmSync(folder, { recursive: true }))

function fileWith(content: string | Buffer): string {
  const file = join(mkdtempSync(join(folder, 'x-')), 'value')
  writeFileSync(file, content)
  return file
}

describe('a whole number', () => {
  test.each([
    ['10', 10],
    ['1', 1],
    ['0010', 10],
  ])('is read from %j', (text, value) => {
    expect(configWith({ DATABASE_POOL_MAX: text }).database.poolMax).toBe(value)
  })

  test.each(['ten', '1.5', '1e2', '0x10', '1_000', '+1', '1 0', '１', '99999999999999999999'])(
    'is not read from %j',
    (text) => {
      expect(faultsWith({ DATABASE_POOL_MAX: text })).toEqual([
        'DATABASE_POOL_MAX: must be a whole number from 1 to 1000',
      ])
    },
  )
})

describe('a flag', () => {
  test.each([
    ['true', true],
    ['false', false],
  ])('is read from %j', (text, value) => {
    expect(configWith({ REVEAL_UNKNOWN_USERS: text }).http.revealUnknownUsers).toBe(value)
  })

  test.each(['1', '0', 'yes', 'no', 'on', 'True', 'FALSE', 'toString'])(
    'is not read from %j',
    (text) => {
      expect(faultsWith({ REVEAL_UNKNOWN_USERS: text })).toEqual([
        'REVEAL_UNKNOWN_USERS: must be true or false',
      ])
    },
  )
})

describe('a fault', () => {
  test.each([
    [
      'RATE_LIMIT_REQUESTS',
      '1000000/1h',
      'must be a number per period of s, m, h or d, such as 30/15m, each number at most 999999',
    ],
    ['BRAND_COLOR', 'x', 'must be a colour such as 1a73e8'],
    [
      'MAIL_TRANSPORT',
      'sendgrid',
      'must be resend or smtp, both in the order to try them, or outbox alone',
    ],
    ['LOG_LEVEL', 'x', 'must be one of fatal, error, warn, info, debug, trace, silent'],
    ['LINK_TTL_SECONDS', 'x', 'must be a whole number from 300 to 86400'],
    ['LINK_BUCKET_SECONDS', 'x', 'must be a whole number from 1 to 60'],
    ['CORS_ORIGINS', 'https://a.example,', 'has an empty entry between commas'],
  ])('of %s=%s says what it must be', (name, value, words) => {
    expect(faultsWith({ [name]: value })).toEqual([`${name}: ${words}`])
  })

  test('leaves the default in the place of the value', () => {
    const { environment } = readEnvironment({ ...required, PORT: 'x' })
    expect(environment.PORT).toBe(3000)
  })
})

describe('NAME_FILE', () => {
  test.each(Object.keys(EnvironmentSchema.properties))('is read for %s', (name) => {
    const file = fileWith('x')
    const fromFile = readEnvironment({ [`${name}_FILE`]: file })
    const fromValue = readEnvironment({ [name]: 'x' })
    expect([...fromFile.faults]).toEqual([...fromValue.faults])
    expect(fromFile.environment).toEqual(fromValue.environment)
  })

  test.each([
    ['nothing', ''],
    ['a line feed', '\n'],
    ['a carriage return and a line feed', '\r\n'],
  ])('loses %s at the end of the file', (_, end) => {
    const changes = { LINK_SECRETS: undefined, LINK_SECRETS_FILE: fileWith(SECRET + end) }
    expect(faultsWith(changes)).toEqual([])
  })

  test('keeps the line breaks within', () => {
    const pem = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----'
    expect(configWith({ DATABASE_CA_FILE: fileWith(`${pem}\n`) }).database.ca).toBe(pem)
  })

  test('is the same on every replica whether from a file or from a variable', () => {
    const outerKey = (changes: Record<string, string | undefined>) =>
      configWith(changes).links.keyRing[0].outerSeal.export().toString('hex')
    const fromFile = { LINK_SECRETS: undefined, LINK_SECRETS_FILE: fileWith(`${SECRET}\n`) }
    expect(outerKey(fromFile)).toBe(outerKey({ LINK_SECRETS: SECRET }))
  })

  test('may not be set beside NAME, even to the same value', () => {
    expect(faultsWith({ APP_NAME: 'Acme', APP_NAME_FILE: fileWith('Acme') })).toEqual([
      'APP_NAME: set it or APP_NAME_FILE, not both',
    ])
  })

  test('may be set beside an empty NAME', () => {
    const changes = { APP_NAME: '', APP_NAME_FILE: fileWith('Acme') }
    expect(configWith(changes).content.appName).toBe('Acme')
  })

  test('may be empty beside NAME', () => {
    expect(configWith({ APP_NAME: 'Acme', APP_NAME_FILE: '' }).content.appName).toBe('Acme')
  })

  test('with an empty file is a fault, whatever the default', () => {
    for (const name of ['LINK_SECRETS', 'USERS_ELIGIBLE_SQL']) {
      const changes = { [name]: undefined, [`${name}_FILE`]: fileWith('\n') }
      expect(faultsWith(changes)).toEqual([`${name}: the file that ${name}_FILE names is empty`])
    }
  })

  test.each([
    ['is not there', () => join(folder, 'missing')],
    ['is a folder', () => folder],
  ])('is a fault when the file %s', (_, file) => {
    expect(faultsWith({ APP_NAME_FILE: file() })).toEqual([
      'APP_NAME: the file that APP_NAME_FILE names cannot be read',
    ])
  })

  test('is judged like the value', () => {
    expect(faultsWith({ PORT_FILE: fileWith('3000x\n') })).toEqual([
      'PORT: must be a whole number from 0 to 65535',
    ])
  })
})

describe('a variable that is there with nothing in it', () => {
  const emptyWith = (changes: Variables) => {
    const reading = readConfig({ ...required, ...changes })
    return 'faults' in reading ? reading.faults : reading.empty
  }

  test('is named, and so is a path', () => {
    expect(emptyWith({ BRAND_COLOR: '', SMTP_URL_FILE: '', SUPPORT_EMAIL: '' })).toEqual([
      'SMTP_URL_FILE',
      'SUPPORT_EMAIL',
      'BRAND_COLOR',
    ])
  })

  test('is of no concern where its value comes another way, or nobody knows it', () => {
    const file = fileWith('Acme')
    expect(emptyWith({ APP_NAME: '', APP_NAME_FILE: file, HOME: '', DATABASE: '' })).toEqual([])
  })
})

describe('a name that is nearly right', () => {
  test.each([
    ['LINK_SECRET', 'LINK_SECRETS'],
    ['LINKS_SECRETS', 'LINK_SECRETS'],
    ['LINK_SERCETS', 'LINK_SECRETS'],
    ['LINK_SECRETZ', 'LINK_SECRETS'],
    ['LINK_SECRET_FILE', 'LINK_SECRETS_FILE'],
    ['RATE_LIMIT_CONFRIMS', 'RATE_LIMIT_CONFIRMS'],
    ['RATE_LIMT_REQUESTS', 'RATE_LIMIT_REQUESTS'],
    ['RATELIMIT_REQUESTS', 'RATE_LIMIT_REQUESTS'],
    ['TRUST_PROXYS', 'TRUST_PROXY'],
    ['TRUSTED_PROXY', undefined],
    ['USERS_TABEL', 'USERS_TABLE'],
    ['XPORT', 'PORT'],
    ['PORTX', 'PORT'],
  ])('%s is taken for %s', (name, meant) => {
    const warnings = meant ? [`${name} is not a variable of Rekey; was ${meant} meant?`] : []
    expect(warningsWith({ [name]: 'x' })).toEqual(warnings)
  })

  test.each(Object.keys(EnvironmentSchema.properties))('%s is right itself', (name) => {
    expect(readEnvironment({ [name]: 'x', [`${name}_FILE`]: 'x' }).warnings).toEqual([])
  })

  test.each(['PATH', 'HOME', 'HOSTNAME', 'NODE_ENV', 'REDIS_URL', 'LINK', 'port', ''])(
    '%j is of no concern',
    (name) => {
      expect(warningsWith({ [name]: 'x' })).toEqual([])
    },
  )
})
