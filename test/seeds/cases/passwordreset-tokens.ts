// django-rest-passwordreset's test_token_generators.py, and the set-up of its second test application.

import { expect } from 'vitest'
import type { SeedCase } from '../case.ts'
import { type DialectWorld, valuesAged } from '../dialect-world.ts'

const PREFIX = '/api/password_reset/'
/** 256 bits of a MAC, a time, and whose it is. */
const TOKEN = /^[\w-]{43}\d{10}[\w-]+$/
const OK = '200 {"status":"OK"}'

/** The cases. */
export function passwordresetTokens(world: DialectWorld): SeedCase[] {
  /** Whatever is set for the package, what is mailed is one of Rekey's tokens. */
  const expectOwnToken = async (config?: object) => {
    const set = config && { DJANGO_REST_PASSWORDRESET_TOKEN_CONFIG: JSON.stringify(config) }
    const { send } = await world.serve({ ...set })
    const { email } = await world.addUser()
    const { token } = await world.mailed(email, () => send(PREFIX, { email }))
    expect(token).toMatch(TOKEN)
    expect((await send(`${PREFIX}validate_token/`, { token })).answer).toBe(OK)
  }
  const expectUnique = async () => {
    const users = await Promise.all(Array.from({ length: 100 }, () => world.addUser()))
    const tokens = users.map((user) => valuesAged(user, 0).token)
    expect(new Set(tokens).size).toBe(100)
    for (const token of tokens) expect(token).toMatch(TOKEN)
    const { send } = await world.serve()
    for (const token of tokens.slice(0, 3)) {
      expect((await send(`${PREFIX}validate_token/`, { token })).answer).toBe(OK)
    }
  }
  const own = { differs: "tokens are Rekey's" } as const

  return [
    {
      name: 'test_string_token_generator',
      ...own,
      means: 'A hundred accounts have a hundred tokens, of one form.',
      run: expectUnique,
    },
    {
      name: 'test_number_token_generator',
      ...own,
      means: 'No token is a number that can be guessed.',
      run: expectUnique,
    },
    {
      name: 'test_generate_token_generator_from_empty_settings',
      ...own,
      run: () => expectOwnToken(),
    },
    {
      name: 'test_generate_token_generator_from_settings_string_token_generator',
      ...own,
      run: () =>
        expectOwnToken({
          CLASS: 'django_rest_passwordreset.tokens.RandomStringTokenGenerator',
          OPTIONS: { min_length: 10, max_length: 15 },
        }),
    },
    {
      name: 'test_generate_token_generator_from_settings_number_token_generator',
      ...own,
      run: () =>
        expectOwnToken({
          CLASS: 'django_rest_passwordreset.tokens.RandomNumberTokenGenerator',
          OPTIONS: { min_number: 10_000, max_number: 99_999 },
        }),
    },
  ]
}

/** What the second test application asks of its set-up. */
export function passwordresetSetup(world: DialectWorld): SeedCase[] {
  return [
    {
      name: 'test_installed_apps',
      means: 'DIALECTS turns the routes on, and nothing else does.',
      async run() {
        const statusOf = async (dialects: string) => {
          const { send } = await world.serve({ DIALECTS: dialects })
          return (await send(`${PREFIX}validate_token/`, { token: 'x' })).answer.slice(0, 16)
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
        const { send } = await world.serve()
        const user = await world.addUser()
        const { uid } = await world.mailed(user.email, () => send(PREFIX, { email: user.email }))
        expect(Buffer.from(uid, 'base64url').toString()).toBe(user.id)
        expect(user.id).toMatch(/^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/)
      },
    },
  ]
}
