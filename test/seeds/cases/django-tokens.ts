// Django's test_tokens.py: what makes a link good, and what ends it.

import { setTimeout as delay } from 'node:timers/promises'
import { expect } from 'vitest'
import { generateSecret } from '../../../src/core/key-ring.ts'
import { INVALID_LINK, VALID_LINK } from '../../support/answers.ts'
import { confide } from '../../support/discretion.ts'
import { linkSecret, sealedLink } from '../../support/links.ts'
import { runRekey } from '../../support/rekey-process.ts'
import { seconds } from '../../support/seconds.ts'
import type { TestService } from '../../support/service.ts'
import { fromFile, type SeedCase } from '../case.ts'
import type { DjangoUser } from '../world.ts'
import { check, expectAlive, expectDead, neverSignedIn, world } from './django-world.ts'

const EXPIRED = '400 {"detail":"Signature expired"}'
const required = ['This field is required.']

/** @returns the second that has just begun, so that a few requests fit into it */
async function freshSecond(): Promise<number> {
  await delay(1000 - (Date.now() % 1000) + 5)
  return seconds()
}

/** @returns what a check answers for a link of exactly this age */
async function checkAged(user: DjangoUser, age: number, env: object): Promise<string> {
  for (;;) {
    const now = await freshSecond()
    const answer = await check(sealedLink(user, now - age, neverSignedIn), env)
    // On a machine that was busy the link has grown older meanwhile.
    if (seconds() === now) return answer
  }
}

async function expectLifetime(seconds: number): Promise<void> {
  const env = { LINK_TTL_SECONDS: String(seconds) }
  await world.serve(env)
  const user = await world.addUser()
  expect(await checkAged(user, seconds, env)).toMatch(VALID_LINK)
  expect(await checkAged(user, seconds + 1, env)).toBe(EXPIRED)
}

/** The environment of another service on the same users. */
const withSecrets = (...secrets: string[]) => ({ LINK_SECRETS: secrets.join(',') })
const anotherSecret = () => confide(generateSecret())

/** Expects that a link ends when the address that it was mailed to becomes another. */
async function expectEndWithAddress(user: DjangoUser, column: string, env = {}): Promise<void> {
  const { sql } = world.surroundings().database
  const link = await world.linkFor(user, env)
  await expectAlive(link, env)
  await sql`update auth_user set ${sql({ [column]: 'test4new@example.com' })} where id = ${user.id}`
  await expectDead(link, env)
}

/** Expects that links of this service and the usual one are good where they come from, and there alone. */
async function expectApart(env: Readonly<Record<string, string>>): Promise<void> {
  const user = await world.addUser()
  const [theirs, ours] = [await world.linkFor(user, env), await world.linkFor(user)]
  await expectAlive(theirs, env)
  await expectAlive(ours)
  await expectDead(theirs)
  await expectDead(ours, env)
}

export const tokenCases: readonly SeedCase[] = fromFile(
  'tests/auth_tests/test_tokens.py',
  [
    {
      name: 'test_make_token',
      async run() {
        await expectAlive(await world.linkFor(await world.addUser()))
      },
    },
    {
      name: 'test_10265',
      means: 'two processes mail the same link in the same second',
      async run() {
        const user = await world.addUser()
        const services = [await world.serve(), await world.serve({ LOG_LEVEL: 'debug' })]
        const { resend } = world.surroundings()
        const asked = () => resend.requests.filter(({ rawBody }) => rawBody.includes(user.email))
        await freshSecond()
        const ask = (service: TestService) =>
          service.post('send-reset-password-link', { email: user.email })
        await Promise.all(services.map(ask))
        await resend.waitForRequest(() => asked().length === 2)
        expect(new Set(asked().map(({ rawBody }) => rawBody)).size).toBe(1)
      },
    },
    {
      name: 'test_token_with_different_email',
      means: 'of an account without an address there is no link, until it has one',
      async run() {
        await expectEndWithAddress(await world.addUser(), 'email')
        const inAnother = confide('test4@example.com')
        const user = await world.addUser({ last_name: inAnother })
        const env = { USERS_EMAIL_COLUMN: 'last_name' }
        await expectEndWithAddress({ ...user, email: inAnother }, 'last_name', env)
        const none = await world.addUser({ last_name: '' })
        await world.expectNoMail({ login: none.username }, 'no_mailbox', env)
        const { sql } = world.surroundings().database
        const first = confide('test5@example.com')
        await sql`update auth_user set last_name = ${first} where id = ${none.id}`
        await expectEndWithAddress({ ...none, email: first }, 'last_name', env)
      },
    },
    {
      name: 'test_timeout',
      async run() {
        await expectLifetime(86_400)
        await expectLifetime(3600)
      },
    },
    {
      name: 'test_check_token_with_nonexistent_token_and_user',
      async run() {
        const link = await world.linkFor(await world.addUser())
        const { user_id: _, ...withoutUser } = link
        const { signature: __, ...withoutSignature } = link
        expect(await check(withoutUser)).toBe(`400 ${JSON.stringify({ user_id: required })}`)
        expect(await check(withoutSignature)).toBe(`400 ${JSON.stringify({ signature: required })}`)
        const nulls = { user_id: ['This field may not be null.'] }
        expect(await check({ ...link, user_id: null })).toBe(`400 ${JSON.stringify(nulls)}`)
        expect(await check({ ...link, user_id: '0' })).toBe(INVALID_LINK)
      },
    },
    {
      name: 'test_token_with_different_secret',
      run: () => expectApart(withSecrets(anotherSecret())),
    },
    {
      name: 'test_token_with_different_secret_subclass',
      means: 'links for another audience do not cross either, under one secret',
      run: () => expectApart({ LINK_AUDIENCE: 'https://another.example' }),
    },
    {
      name: 'test_secret_lazy_validation',
      means: 'an empty secret is a fault of the configuration, never a key',
      async run() {
        const { status, errors } = await runRekey(['serve'], { LINK_SECRETS: '' }).ended
        expect([status, errors]).toEqual([78, expect.stringContaining('LINK_SECRETS: is required')])
      },
    },
    {
      name: 'test_check_token_secret_fallbacks',
      async run() {
        const link = await world.linkFor(await world.addUser())
        await expectAlive(link)
        await expectAlive(link, withSecrets(anotherSecret(), linkSecret))
      },
    },
    {
      name: 'test_check_token_secret_key_fallbacks',
      async run() {
        const [first, second] = [anotherSecret(), anotherSecret()]
        const link = await world.linkFor(await world.addUser(), withSecrets(second))
        await expectAlive(link, withSecrets(first, second, linkSecret))
      },
    },
    {
      name: 'test_check_token_secret_key_fallbacks_override',
      async run() {
        const link = await world.linkFor(await world.addUser())
        await expectDead(link, withSecrets(anotherSecret()))
      },
    },
  ],
  'TokenGeneratorTest',
)
