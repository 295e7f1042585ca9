// Django's test_validators.py: the rules for passwords, and how they are told.

import zxcvbnPasswords from '@zxcvbn-ts/language-common/src/passwords.json' with { type: 'json' }
import { expect } from 'vitest'
import djangoPasswords from '../../../src/service/django-passwords.json' with { type: 'json' }
import { RESET } from '../../support/answers.ts'
import { sealedLink } from '../../support/links.ts'
import type { SeedCase } from '../case.ts'
import { withHook } from '../host.ts'
import { neverSignedIn, reset, world } from './django-world.ts'

type Variables = Readonly<Record<string, string>>

const texts = {
  short: (least: number) =>
    `This password is too short. It must contain at least ${least} characters.`,
  similar: (label: string) => `The password is too similar to the ${label}.`,
  common: 'This password is too common.',
  numeric: 'This password is entirely numeric.',
}

/** Sets a password for a new user. @returns what is answered */
async function choose(password: string, columns = {}, env: Variables = {}): Promise<string> {
  const link = await world.linkFor(await world.addUser(columns), env)
  return reset({ ...link, password }, env)
}
const refused = (...details: string[]) => `400 ${JSON.stringify({ password: details })}`

async function rules(env: Variables = {}): Promise<Record<string, unknown>> {
  const { text } = await (await world.serve(env)).ask('/api/v1/accounts/password-rules')
  return JSON.parse(text)
}

/** The code of a broken rule, to which a frontend puts words of its own. */
async function expectCode(password: string, code: string, columns = {}): Promise<void> {
  const link = await world.linkFor(await world.addUser(columns))
  const service = await world.serve()
  const accept = 'application/problem+json'
  const { text } = await service.post('reset-password', { ...link, password }, { accept })
  const codes = JSON.parse(text).errors.map((error: { code: string }) => error.code)
  expect(codes).toContain(code)
}

const ownWords = [
  ['MinimumLengthValidatorTest.test_custom_error', '1xy', 'password_too_short'],
  ['UserAttributeSimilarityValidatorTest.test_custom_error', 'own-words', 'password_too_similar'],
  [
    'UserAttributeSimilarityValidatorTest.test_custom_error_verbose_name_not_used',
    'own.words',
    'password_too_similar',
  ],
  ['CommonPasswordValidatorTest.test_custom_error', 'godzilla', 'password_too_common'],
  ['NumericPasswordValidatorTest.test_custom_error', '42424242', 'password_entirely_numeric'],
] as const

const helpTexts = [
  ['MinimumLengthValidatorTest.test_help_text', { min_length: 8 }],
  ['UserAttributeSimilarityValidatorTest.test_help_text', { similar_to_account: 'refuse' }],
  ['CommonPasswordValidatorTest.test_help_text', { common_passwords: 'refuse' }],
  ['NumericPasswordValidatorTest.test_help_text', { entirely_numeric: 'refuse' }],
] as const

