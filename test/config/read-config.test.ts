// The configuration as a whole: its defaults, its faults, and every rule that joins two variables.

import { readdirSync, readFileSync } from 'node:fs'
import Fastify from 'fastify'
import { describe, expect, test } from 'vitest'
import type { Config } from '../../src/config/config.ts'
import { EnvironmentSchema } from '../../src/config/environment.ts'
import { readConfig, readDatabaseConfig } from '../../src/config/read-config.ts'
import { linkTimestamp } from '../../src/core/link.ts'
import {
  configWith,
  faultsWith,
  faultyWith,
  OTHER_SECRET,
  required,
  SECRET,
  type Variables,
  warningsWith,
} from './readings.ts'

const PEM = '-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----'

describe('the defaults', () => {
  const config = configWith()

  test('are those of the contract', () => {
    expect({ ...config, links: { ...config.links, keyRing: [], url: undefined } }).toEqual({
      database: {
        url: 'postgres://rekey:pw@localhost:5432/app',
        ca: undefined,
        poolMax: 10,
        prepare: true,
      },
      users: {
        afterReset: undefined,
        addressesAreLower: false,
        allowSeqScan: false,
        passwordTable: undefined,
        schema: undefined,
        table: 'users',
        id: 'id',
        emailAddress: 'email',
        passwordHash: 'password_hash',
        hashLength: 60,
        eligibleSql: undefined,
        loginColumns: [],
        name: undefined,
        locale: undefined,
        lastLogin: undefined,
        changedAt: undefined,
        readsChangedAt: false,
        epoch: undefined,
      },
      preset: { name: 'rekey', afterResetSql: undefined },
      links: {
        keyRing: [],
        rules: {
          audience: 'https://app.example',
          ttlSeconds: 3600,
          bucketSeconds: 60,
          notBefore: 0,
          opensFirstPasswords: false,
        },
        url: undefined,
        requestPageUrl: 'https://app.example',
      },
      mail: {
        from: 'Acme <no-reply@app.example>',
        replyTo: undefined,
        transports: [
          { name: 'resend', account: { apiKey: 're_123', baseUrl: 'https://api.resend.com' } },
        ],
        ratePerAccount: { limit: 3, seconds: 3600 },
        sendsNoPasswordNotice: false,
        ratePerSecond: undefined,
        dailyBudget: undefined,
      },
      content: {
        appName: 'Rekey',
        supportEmail: undefined,
        brandColor: '#2f6bd6',
        defaultLocale: 'en',
        templatesDirectory: undefined,
      },
      passwords: { minLength: 8, maxLength: 128, edgeSpaces: 'keep' },
      hashing: { format: 'auto', pepper: undefined, requireUsable: true },
      http: {
        basePath: '/api/v1/accounts',
        corsOrigins: ['https://app.example'],
        trustedProxies: [],
        revealUnknownUsers: false,
        requirePasswordConfirm: false,
        dialects: [],
        requestRate: { limit: 30, seconds: 900 },
        confirmRate: { limit: 100, seconds: 900 },
        servesPages: false,
      },
      process: { host: '0.0.0.0', port: 3000, logLevel: 'info', shutdownGraceSeconds: 10 },
    })
  })

  test('give no warning', () => {
    expect(warningsWith({})).toEqual([])
  })

  test('mail a link to the reset page', () => {
    const url = config.links.url({ userId: '42', timestamp: '1769860800', signature: 's' })
    expect(url).toBe('https://app.example/reset?timestamp=1769860800&user_id=42&signature=s')
  })

  test('stand in for variables that are empty', () => {
    const names = Object.keys(EnvironmentSchema.properties).filter((name) => !(name in required))
    const empty = Object.fromEntries(names.map((name) => [name, '']))
    expect(JSON.stringify(configWith(empty))).toBe(JSON.stringify(config))
  })

  test('cannot be changed, nor can anything in them', () => {
    const parts: unknown[] = [config]
    for (const part of parts) {
      if (typeof part !== 'object' || part === null) continue
      if (!Array.isArray(part) && Object.getPrototypeOf(part) !== Object.prototype) continue
      expect(Object.isFrozen(part)).toBe(true)
      parts.push(...Object.values(part))
    }
    expect(parts.length).toBeGreaterThan(50)
  })
})

describe('the faults', () => {
  test('are told all at once, each by its name', () => {
    const reading = readConfig({})
    expect('faults' in reading && reading.faults).toEqual([
      'DATABASE_URL: is required',
      'LINK_SECRETS: is required',
      'RESET_PAGE_URL: is required',
      'MAIL_FROM: is required',
      'RESEND_API_KEY: is required for MAIL_TRANSPORT=resend',
    ])
  })

  test('of the form and of the meaning are told together', () => {
    const changes = {
      PORT: 'x',
      MAIL_FROM: 'nobody',
      RESET_PAGE_URL: 'http://app.example',
      LINK_SECRETS: 'changeme',
      TRUST_PROXY: '1',
      BASE_PATH: 'api',
      USERS_TABLE: 'a.b.c',
    }
    expect(faultyWith(changes).sort()).toEqual(Object.keys(changes).sort())
  })

  test.each<[string, string, Variables]>([
    ['LINK_TTL_SECONDS', 'x', { LINK_BUCKET_SECONDS: '60' }],
    ['PASSWORD_MAX_LENGTH', 'x', { PASSWORD_MIN_LENGTH: '500' }],
    ['RATE_LIMIT_REQUESTS', 'x', {}],
    ['MAIL_TRANSPORT', 'sendgrid', { RESEND_API_KEY: undefined }],
    ['HOST', '"127.0.0.1"', { MAIL_TRANSPORT: 'outbox' }],
    [
      'JWT_SECRET',
      `"${'s'.repeat(40)}"`,
      { JWT_ISSUER: 'i', JWT_AUDIENCE: 'a', JWT_ALGORITHMS: 'HS256' },
    ],
    ['WEBHOOK_URL', ' https://app.example/hook', { WEBHOOK_SECRETS: `whsec_${'A'.repeat(32)}` }],
    ['USERS_ID_COLUMN', '"uid"', { USERS_EMAIL_COLUMN: 'id' }],
    [
      'USERS_PASSWORD_TABLE',
      "'t'",
      { USERS_PASSWORD_USER_COLUMN: 'u', USERS_PASSWORD_FILTER_SQL: 'f' },
    ],
    ['REQUIRE_USABLE_PASSWORD', 'no', { MAIL_NO_PASSWORD_NOTICE: 'true' }],
  ])('of %s=%s make no faults of others', (name, value, others) => {
    expect(faultyWith({ [name]: value, ...others })).toEqual([name])
  })
})

