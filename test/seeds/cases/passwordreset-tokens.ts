// django-rest-passwordreset's test_token_generators.py, and the set-up of its second test application.

import { expect } from 'vitest'
import { fromFile, type SeedCase } from '../case.ts'
import type { DialectWorld } from '../dialect-world.ts'
import { OK, routesOf } from './passwordreset-calls.ts'

/** 256 bits of a MAC, a time, and whose it is. */
const TOKEN = /^[\w-]{43}\d{10}[\w-]+$/

/** The cases of TokenGeneratorTestCase. */
export function passwordresetTokens(world: DialectWorld): SeedCase[] {
  /** Has a token mailed to each of some users, and expects that all differ and one of them is good. */
  const expectOwnTokens = async (count: number) => {
    const { request, validate } = routesOf(await world.serve())
    const tokens: string[] = []
    for (let index = 0; index < count; index += 1) {
      const { email } = await world.addUser()
      tokens.push((await world.mailed(email, () => request(email))).token)
    }
    expect(new Set(tokens).size).toBe(count)
    for (const token of tokens) expect(token).toMatch(TOKEN)
    expect((await validate(String(tokens[0]))).answer).toBe(OK)
  }
  const own = { differs: "Tokens and uids are Rekey's" } as const

  return fromFile(
    'tests/test/test_token_generators.py',
    [
      {
        name: 'test_string_token_generator',
        ...own,
        means: 'A hundred accounts are mailed a hundred tokens, of one form.',
        run: () => expectOwnTokens(100),
      },
      {
        name: 'test_number_token_generator',
        ...own,
        means: 'No token is a number that can be guessed.',
        run: () => expectOwnTokens(100),
      },
      ...[
        'from_empty_settings',
        'from_settings_string_token_generator',
        'from_settings_number_token_generator',
      ].map((name) => ({
        name: `test_generate_token_generator_${name}`,
        ...own,
        means: 'There is one kind of token.',
        run: () => expectOwnTokens(1),
      })),
    ],
    'TokenGeneratorTestCase',
  )
}

/** What the second test application asks of its set-up. */
export function passwordresetSetup(world: DialectWorld): SeedCase[] {
  return fromFile(
    'tests/user_id_uuid_testapp/tests/test_setup.py',
    [
      {
        name: 'test_installed_apps',
        means: 'DIALECTS turns the routes on, and nothing else does.',
        async run() {
          const statusOf = async (dialects: string) => {
            const { validate } = routesOf(await world.serve({ DIALECTS: dialects }))
            return (await validate('x')).answer.slice(0, 16)
          }
          expect(await statusOf('rest-passwordreset')).toBe('404 {"detail":"T')
          expect(await statusOf('dj-rest-auth')).toBe('404 {"detail":"N')
          expect(await statusOf('')).toBe('404 {"detail":"N')
        },
      },
      {
        name: 'test_models',
        means: 'The id in a token is the UUID of the row.',
        async run() {
          const { request } = routesOf(await world.serve())
          const user = await world.addUser()
          const { uid } = await world.mailed(user.email, () => request(user.email))
          expect(Buffer.from(uid, 'base64url').toString()).toBe(user.id)
          expect(user.id).toMatch(/^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/)
        },
      },
    ],
    'TestSetup',
  )
}
