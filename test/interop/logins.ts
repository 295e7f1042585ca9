// Users that a framework made reset through Rekey, and the framework's own login takes the new password
// and no other; what they were signed in with before has ended.

import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RESET } from '../support/answers.ts'
import { confide } from '../support/discretion.ts'
import type { Environment } from '../support/rekey-process.ts'
import { startService, type TestService } from '../support/service.ts'
import { createSurroundings, type Surroundings } from '../support/surroundings.ts'
import { type HostApp, hostPrograms, startHostApp } from './host-apps.ts'
import { longest, longestForBcrypt, passwords } from './passwords.ts'

const ROUTE = 'reset-password'
const OLD = 'what somebody forgot'
const PEPPER = 'a pepper of the host application, as long as Devise makes them'

interface Host {
  readonly preset: keyof typeof hostPrograms
  /** Ways to hash, and what the framework calls the hash that it makes then. */
  readonly variants: Readonly<Record<string, string>>
  /** Those that an older version of the framework may lack. */
  readonly newer?: readonly string[]
  /** Those that read 72 bytes of a password. */
  readonly bcrypt: readonly string[]
  /** The longest password of the others. */
  readonly most: string
  /** Whether the framework brings no migration of its own. */
  readonly takesTables?: true
  readonly env?: Readonly<Record<string, Environment>>
}

const hosts: readonly Host[] = [
  {
    preset: 'django',
    variants: {
      pbkdf2_sha256: 'pbkdf2_sha256',
      pbkdf2_sha1: 'pbkdf2_sha1',
      argon2: 'argon2',
      bcrypt_sha256: 'bcrypt_sha256',
      bcrypt: 'bcrypt',
      scrypt: 'scrypt',
    },
    newer: ['scrypt'],
    bcrypt: ['bcrypt'],
    most: longest,
  },
  {
    preset: 'laravel',
    variants: { bcrypt: 'bcrypt', argon2id: 'argon2id' },
    bcrypt: ['bcrypt'],
    most: longest,
    takesTables: true,
  },
  {
    preset: 'devise',
    variants: { 'without a pepper': '$2a$', 'with a pepper': '$2a$' },
    bcrypt: ['without a pepper', 'with a pepper'],
    most: longest,
    takesTables: true,
    env: { 'with a pepper': { PASSWORD_PEPPER: PEPPER } },
  },
  {
    preset: 'better-auth',
    variants: { scrypt: 'scrypt' },
    bcrypt: [],
    // Its login counts UTF-16 units.
    most: longest.slice(0, 128),
  },
]

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')

describe.each(hosts)('$preset', ({ preset, bcrypt, most, newer = [], ...host }) => {
  let surroundings: Surroundings
  let app: HostApp
  let users = 0

  beforeAll(async () => {
    surroundings = await createSurroundings()
    const { url, sql } = surroundings.database
    if (host.takesTables) await sql.unsafe(read(`../config/presets/${preset}.sql`))
    app = await startHostApp(hostPrograms[preset], url, { PEPPER })
  })

  afterAll(async () => {
    if (app) process.stdout.write(`\n${preset} ${app.version}: ${app.variants.join(', ')}\n`)
    await app?.stop()
    await surroundings?.end()
  })

  test('has every way to hash, but for what came later', () => {
    const lacking = Object.keys(host.variants).filter((variant) => !app.variants.includes(variant))
    expect(newer).toEqual(expect.arrayContaining(lacking))
  })

  describe.each(Object.entries(host.variants))('%s', (variant, hash) => {
    const isBcrypt = bcrypt.includes(variant)
    const tooLong = isBcrypt ? `${longestForBcrypt}b` : `${most}b`
    const words = { ...passwords, longest: isBcrypt ? longestForBcrypt : most }
    let service: TestService

    beforeAll(async () => {
      service = await startService(surroundings, {
        USERS_PRESET: preset,
        ...afterReset(preset),
        ...host.env?.[variant],
      })
    })

    afterAll(() => service?.stop())

    test.for(Object.entries(words))('takes the new password alone: %s', async (word, { skip }) => {
      skip(!app.variants.includes(variant), `${preset} ${app.version} does not know it`)
      const [, password] = word
      users += 1
      const email = confide(`somebody-${users}@example.com`)
      expect(await app.signUp(variant, email, OLD)).toBe(hash)
      const proofs = await app.signIn(variant, email, OLD)
      if (!proofs) throw new Error('the framework refuses the password that it was given')
      for (const proof of Object.values(proofs)) confide(proof)
      expect(new Set(Object.values(await app.still(variant, proofs)))).toEqual(new Set([true]))

      const link = await service.mailedLink(email)
      expect(await service.code(ROUTE, { ...link, password: tooLong })).toBe('password_rejected')
      const body = { ...link, password }
      expect((await service.post(ROUTE, body)).answer).toBe(RESET)
      expect(await service.code(ROUTE, body)).toBe('link_superseded')

      expect(new Set(Object.values(await app.still(variant, proofs)))).toEqual(new Set([false]))
      expect(await app.signIn(variant, email, OLD)).toBe(null)
      const near =
        password === password.trim() ? `x${[...password].slice(1).join('')}` : password.trim()
      expect(await app.signIn(variant, email, near)).toBe(null)
      expect(await app.signIn(variant, email, password)).not.toBe(null)
    })
  })
})

/** The statement on the preset's page; Django's is for those who use its REST framework's tokens. */
function afterReset(preset: Host['preset']): Environment {
  const page = read(`../../docs/presets/${preset}.md`)
  const [, recommended] = /## After a reset.*?```sql\n(.*?)\n```/s.exec(page) ?? []
  if (!recommended) throw new Error(`docs/presets/${preset}.md recommends nothing`)
  return { AFTER_RESET_SQL: recommended }
}