describe('a value', () => {
  const names = Object.keys(EnvironmentSchema.properties)
  const CANARY = 'cAnAry7'
  const disguises: readonly [string, (name: string) => string][] = [
    ['as it is', () => CANARY],
    ['with blanks', () => ` ${CANARY} `],
    ['with a line break', () => `${CANARY}\n${CANARY}`],
    ['with a NUL', () => `${CANARY}\0`],
    ['as a list', () => `${CANARY},,${CANARY}`],
    ['as a secret', () => `${SECRET.slice(0, -7)}${CANARY}=`],
    ['as a page', () => `https://app.example/{${CANARY}}`],
    ['as a page with a password', () => `https://user:${CANARY}@app.example/`],
    ['as a page without TLS', () => `http://${CANARY}.example/`],
    ['as a page with a fragment', () => `https://app.example/#${CANARY}`],
    ['as a database', () => `postgres://rekey:${CANARY}@db.example:5432/app`],
    ['as a database that is none', () => `mysql://rekey:${CANARY}@db.example/app`],
    ['as a database with a bad escape', () => `postgres://rekey:%${CANARY}@db.example/app`],
    ['as a broken database', () => `postgres://rekey:${CANARY}@db.example:port/app`],
    ['as a proxy', () => `10.0.0.0/${CANARY}`],
    ['as a sender', () => `${CANARY} <${CANARY}>`],
    ['as a time', () => `2026-01-31T12:00:00Z${CANARY}`],
    ['as a rate', () => `30/${CANARY}`],
    ['as a table', () => `${CANARY}.${CANARY}.${CANARY}`],
    ['as a long name', () => CANARY.repeat(20)],
    ['as a number', () => `1${CANARY}`],
  ]

  test.each(disguises)('is in no fault and no warning, %s in every variable', (_, disguise) => {
    const all = Object.fromEntries(names.map((name) => [name, disguise(name)]))
    const reading = readConfig(all)
    expect(JSON.stringify([reading.warnings, 'faults' in reading && reading.faults])).not.toMatch(
      /canary/i,
    )
  })

  test.each(disguises)('is in no fault and no warning, %s in one variable', (_, disguise) => {
    const told = names.flatMap((name) => {
      const changes = { [name]: disguise(name), MAIL_TRANSPORT: 'outbox', HOST: '127.0.0.1' }
      return [...faultsWith(changes), ...warningsWith(changes)]
    })
    expect(JSON.stringify(told)).not.toMatch(/canary/i)
  })

  test.each(disguises)('is in no fault, %s for what only reads the database', (_, disguise) => {
    const all = Object.fromEntries(names.map((name) => [name, disguise(name)]))
    const reading = readDatabaseConfig(all)
    expect(JSON.stringify('faults' in reading && reading.faults)).not.toMatch(/canary/i)
  })

  test('is not in a fault when it names a file that is not there', () => {
    const all = Object.fromEntries(names.map((name) => [`${name}_FILE`, `/${CANARY}/${name}`]))
    const reading = readConfig(all)
    expect('faults' in reading && reading.faults).toHaveLength(names.length)
    expect(JSON.stringify(reading)).not.toMatch(/canary/i)
  })
})

/** A table of values that are taken and values that are not, of one variable. */
function judges(
  name: string,
  taken: readonly string[],
  refused: readonly string[],
  also: Variables = {},
) {
  describe(name, () => {
    test.each(taken)('may be %j', (value) => {
      expect(faultsWith({ ...also, [name]: value })).toEqual([])
    })
    test.each(refused)('may not be %j', (value) => {
      expect(faultyWith({ ...also, [name]: value })).toEqual([name])
    })
  })
}

judges(
  'DATABASE_URL',
  [
    'postgres://rekey:pw@localhost/app',
    'postgresql://localhost/app',
    'postgres://rekey:p%40ss%25@db.example:6432/app?sslmode=verify-full',
    'postgres://rekey:p:ss@[::1]:6432/app?application_name=a/b',
    'postgres:///app?host=/run/postgresql',
  ],
  [
    'localhost/app',
    'mysql://localhost/app',
    'https://localhost/app',
    'postgres://db:x/app',
    'postgres://rekey:100%@localhost/app',
    'postgres://rekey:%zz@localhost/app',
    'postgres://rekey:%ff@localhost/app',
    'postgres://rekey:S3cr@tPass/word@127.0.0.1:5432/app',
    'postgres://rekey:S3cr@tPass@127.0.0.1:5432/app',
  ],
)

test.each([
  'S3cr@tPass/word',
  'S3cr@tPass',
  'S3cr/tPass',
  'S3cr@tPass?word',
  'S3cr@tPass?word=1/2',
  'S3cr@tPass#word',
  '12/tPass',
  '12?tPass',
  '12#tPass',
])('a password that is not percent-encoded, %j, is refused by that name', (password) => {
  const changes = { DATABASE_URL: `postgres://rekey:${password}@127.0.0.1:5432/app` }
  expect(faultsWith(changes)).toEqual([
    'DATABASE_URL: must have the password percent-encoded: @ as %40, / as %2F, ? as %3F, # as %23',
  ])
})