export const validatorCases: readonly SeedCase[] = [
  {
    name: 'test_get_default_password_validators',
    means: 'the configured rules are the ones in force',
    async run() {
      expect(await rules({ PASSWORD_MIN_LENGTH: '12' })).toMatchObject({
        min_length: 12,
        common_passwords: 'refuse',
      })
    },
  },
  {
    name: 'test_get_password_validators_custom',
    means: 'a service of another configuration has rules of its own',
    async run() {
      expect(await rules({ PASSWORD_MIN_LENGTH: '15' })).toMatchObject({ min_length: 15 })
      expect(await rules()).toMatchObject({ min_length: 8 })
    },
  },
  {
    name: 'test_get_password_validators_custom_invalid',
    means: 'a rule that is no rule stops the start, by the name of its variable',
    run: () =>
      expect(world.serve({ PASSWORD_MIN_LENGTH: 'json.tool' })).rejects.toThrow(
        'PASSWORD_MIN_LENGTH: must be a whole number from 1 to 1024',
      ),
  },
  {
    name: 'test_validate_password',
    async run() {
      const env = { PASSWORD_MIN_LENGTH: '12' }
      expect(await choose('sufficiently-long', {}, env)).toBe(RESET)
      expect(await choose('django4242', {}, env)).toBe(refused(texts.short(12)))
    },
  },
  {
    name: 'test_validate_password [order of the setting, empty setting]',
    means: "the rules are always those of Django's project template, in its order",
    differs: 'no such setting',
    async run() {
      const env = { PASSWORD_MIN_LENGTH: '12' }
      expect(await choose('password', {}, env)).toBe(refused(texts.short(12), texts.common))
    },
  },
  {
    name: 'test_password_changed',
    means: 'a reset needs nothing that follows it',
    run: async () => expect(await choose('nothing follows this')).toBe(RESET),
  },
  {
    name: 'test_password_changed_with_custom_validator',
    means: 'AFTER_RESET_SQL follows a change, for the account that it was',
    async run() {
      const AFTER_RESET_SQL = "UPDATE auth_user SET last_name = 'changed' WHERE id = :user_id"
      const env = { AFTER_RESET_SQL }
      const user = await world.addUser()
      const bystander = await world.addUser()
      const link = await world.linkFor(user, env)
      expect(await reset({ ...link, password: 'something follows this' }, env)).toBe(RESET)
      const { sql } = world.surroundings().database
      const ids = [user.id, bystander.id]
      const rows = await sql`select last_name from auth_user where id = any(${ids}) order by id`
      expect(rows.map((row) => row['last_name'])).toEqual(['changed', ''])
    },
  },
  {
    name: 'test_password_validators_help_texts',
    means: 'password-rules tells every rule',
    async run() {
      expect(await rules({ PASSWORD_MIN_LENGTH: '12' })).toMatchObject({
        min_length: 12,
        common_passwords: 'refuse',
        entirely_numeric: 'refuse',
        similar_to_account: 'refuse',
      })
    },
  },
  {
    name: 'MinimumLengthValidatorTest.test_validate',
    async run() {
      const env = { PASSWORD_MIN_LENGTH: '3' }
      expect(await choose('zq4kx8vw')).toBe(RESET)
      expect(await choose('zq4kx8v')).toBe(refused(texts.short(8)))
      expect(await choose('zq4', {}, env)).toBe(RESET)
      expect(await choose('zq', {}, env)).toBe(refused(texts.short(3)))
    },
  },
  {
    name: 'UserAttributeSimilarityValidatorTest.test_validate',
    async run() {
      const user = { username: 'testclient2', email: 'testclient2@example.com' }
      expect(await choose('testclient2', user)).toBe(refused(texts.similar('username')))
      const other = { username: 'unlike', email: 'testclient3@example.com', first_name: 'Ursula' }
      expect(await choose('example.com', other)).toBe(refused(texts.similar('email address')))
      const named = { first_name: 'Bartholomew' }
      expect(await choose('bartholomew', named)).toBe(refused(texts.similar('first name')))
      expect(await choose('testclient', { first_name: 'Test' })).toBe(RESET)
    },
  },
  {
    name: 'UserAttributeSimilarityValidatorTest.test_validate [max_similarity]',
    means: "how similar is too similar is Django's default, 0.7",
    differs: 'no such setting',
    run: async () => expect(await choose('testclient', { first_name: 'Test' })).toBe(RESET),
  },
  {
    name: 'UserAttributeSimilarityValidatorTest.test_validate_property',
    means: 'a column that PostgreSQL computes counts like any other',
    async run() {
      const { sql } = world.surroundings().database
      await sql`alter table auth_user add handle text generated always as ('foo' || 'bar!') stored`
      const env = { USERS_NAME_COLUMN: 'handle' }
      expect(await choose('foobar!!', {}, env)).toBe(refused(texts.similar('handle')))
    },
  },
  {
    name: 'CommonPasswordValidatorTest.test_validate',
    async run() {
      expect(await choose('a-safe-password')).toBe(RESET)
      expect(await choose('godzilla')).toBe(refused(texts.common))
    },
  },
  {
    name: 'CommonPasswordValidatorTest.test_common_hexed_codes',
    async run() {
      const env = { PASSWORD_MIN_LENGTH: '7' }
      for (const password of ['asdfjkl:', '&#2336:']) {
        expect(await choose(password, {}, env)).toBe(refused(texts.common))
      }
    },
  },
  {
    name: 'CommonPasswordValidatorTest.test_validate_custom_list',
    means: 'a list of your own is a hook before the reset, in code',
    async run() {
      const ownList = new Set(['from-my-custom-list'])
      const refuseListed = async (_write: unknown, password: string) =>
        ownList.has(password) ? texts.common : undefined
      const env = { USERS_PRESET: 'django' }
      await withHook(world.surroundings(), env, refuseListed, async (host) => {
        const user = await world.addUser()
        const link = sealedLink(user, undefined, neverSignedIn)
        const answerTo = async (password: string) =>
          (await host.post('reset-password', { ...link, password })).answer
        expect(await answerTo('from-my-custom-list')).toBe(refused(texts.common))
        await world.expectUnchanged(user)
        expect(await answerTo('a-safe-password')).toBe(RESET)
      })
    },
  },
  {
    name: 'CommonPasswordValidatorTest.test_validate_django_supplied_file',
    means: 'the lists are in lower case, and find a password in any',
    async run() {
      const entries = djangoPasswords.split('\n').concat(zxcvbnPasswords)
      expect(entries.filter((entry) => entry !== entry.toLowerCase())).toEqual([])
      expect(await choose('GodZilla')).toBe(refused(texts.common))
    },
  },
  {
    name: 'NumericPasswordValidatorTest.test_validate',
    async run() {
      expect(await choose('another-safe-password')).toBe(RESET)
      expect(await choose('42424242')).toBe(refused(texts.numeric))
    },
  },
  ...helpTexts.map(
    ([name, expected]): SeedCase => ({
      name,
      means: 'password-rules tells the rule',
      run: async () => expect(await rules()).toMatchObject(expected),
    }),
  ),
  ...ownWords.map(
    ([name, password, code]): SeedCase => ({
      name,
      means: "the rule's code is in problem details, for a frontend to put its own words to",
      run: () => expectCode(password, code, { first_name: 'own-words' }),
    }),
  ),
]
