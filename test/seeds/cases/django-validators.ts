// Django's test_validators.py: the rules for passwords, and how they are told.

import { expect } from 'vitest'
import { RESET } from '../../support/answers.ts'
import { fromFile, type SeedCase } from '../case.ts'
import { likenessCases } from './django-likeness.ts'
import {
  broken,
  expectRefused,
  expectTaken,
  FILE,
  NO_SUCH_SETTING,
  OWN_WORDS,
  rules,
  TOLD,
} from './django-passwords.ts'
import { reset, world } from './django-world.ts'

const validationCases = fromFile(
  FILE,
  [
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
      differs: NO_SUCH_SETTING,
      means: "the rules are always those of Django's project template, in its order",
      async run() {
        const env = { PASSWORD_MIN_LENGTH: '12' }
        await expectTaken('sufficiently-long', {}, env)
        await expectRefused('django4242', broken.short(12), {}, env)
        await expectRefused('password', { ...broken.short(12), ...broken.common }, {}, env)
      },
    },
    {
      name: 'test_password_changed',
      means: 'a reset needs nothing that follows it',
      run: () => expectTaken('nothing follows this'),
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
  ],
  'PasswordValidationTest',
)

const lengthCases = fromFile(
  FILE,
  [
    {
      name: 'test_validate',
      async run() {
        const env = { PASSWORD_MIN_LENGTH: '3' }
        await expectTaken('zq4kx8vw')
        await expectTaken('zq4', {}, env)
        await expectRefused('zq4kx8v', broken.short(8))
        await expectRefused('zq', broken.short(3), {}, env)
      },
    },
    {
      name: 'test_help_text',
      means: TOLD,
      run: async () => expect(await rules()).toMatchObject({ min_length: 8 }),
    },
    {
      name: 'test_custom_error',
      means: OWN_WORDS,
      async run() {
        await expectRefused('zq4kx8v', broken.short(8))
        await expectRefused('zq', broken.short(3), {}, { PASSWORD_MIN_LENGTH: '3' })
      },
    },
  ],
  'MinimumLengthValidatorTest',
)

const numericCases = fromFile(
  FILE,
  [
    {
      name: 'test_validate',
      async run() {
        await expectTaken('a-safe-password')
        await expectRefused('42424242', broken.numeric)
      },
    },
    {
      name: 'test_help_text',
      means: TOLD,
      run: async () => expect(await rules()).toMatchObject({ entirely_numeric: 'refuse' }),
    },
    {
      name: 'test_custom_error',
      means: OWN_WORDS,
      run: () => expectRefused('42424242', broken.numeric),
    },
  ],
  'NumericPasswordValidatorTest',
)

export const validatorCases: readonly SeedCase[] = [
  ...validationCases,
  ...lengthCases,
  ...numericCases,
  ...likenessCases,
]