judges(
  'LINK_SECRETS',
  [SECRET, `${SECRET},${OTHER_SECRET}`, `${SECRET} , ${OTHER_SECRET}`],
  [
    'changeme',
    'secret',
    'a'.repeat(64),
    `rk1_${'A'.repeat(42)}`,
    `rk1_${'A'.repeat(44)}`,
    SECRET.toUpperCase(),
    SECRET.slice(4),
    `${SECRET}=`,
    `${SECRET} ${OTHER_SECRET}`,
    `${SECRET};${OTHER_SECRET}`,
    `${SECRET},`,
    `,${SECRET}`,
    `${SECRET},changeme`,
    Buffer.alloc(32, 1).toString('hex'),
    Buffer.alloc(32, 1).toString('base64'),
    ',',
  ],
)

describe('LINK_SECRETS', () => {
  test('are a ring in the order in which they are written', () => {
    const outerKeys = (secrets: string) =>
      configWith({ LINK_SECRETS: secrets }).links.keyRing.map((keys) =>
        keys.outerSeal.export().toString('hex'),
      )
    const [first, second] = outerKeys(`${SECRET},${OTHER_SECRET}`)
    expect(outerKeys(`${OTHER_SECRET}, ${SECRET}`)).toEqual([second, first])
  })
})

judges(
  'RESET_PAGE_URL',
  [
    'https://app.example',
    'https://app.example:8443/reset?lang=de',
    'https://app.example/#/reset/{uid}/{token}',
    'https://app.example/{user_id}/{timestamp}/{signature}',
    'http://localhost:5173/reset',
    'http://app.localhost/reset',
    'http://127.0.0.1:8080/reset',
    'http://[::1]/reset',
    'acme://reset',
    'acme://reset?lang=de',
    'acme://reset/{uid}/{token}',
    'acme:///reset?token={token}',
    'com.example.acme:/reset/{token}',
    'capacitor://localhost/#/reset/{token}',
    'exp+acme://reset',
    'HTTPS://APP.example/reset',
    'https://exämple.org/reset',
  ],
  [
    'app.example/reset',
    '/reset',
    'http://app.example/reset',
    'http://localhost.example/reset',
    'http://10.0.0.1/reset',
    'http://0.0.0.0/reset',
    'ftp://app.example/reset',
    'javascript:alert(1)',
    'data:text/html,x',
    'file:///etc/passwd',
    'javascript://%0aalert(1)',
    'JavaScript://x',
    'vbscript://x',
    'mailto://ann@example.com',
    'tel://123',
    'intent://reset#Intent;scheme=acme;end',
    'ws://app.example',
    'view-source:https://app.example',
    'view-source://app.example',
    'blob://x',
    'htps://app.example/reset',
    'htttps://app.example/reset',
    'httsp://app.example/reset',
    'htp://app.example/reset',
    'c:/reset',
    'acme:reset',
    'acme://user:password@reset',
    'acme://{token}',
    'https://',
    'https:app.example/reset',
    'https:/app.example/reset',
    'https:\\\\app.example\\reset',
    'https://app.example\\reset',
    'https://user:password@app.example/reset',
    'https://user@app.example/reset',
    ' https://app.example/reset',
    'https://app.example/reset ',
    'https://app.example/my page',
    'https://app.exa\nmple/reset',
    'https://app.example/reset\t',
    'https://app.example/reset#top',
    'https://app.example/reset?timestamp=1',
    'https://app.example/{email}',
    'https://app.example/{token}/{signature}',
    'https://{token}.example/',
    'https://app.example/?s={signature}&timestamp={timestamp}&u={user_id}',
  ],
)

judges(
  'REQUEST_PAGE_URL',
  ['https://app.example/forgot', 'https://help.example/#forgot', 'http://localhost/forgot'],
  [
    'forgot',
    'http://app.example/forgot',
    'javascript:alert(1)',
    'https://user:password@app.example/',
    'https://app.example/for got',
  ],
)

describe('REQUEST_PAGE_URL', () => {
  test('is the origin of RESET_PAGE_URL unless it is set', () => {
    const { links } = configWith({ RESET_PAGE_URL: 'https://app.example:8443/#/r/{token}' })
    expect(links.requestPageUrl).toBe('https://app.example:8443')
  })

  test("is Rekey's own request page where that is served", () => {
    expect(configWith({ HOSTED_PAGE: 'true' }).links.requestPageUrl).toBe(
      'https://app.example/reset/request',
    )
  })

  test('is taken where it is set', () => {
    const changes = { HOSTED_PAGE: 'true', REQUEST_PAGE_URL: 'https://app.example/forgot' }
    expect(configWith(changes).links.requestPageUrl).toBe('https://app.example/forgot')
  })
})

describe("an application's own scheme", () => {
  const config = configWith({ RESET_PAGE_URL: 'acme://reset' })

  test('is mailed as it is written', () => {
    const link = { userId: '42', timestamp: '1769860800', signature: 's' }
    expect(config.links.url(link)).toBe('acme://reset?timestamp=1769860800&user_id=42&signature=s')
  })

  test('stands for the origin, which no two applications share', () => {
    expect([config.links.rules.audience, config.links.requestPageUrl]).toEqual([
      'acme://reset',
      'acme://reset',
    ])
  })

  test('does not say where the hosted pages are', () => {
    const hosted = { RESET_PAGE_URL: 'acme://reset', HOSTED_PAGE: 'true' }
    expect(faultyWith(hosted)).toEqual(['REQUEST_PAGE_URL'])
    const asked = { ...hosted, REQUEST_PAGE_URL: 'https://rekey.example/reset/request' }
    expect(faultsWith(asked)).toEqual([])
  })
})

