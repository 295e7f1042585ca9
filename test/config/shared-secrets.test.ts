// A secret that has two uses is refused, by the names of both variables and never by its value.

import { randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { EnvironmentSchema } from '../../src/config/environment.ts'
import { faultsWith, OTHER_SECRET, SECRET, type Variables } from './readings.ts'

const jwt = { JWT_ISSUER: 'issuer', JWT_AUDIENCE: 'audience' }
const hook = { WEBHOOK_URL: 'https://app.example/hooks' }
const bytes = Buffer.from(SECRET.slice(4), 'base64url')
const WEBHOOK_SECRET = `whsec_${randomBytes(32).toString('base64')}`

const as: Readonly<Record<string, (secret: string) => Variables>> = {
  DATABASE_URL: (secret) => ({
    DATABASE_URL: `postgres://rekey:${encodeURIComponent(secret)}@localhost:5432/app`,
  }),
  LINK_SECRETS: (secret) => ({ LINK_SECRETS: secret }),
  RESEND_API_KEY: (secret) => ({ RESEND_API_KEY: secret }),
  SMTP_URL: (secret) => ({ SMTP_URL: `smtp://rekey:${encodeURIComponent(secret)}@mail.example` }),
  WEBHOOK_SECRETS: (secret) => ({ ...hook, WEBHOOK_SECRETS: secret }),
  JWT_SECRET: (secret) => ({ ...jwt, JWT_SECRET: secret }),
  PASSWORD_PEPPER: (secret) => ({ PASSWORD_PEPPER: secret }),
}
const names = Object.keys(as)
const pairs = names.flatMap((first, index) =>
  names.slice(index + 1).map((second) => [first, second] as const),
)

test('every variable that holds a secret is held against the others', () => {
  const secrets = Object.keys(EnvironmentSchema.properties).filter((name) =>
    /SECRET|API_KEY|PEPPER|TOKENS/.test(name),
  )
  expect(secrets.filter((name) => !names.includes(name))).toEqual([])
})

describe.each(pairs)('%s and %s', (first, second) => {
  const isHook = second === 'WEBHOOK_SECRETS' || first === 'WEBHOOK_SECRETS'
  const isLink = first === 'LINK_SECRETS' || second === 'LINK_SECRETS'
  const secret = isLink
    ? SECRET
    : isHook
      ? WEBHOOK_SECRET
      : 'a secret of thirty-two bytes/or+so'.replaceAll(' ', '-')
  // The same bytes, as this one spells them.
  const spelled =
    isLink && second === 'WEBHOOK_SECRETS' ? `whsec_${bytes.toString('base64')}` : secret

  test('may not be the same', () => {
    const faults = faultsWith({ ...as[first]?.(secret), ...as[second]?.(spelled) })
    expect(faults).toEqual([
      `${second}: has the same secret as ${first}: each needs one of its own`,
    ])
    expect(faults.join()).not.toContain(secret.slice(4, 14))
  })
})

test.each([
  ['without what says whose it is', SECRET.slice(4)],
  ['in the other alphabet', bytes.toString('base64')],
])('a secret is the same %s', (_, other) => {
  expect(faultsWith({ ...jwt, JWT_SECRET: other })).toEqual([
    'JWT_SECRET: has the same secret as LINK_SECRETS: each needs one of its own',
  ])
})

test('one of several is enough', () => {
  const changes = { LINK_SECRETS: `${OTHER_SECRET},${SECRET}`, RESEND_API_KEY: SECRET }
  expect(faultsWith(changes)).toEqual([
    'RESEND_API_KEY: has the same secret as LINK_SECRETS: each needs one of its own',
  ])
})

test.each<[string, Variables]>([
  ['LINK_SECRETS', { LINK_SECRETS: `${SECRET},${OTHER_SECRET},${SECRET}` }],
  ['WEBHOOK_SECRETS', { ...hook, WEBHOOK_SECRETS: `${WEBHOOK_SECRET},${WEBHOOK_SECRET}` }],
])('%s may not have the same twice', (name, changes) => {
  expect(faultsWith(changes)).toEqual([
    `${name}: has the same secret twice: each has to be one of its own`,
  ])
})

test('what is no secret may be shared, and so may the lack of one', () => {
  const changes = {
    DATABASE_URL: 'postgres://rekey@localhost/rekey',
    SMTP_URL: 'smtp://localhost',
    APP_NAME: 'rekey',
    LINK_AUDIENCE: 'rekey',
    PASSWORD_PEPPER: 'rekey',
  }
  expect(faultsWith(changes)).toEqual([])
})