describe('LINK_AUDIENCE', () => {
  test.each([
    ['https://app.example/reset', 'https://app.example'],
    ['https://APP.example:443/reset', 'https://app.example'],
    ['https://app.example:8443/reset', 'https://app.example:8443'],
  ])('is the origin of %s unless it is set', (url, audience) => {
    expect(configWith({ RESET_PAGE_URL: url }).links.rules.audience).toBe(audience)
  })

  test('is any text that is set', () => {
    expect(configWith({ LINK_AUDIENCE: 'acme-production' }).links.rules.audience).toBe(
      'acme-production',
    )
  })
})

judges(
  'LINK_TTL_SECONDS',
  ['300', '3600', '86400'],
  ['299', '86401', '0', '-3600', '1h', '3600.5', '1e4', '0x1000', ' 3600', 'NaN'],
)

describe('LINK_BUCKET_SECONDS', () => {
  test.each([
    ['300', 30],
    ['301', 30],
    ['309', 30],
    ['305', 30],
    ['599', 59],
    ['600', 60],
    ['601', 60],
    ['86400', 60],
  ])('is at most a tenth of a lifetime of %s s by default, in whole seconds', (ttl, bucket) => {
    expect(configWith({ LINK_TTL_SECONDS: ttl }).links.rules.bucketSeconds).toBe(bucket)
  })

  test('gives timestamps of ten digits for every lifetime', () => {
    const odd: number[] = []
    for (let ttl = 300; ttl <= 700; ttl += 1) {
      const { rules } = configWith({ LINK_TTL_SECONDS: String(ttl) }).links
      if (!/^\d{10}$/.test(linkTimestamp(1_769_860_831_000, rules))) odd.push(ttl)
    }
    expect(odd).toEqual([])
  })

  test.each([
    ['60', '600'],
    ['30', '300'],
    ['1', '300'],
    ['60', '86400'],
  ])('may be %s for a lifetime of %s s', (bucket, ttl) => {
    const changes = { LINK_BUCKET_SECONDS: bucket, LINK_TTL_SECONDS: ttl }
    expect(configWith(changes).links.rules.bucketSeconds).toBe(Number(bucket))
  })

  test.each([
    ['60', '599'],
    ['31', '300'],
    ['31', '309'],
    ['61', '86400'],
    ['0', '3600'],
  ])('may not be %s for a lifetime of %s s', (bucket, ttl) => {
    const changes = { LINK_BUCKET_SECONDS: bucket, LINK_TTL_SECONDS: ttl }
    expect(faultyWith(changes)).toEqual(['LINK_BUCKET_SECONDS'])
  })
})

describe('LINKS_NOT_BEFORE', () => {
  test.each([
    ['2026-01-31T12:00:00Z', 1_769_860_800],
    ['2026-01-31T12:00:00.999Z', 1_769_860_800],
    ['2026-01-31T13:00:00+01:00', 1_769_860_800],
    ['2026-01-31T06:30:00-05:30', 1_769_860_800],
    ['2028-02-29T00:00:00Z', 1_835_395_200],
  ])('%s is a moment', (value, seconds) => {
    expect(configWith({ LINKS_NOT_BEFORE: value }).links.rules.notBefore).toBe(seconds)
  })
})

judges(
  'LINKS_NOT_BEFORE',
  ['2026-01-31T12:00:00Z'],
  [
    'now',
    'yesterday',
    '1769860800',
    '2026-01-31',
    '2026-01-31T12:00Z',
    '2026-01-31T12:00:00',
    '2026-01-31 12:00:00Z',
    '2026-01-32T12:00:00Z',
    '2026-02-29T12:00:00Z',
    '2026-02-30T12:00:00Z',
    '2026-04-31T12:00:00Z',
    '2026-13-01T12:00:00Z',
    '2026-01-31T25:00:00Z',
    '2026-01-31T12:00:00+99:00',
    'Sat, 31 Jan 2026 12:00:00 GMT',
    '2026-01-31T12:00:00Z\n',
  ],
)

judges(
  'MAIL_FROM',
  [
    'no-reply@app.example',
    'Acme <no-reply@app.example>',
    'Ünïcode 🦊 <a@b.example>',
    '<a@b.example>',
    'Doe, Inc. <a@überall-ist.example>',
  ],
  [
    'nobody',
    'Acme',
    'Acme <nobody>',
    'Acme <a@b.example',
    'a@b.example, c@d.example',
    'Acme <a@b.example>, <c@d.example>',
    'Acme <a@b.example> trailing',
    'Acme\r\nBcc: <a@b.example>',
    'Acme <a@b.example\n>',
    'Acme <a b@c.example>',
    'Acme\u2028<a@b.example>',
  ],
)

judges('RESEND_API_KEY', ['re_123', 're_a-B_c9'], ['re 123', 're_123\n', 'ré_123', ' '])

judges(
  'RESEND_BASE_URL',
  [
    'https://api.resend.com',
    'https://proxy.example/resend/',
    'http://127.0.0.1:4000',
    'http://localhost:4000',
    'http://[::1]:4000/',
  ],
  [
    'http://api.resend.com',
    'http://169.254.169.254/',
    'api.resend.com',
    'https://user:key@api.resend.com',
    'https://api.resend.com/?key=1',
    'https://api.resend.com/#x',
    'ftp://api.resend.com',
    'http://resend.localhost',
  ],
)

describe('RESEND_BASE_URL', () => {
  test.each([
    'https://proxy.example/resend',
    'https://proxy.example/resend/',
    'https://proxy.example/resend//',
  ])('loses the slashes at the end of %s', (value) => {
    expect(configWith({ RESEND_BASE_URL: value }).mail.transports).toMatchObject([
      { account: { baseUrl: 'https://proxy.example/resend' } },
    ])
  })
})

describe('MAIL_TRANSPORT', () => {
  test.each(['127.0.0.1', '127.8.8.8', '::1', 'localhost', '::ffff:127.0.0.1'])(
    'may be outbox while HOST is %s',
    (host) => {
      expect(faultsWith({ MAIL_TRANSPORT: 'outbox', HOST: host })).toEqual([])
    },
  )

  test.each([
    '',
    '0.0.0.0',
    '::',
    '10.0.0.1',
    '192.168.1.5',
    '2001:db8::1',
    '::ffff:10.0.0.1',
    '128.0.0.1',
  ])('may not be outbox while HOST is "%s"', (host) => {
    expect(faultyWith({ MAIL_TRANSPORT: 'outbox', HOST: host })).toEqual(['MAIL_TRANSPORT'])
  })

  test('needs no key for outbox', () => {
    const changes = { MAIL_TRANSPORT: 'outbox', HOST: '127.0.0.1', RESEND_API_KEY: undefined }
    expect(faultsWith(changes)).toEqual([])
  })

  const server = { SMTP_URL: 'smtp://mail.example' }

  test.each(['smtp', 'resend,smtp', 'smtp,resend', 'resend , smtp'])('may be %j', (value) => {
    expect(faultsWith({ MAIL_TRANSPORT: value, ...server })).toEqual([])
  })

  test('keeps the order of a chain', () => {
    const config = configWith({ MAIL_TRANSPORT: 'smtp, resend', ...server })
    expect(config.mail.transports.map(({ name }) => name)).toEqual(['smtp', 'resend'])
  })

  test('needs no key for smtp, and a server', () => {
    expect(faultsWith({ MAIL_TRANSPORT: 'smtp', RESEND_API_KEY: undefined })).toEqual([
      'SMTP_URL: is required for MAIL_TRANSPORT=smtp',
    ])
  })

  test('needs both for a chain of both', () => {
    expect(faultyWith({ MAIL_TRANSPORT: 'smtp,resend', RESEND_API_KEY: undefined })).toEqual([
      'SMTP_URL',
      'RESEND_API_KEY',
    ])
  })

  test.each(['resend,outbox', 'outbox,resend'])('may not be %j', (value) => {
    expect(faultsWith({ MAIL_TRANSPORT: value, HOST: '127.0.0.1' })).toEqual([
      'MAIL_TRANSPORT: outbox sends nothing, so it stands alone',
    ])
  })

  test.each(['Resend', 'none', 'resend,', 'resend,resend', 'resend smtp'])(
    'may not be %j',
    (value) => {
      expect(faultsWith({ MAIL_TRANSPORT: value })).toEqual([
        'MAIL_TRANSPORT: must be resend or smtp, both in the order to try them, or outbox alone',
      ])
    },
  )
})

judges(
  'SMTP_URL',
  [
    'smtp://mail.example',
    'smtp://mail.example:2525/',
    'smtps://ann:p%40ss@mail.example:465',
    'smtp://[::1]:1025',
  ],
  [
    'mail.example',
    'mail.example:587',
    'https://mail.example',
    'smtp://',
    'smtp://ann@mail.example',
    'smtp://ann:100%@mail.example',
    'smtp://ann:a\tb@mail.example',
    'smtp://mail.exämple',
    'smtp://mail.example:0',
    ' smtp://mail.example',
    'smtp://mail.example/path',
    'smtp://mail.example?pool=true',
    'smtp://mail.example#x',
  ],
  { MAIL_TRANSPORT: 'smtp' },
)

describe('SMTP_URL', () => {
  const serverOf = (url: string) => {
    const [first] = configWith({ MAIL_TRANSPORT: 'smtp', SMTP_URL: url }).mail.transports
    return first?.name === 'smtp' ? first.server : undefined
  }

  test('says host, port, TLS and login', () => {
    expect(serverOf('smtp://a%40b:p%2Fw@Mail.Example')).toEqual({
      host: 'mail.example',
      port: 587,
      secure: false,
      isLoopback: false,
      auth: { user: 'a@b', pass: 'p/w' },
    })
    expect(serverOf('smtps://mail.example')).toMatchObject({ port: 465, secure: true })
  })

  test.each([
    ['127.0.0.1', true],
    ['[::1]', true],
    ['localhost', true],
    ['localhost.', false],
    ['0.0.0.0', false],
    ['10.0.0.1', false],
    ['localhost.example', false],
    ['127.0.0.1.example', false],
  ])('at %s is on this machine: %s', (host, isLoopback) => {
    expect(serverOf(`smtp://${host}:25`)?.isLoopback).toBe(isLoopback)
  })
})

judges(
  'MAIL_REPLY_TO',
  ['Help <help@app.example>', 'help@app.example'],
  ['help', 'Help <help>', 'a@b.example, c@d.example', 'jürgen@b.example'],
)
judges('MAIL_RATE_PER_SECOND', ['1', '14', '1000'], ['0', '1001', '0.5', '-1', '2/1s'])
judges('MAIL_DAILY_BUDGET', ['1', '100', '10000000'], ['0', '10000001', '1.5', 'many'])
judges(
  'APP_NAME',
  ['Acme', 'Acme & Söhne 🦊', 'x'.repeat(64)],
  ['x'.repeat(65), 'Acme\nNotes', 'Acme\u2028Notes', 'Acme\0'],
)
judges(
  'SUPPORT_EMAIL',
  ['help@app.example'],
  ['help', 'help@', 'Help <help@app.example>', 'a@b.example,c@d.example', ' help@app.example'],
)
judges(
  'BRAND_COLOR',
  ['#1a73e8', '#FFFFFF', '1a73e8', 'FFFFFF'],
  ['red', '#fff', 'fff', '#1a73e8ff', '#1a73eg', '#1a73e8;x', '##1a73e8', '1a73e8#', '#'],
)

test.each(['1a73e8', '#1a73e8'])('BRAND_COLOR=%s is one colour', (value) => {
  expect(configWith({ BRAND_COLOR: value }).content.brandColor).toBe('#1a73e8')
})

judges(
  'HOST',
  ['0.0.0.0', '127.0.0.1', '::', '::1', 'localhost', '2001:db8::1'],
  ['app.example', '0', '127.1', '[::1]', '0.0.0.0:3000', '256.0.0.1', '*', 'http://0.0.0.0'],
)
judges(
  'PORT',
  ['0', '3000', '65535'],
  ['-1', '65536', '3000x', '3 000', '0x0bb8', '30.5', '/run/rekey.sock'],
)

describe('BASE_PATH', () => {
  test.each([
    ['/', ''],
    ['/api', '/api'],
    ['/api/', '/api'],
    ['/api/v1/accounts', '/api/v1/accounts'],
    ['/~a/b-c/d_e/1.0', '/~a/b-c/d_e/1.0'],
  ])('%s is %j before every route', (value, path) => {
    expect(configWith({ BASE_PATH: value }).http.basePath).toBe(path)
  })
})

judges(
  'BASE_PATH',
  ['/api'],
  [
    'api',
    'api/',
    '//',
    '/api//v1',
    '/api/../v1',
    '/./api',
    '/..',
    '//evil.test',
    '/a b',
    '/a?b',
    '/a#b',
    '/:id',
    '/*',
    '/a%2Fb',
    '/é',
    'https://app.example/api',
    `/${'a'.repeat(5000)}:`,
    `/${'a/'.repeat(5000)}:`,
  ],
)

describe('CORS_ORIGINS', () => {
  test.each([
    ['https://app.example', ['https://app.example']],
    ['https://app.example/', ['https://app.example']],
    ['https://a.example, https://b.example:8443', ['https://a.example', 'https://b.example:8443']],
    ['http://localhost:5173', ['http://localhost:5173']],
    ['https://xn--bcher-kva.example', ['https://xn--bcher-kva.example']],
    [
      'capacitor://localhost,ionic://localhost, tauri://localhost',
      ['capacitor://localhost', 'ionic://localhost', 'tauri://localhost'],
    ],
    [
      'https://tauri.localhost,http://tauri.localhost',
      ['https://tauri.localhost', 'http://tauri.localhost'],
    ],
    ['capacitor://app.example/', ['capacitor://app.example']],
  ])('%s are exact origins', (value, origins) => {
    expect(configWith({ CORS_ORIGINS: value }).http.corsOrigins).toEqual(origins)
  })

  test.each(['*', 'https://*.app.example', 'null', 'https://app.example/path'])(
    '%s is answered with what an exact origin is',
    (value) => {
      expect(faultsWith({ CORS_ORIGINS: value })).toEqual([
        'CORS_ORIGINS: must be exact origins as browsers send them, such as https://app.example or capacitor://localhost: no *, no path, http on localhost and private addresses only',
      ])
    },
  )

  test.each([
    'http://10.0.0.7:5173',
    'http://172.16.0.1',
    'http://172.31.255.255:8080',
    'http://192.168.1.5:3000',
    'http://169.254.1.1',
    'http://[fd00::1]:5173',
    'http://[fe80::1]',
  ])('%s is for development, with a warning', (value) => {
    const changes = { CORS_ORIGINS: `https://app.example,${value}` }
    expect(configWith(changes).http.corsOrigins).toEqual(['https://app.example', value])
    expect(warningsWith(changes)).toEqual([
      'CORS_ORIGINS: http on a private address is for development: anybody on that network can change such a page',
    ])
  })

  test.each([
    'http://172.32.0.1',
    'http://192.169.0.1',
    'http://[2001:db8::1]',
    'http://100.64.0.1',
  ])('%s is no private address', (value) => {
    expect(faultyWith({ CORS_ORIGINS: value })).toEqual(['CORS_ORIGINS'])
  })

  test('of app shells and of localhost give no warning', () => {
    const value = 'capacitor://localhost,http://localhost:5173,http://127.0.0.1'
    expect(warningsWith({ CORS_ORIGINS: value })).toEqual([])
  })

  test('are the origin of RESET_PAGE_URL unless they are set', () => {
    const { http } = configWith({ RESET_PAGE_URL: 'https://APP.example:443/reset' })
    expect(http.corsOrigins).toEqual(['https://app.example'])
  })
})

judges(
  'CORS_ORIGINS',
  ['https://app.example'],
  [
    '*',
    'null',
    'app.example',
    'https://*.app.example',
    'https://app.example/path',
    'https://app.example?x',
    'https://app.example#x',
    'https://APP.example',
    'https://app.example:443',
    'https://bücher.example',
    'https://user@app.example',
    'http://app.example',
    'http://8.8.8.8',
    'http://192.168.1.5.example',
    'http://192.168.1',
    'file://',
    'file://localhost',
    'data://localhost',
    'javascript://localhost',
    'blob:https://app.example',
    'capacitor://',
    'capacitor:localhost',
    'capacitor://*',
    'capacitor://localhost/path',
    'capacitor://user@localhost',
    'Capacitor://localhost',
    'htps://app.example',
    'https://a.example https://b.example',
    'https://a.example,*',
    'https://a.example,',
    'https://app.example//',
    '/^https:/',
  ],
)

const PROXIES = [
  '10.0.0.1',
  '10.0.0.0/8',
  '10.1.2.3/8',
  '0.0.0.0/1',
  '2001:db8::1',
  '2001:db8::/32',
  '::1',
  'fe80::1%eth0',
  '10.0.0.0/8, 192.168.0.0/16,2001:db8::/32',
]
judges('TRUST_PROXY', PROXIES, [
  'true',
  'false',
  '1',
  '2',
  '*',
  'all',
  'loopback',
  'uniquelocal',
  'proxy.internal',
  '::ffff:10.0.0.0/8',
  '::ffff:10.0.0.0/104',
  '::ffff:10.0.0.1',
  '::ffff:a00:1',
  '0.0.0.0/0',
  '::/0',
  '10.0.0.0/00',
  '10.0.0.0/33',
  '10.0.0.0/-1',
  '10.0.0.0/',
  '10.0.0.0/8/8',
  '10.0.0.0/255.0.0.0',
  '2001:db8::/129',
  '10.0.0',
  '010.0.0.1',
  '0xa.0.0.1',
  '167772161',
  '10.0.0.1:80',
  '[2001:db8::1]',
  '10.0.0.1,',
  '10.0.0.1,true',
  '10.0.0.1 10.0.0.2',
])

describe('TRUST_PROXY', () => {
  test.each(PROXIES)('%s is what Fastify takes, too', (value) => {
    const { trustedProxies } = configWith({ TRUST_PROXY: value }).http
    expect(() => Fastify({ trustProxy: [...trustedProxies] })).not.toThrow()
  })
})

judges('PASSWORD_MIN_LENGTH', ['1', '8', '15', '128'], ['0', '-8', '1025', '129', '8.5', 'eight'])
judges('PASSWORD_MAX_LENGTH', ['64', '128', '1024'], ['63', '1025', '72 bytes'])

describe('PASSWORD_MIN_LENGTH', () => {
  test('may be as much as PASSWORD_MAX_LENGTH', () => {
    const changes = { PASSWORD_MIN_LENGTH: '64', PASSWORD_MAX_LENGTH: '64' }
    expect(faultsWith(changes)).toEqual([])
  })

  test('may not be more', () => {
    const changes = { PASSWORD_MIN_LENGTH: '65', PASSWORD_MAX_LENGTH: '64' }
    expect(faultyWith(changes)).toEqual(['PASSWORD_MIN_LENGTH'])
  })
})

judges('PASSWORD_EDGE_SPACES', ['keep', 'refuse'], ['trim', 'Keep', 'true'])
judges(
  'PASSWORD_HASH',
  ['auto', 'argon2id', 'bcrypt', 'bcrypt_2y', 'django_pbkdf2_sha256', 'better_auth_scrypt'],
  ['argon2', 'argon2d', 'pbkdf2_sha256', 'md5', 'plain', 'Auto'],
)
judges('PASSWORD_PEPPER', ['x', 'a pepper, with blanks', 'a\tpepper', '"x" "y', '#x'], [' x', 'x '])

describe('PASSWORD_HASH', () => {
  test('says how wide the column must be', () => {
    expect(configWith({ PASSWORD_HASH: 'argon2id' }).users.hashLength).toBe(97)
    expect(configWith({ PASSWORD_HASH: 'bcrypt' }).users.hashLength).toBe(60)
  })

  test('must name a format when accounts may set their first password', () => {
    expect(faultyWith({ REQUIRE_USABLE_PASSWORD: 'false' })).toEqual(['PASSWORD_HASH'])
    const changes = { REQUIRE_USABLE_PASSWORD: 'false', PASSWORD_HASH: 'argon2id' }
    expect(configWith(changes)).toMatchObject({
      hashing: { requireUsable: false },
      links: { rules: { opensFirstPasswords: true } },
    })
  })
})

describe('PASSWORD_PEPPER', () => {
  test.each(['auto', 'bcrypt', 'bcrypt_2y'])('may be set with %s', (format) => {
    expect(faultsWith({ PASSWORD_PEPPER: 'p', PASSWORD_HASH: format })).toEqual([])
  })

  test.each(['argon2id', 'django_bcrypt', 'better_auth_scrypt'])(
    'may not be set with %s, which has none',
    (format) => {
      const changes = { PASSWORD_PEPPER: 'canary', PASSWORD_HASH: format }
      expect(faultyWith(changes)).toEqual(['PASSWORD_PEPPER'])
      expect(faultsWith(changes).join()).not.toContain('canary')
    },
  )
})

judges('REQUIRE_USABLE_PASSWORD', ['true'], ['no', '0', 'False'])
judges('LOG_LEVEL', ['info', 'debug', 'silent'], ['verbose', 'INFO', '30'])

describe('a rate', () => {
  test.each([
    ['30/15m', { limit: 30, seconds: 900 }],
    ['1/1s', { limit: 1, seconds: 1 }],
    ['5/2h', { limit: 5, seconds: 7200 }],
    ['999999/1d', { limit: 999_999, seconds: 86_400 }],
  ])('%s is so many in so much time', (value, rate) => {
    const config: Config = configWith({ RATE_LIMIT_REQUESTS: value })
    expect(config.http.requestRate).toEqual(rate)
  })
})

for (const name of ['RATE_LIMIT_REQUESTS', 'RATE_LIMIT_CONFIRMS', 'RATE_LIMIT_PER_ACCOUNT']) {
  judges(
    name,
    ['3/1h'],
    [
      '0/1h',
      '3/0h',
      '3',
      '3/h',
      '3 / 1h',
      '-3/1h',
      '3/1w',
      '3/1H',
      '3.5/1h',
      '1000000/1h',
      'off',
      '03/1h',
      '3/1h\n',
    ],
  )
}

describe('USERS_TABLE', () => {
  test.each([
    ['users', undefined, 'users'],
    ['app.users', 'app', 'users'],
    ['"app.v2".users', 'app.v2', 'users'],
    ['app."user.accounts"', 'app', 'user.accounts'],
    ['"Weird""Name"', undefined, 'Weird"Name'],
    ['Users', undefined, 'Users'],
    ['users; drop', undefined, 'users; drop'],
    ['användare', undefined, 'användare'],
  ])('%s is a table', (value, schema, table) => {
    expect(configWith({ USERS_TABLE: value }).users).toMatchObject({ schema, table })
  })
})

judges(
  'USERS_TABLE',
  ['x'.repeat(63), `${'x'.repeat(63)}.${'y'.repeat(63)}`],
  [
    'a.b.c',
    '.users',
    'app.',
    '.',
    '"users',
    'users"',
    'a"b',
    '""',
    '"a"b',
    '"a".',
    'us\0ers',
    'x'.repeat(64),
    'é'.repeat(32),
    `app.${'x'.repeat(64)}`,
  ],
)

const COLUMNS = Object.keys(EnvironmentSchema.properties).filter((name) =>
  /^USERS_.*_COLUMNS?$/.test(name),
)
describe.each(COLUMNS)('%s', (name) => {
  const second = name === 'USERS_PASSWORD_USER_COLUMN' ? { USERS_PASSWORD_TABLE: 'passwords' } : {}

  test.each(['some_column', 'E-Mail', 'weird "name"; --', 'x'.repeat(63)])('may be %j', (value) => {
    expect(faultsWith({ ...second, [name]: value })).toEqual([])
  })

  test.each(['x'.repeat(64), 'é'.repeat(32), 'a\0b'])('may not be %j', (value) => {
    expect(faultyWith({ ...second, [name]: value })).toEqual([name])
  })
})

test.each<[string, Record<string, string>, string[]]>([
  [
    'the address',
    { USERS_PASSWORD_COLUMN: 'email' },
    ['USERS_PASSWORD_COLUMN: must be another column than USERS_EMAIL_COLUMN'],
  ],
  [
    'the id',
    { USERS_EMAIL_COLUMN: 'id', USERS_EPOCH_COLUMN: 'id' },
    [
      'USERS_EMAIL_COLUMN: must be another column than USERS_ID_COLUMN',
      'USERS_EPOCH_COLUMN: must be another column than USERS_ID_COLUMN',
    ],
  ],
  [
    'the user of a second table',
    {
      USERS_PASSWORD_TABLE: 'passwords',
      USERS_PASSWORD_USER_COLUMN: 'hash',
      USERS_PASSWORD_COLUMN: 'hash',
    },
    ['USERS_PASSWORD_USER_COLUMN: must be another column than USERS_PASSWORD_COLUMN'],
  ],
])('a column that is %s already is a fault', (_, env, faults) => {
  expect(faultsWith(env)).toEqual(faults)
})

test('a second table may call its column as the first one does', () => {
  const second = { USERS_PASSWORD_TABLE: 'passwords', USERS_PASSWORD_USER_COLUMN: 'id' }
  expect(faultsWith({ ...second, USERS_PASSWORD_COLUMN: 'email' })).toEqual([])
})

describe('USERS_LOGIN_COLUMNS', () => {
  test('are columns in the order in which they are tried', () => {
    expect(configWith({ USERS_LOGIN_COLUMNS: 'login, phone' }).users.loginColumns).toEqual([
      'login',
      'phone',
    ])
  })

  test('may not have an empty entry', () => {
    expect(faultsWith({ USERS_LOGIN_COLUMNS: 'login,,phone' })).toEqual([
      'USERS_LOGIN_COLUMNS: has an empty entry between commas',
    ])
  })
})

test.each(['channel_binding=prefer', 'sslrootcert=/etc/ca.pem'])(
  'DATABASE_URL may not have %s, which only libpq knows',
  (parameter) => {
    const [name = ''] = parameter.toLowerCase().split('=')
    expect(faultsWith({ DATABASE_URL: `${required['DATABASE_URL']}?${parameter}` })).toEqual([
      `DATABASE_URL: has ${name}, which only libpq knows: leave it out; a CA goes in DATABASE_CA`,
    ])
  },
)

describe('a database', () => {
  const remote = 'postgres://rekey:pw@db.example/app'
  const warning = 'DATABASE_URL: no TLS to a remote host; add ?sslmode=verify-full'

  test.each(['', '?sslmode=disable', '?sslmode=prefer', '?sslmode=', '?ssl=false', '?ssl='])(
    'elsewhere that is reached with "%s" gives a warning',
    (query) => {
      expect(warningsWith({ DATABASE_URL: remote + query })).toEqual([warning])
    },
  )

  test.each(['?sslmode=require', '?sslmode=verify-full', '?ssl=true'])(
    'elsewhere that is reached with %s gives none',
    (query) => {
      expect(warningsWith({ DATABASE_URL: remote + query })).toEqual([])
    },
  )

  test('elsewhere with a certificate authority gives none', () => {
    expect(warningsWith({ DATABASE_URL: remote, DATABASE_CA: PEM })).toEqual([])
  })

  test.each(['localhost', '127.0.0.1', '[::1]'])('at %s gives none', (host) => {
    expect(warningsWith({ DATABASE_URL: `postgres://rekey:pw@${host}/app` })).toEqual([])
  })
})

describe('what only the database is read for', () => {
  test('needs none of the other variables', () => {
    const { DATABASE_URL } = required
    const reading = readDatabaseConfig({ DATABASE_URL, LINK_SECRETS: 'changeme', PORT: 'x' })
    expect(reading).toEqual({
      config: { url: DATABASE_URL, ca: undefined, poolMax: 10, prepare: true },
      warnings: [],
      empty: [],
    })
  })

  test('tells the faults of its own', () => {
    const reading = readDatabaseConfig({ DATABASE_PREPARE: 'yes', PORT: 'x' })
    expect(reading).toEqual({
      faults: ['DATABASE_URL: is required', 'DATABASE_PREPARE: must be true or false'],
      warnings: [],
    })
  })

  test('gives its warnings', () => {
    const DATABASE_URL = 'postgres://rekey:pw@db.example/app'
    expect(readDatabaseConfig({ DATABASE_URL, DATABASE_POOL_MIX: '5' }).warnings).toEqual([
      'DATABASE_POOL_MIX is not a variable of Rekey; was DATABASE_POOL_MAX meant?',
      'DATABASE_URL: no TLS to a remote host; add ?sslmode=verify-full',
    ])
  })
})

test('no file of the configuration reads the environment by itself', () => {
  const folder = new URL('../../src/config/', import.meta.url)
  const files = readdirSync(folder).filter((name) => name.endsWith('.ts'))
  expect(files.length).toBeGreaterThan(5)
  for (const file of files) {
    const source = readFileSync(new URL(file, folder), 'utf8')
    expect(source).not.toMatch(/process\.env/)
  }
})
