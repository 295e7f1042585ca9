// Django's test_validators.py: passwords that are like something, a user or what many others choose.

import zxcvbnPasswords from '@zxcvbn-ts/language-common/src/passwords.json' with { type: 'json' }
import { expect } from 'vitest'
import djangoPasswords from '../../../src/service/django-passwords.json' with { type: 'json' }
import { RESET } from '../../support/answers.ts'
import { confide } from '../../support/discretion.ts'
import { fromFile, type SeedCase } from '../case.ts'
import { withHook } from '../host.ts'
import {
  broken,
  expectRefused,
  expectTaken,
  FILE,
  NO_SUCH_SETTING,
  OWN_WORDS,
  refused,
  rules,
  TOLD,
  texts,
} from './django-passwords.ts'
import { world } from './django-world.ts'

const client = {
  username: 'testclient',
  email: 'testclient@example.com',
  first_name: 'Test',
  last_name: 'Client',
}
/** The address and the user name belong to one user of the table each time. */
const clientOf = (number: number) => ({ ...client, username: `testclient${number}` })
const similarityCases = fromFile(
  FILE,
  [
    {
      name: 'test_validate',
      differs: NO_SUCH_SETTING,
      means: "how similar is too similar is Django's default, 0.7",
      async run() {
        const unlike = { username: 'unlike-1', email: confide('unlike@sample.org') }
        await expectTaken('testclient', unlike)
        await expectRefused('testclient', broken.similar('username'), clientOf(2))
        await expectRefused('example.com', broken.similar('email address'), clientOf(3))
        const named = { first_name: 'Bartholomew' }
        await expectRefused('Bartholomew', broken.similar('first name'), named)
        const short = { username: 'unlike-2', email: confide('un.like@sample.org') }
        await expectTaken('testclient', { ...short, first_name: 'Test' })
      },
    },
    {
      name: 'test_validate_property',
      means: 'a column that PostgreSQL computes counts like any other',
      async run() {
        const { sql } = world.surroundings().database
        await sql`alter table auth_user add handle text generated always as ('foo' || 'bar!') stored`
        const env = { USERS_NAME_COLUMN: 'handle' }
        await expectRefused('foobar!!', broken.similar('handle'), {}, env)
      },
    },
    {
      name: 'test_help_text',
      means: TOLD,
      run: async () => expect(await rules()).toMatchObject({ similar_to_account: 'refuse' }),
    },
    {
      name: 'test_custom_error',
      means: OWN_WORDS,
      run: () => expectRefused('testclient', broken.similar('username'), clientOf(4)),
    },
  ],
  'UserAttributeSimilarityValidatorTest',
)

const commonCases = fromFile(
  FILE,
  [
    {
      name: 'test_validate',
      async run() {
        await expectTaken('a-safe-password')
        await expectRefused('godzilla', broken.common)
      },
    },
    {
      name: 'test_common_hexed_codes',
      async run() {
        const env = { PASSWORD_MIN_LENGTH: '7' }
        for (const password of ['asdfjkl:', '&#2336:']) {
          await expectRefused(password, broken.common, {}, env)
        }
      },
    },
    {
      name: 'test_validate_custom_list',
      differs: 'hooks run after the password rules',
      means: 'a list of your own is a hook before the reset, in code, with words of its own',
      async run() {
        const ownList = new Set(['from-my-custom-list', 'godzilla'])
        const refuseListed = async (_write: unknown, password: string) =>
          ownList.has(password) ? 'It is on our list.' : undefined
        const env = { USERS_PRESET: 'django' }
        await withHook(world.surroundings(), env, refuseListed, async (host) => {
          const user = await world.addUser()
          const link = await world.linkFor(user)
          const answerTo = async (password: string) =>
            (await host.post('reset-password', { ...link, password })).answer
          expect(await answerTo('godzilla')).toBe(refused(texts.common))
          expect(await answerTo('from-my-custom-list')).toBe(refused('It is on our list.'))
          await world.expectUnchanged(user)
          expect(await answerTo('a-safe-password')).toBe(RESET)
        })
      },
    },
    {
      name: 'test_validate_django_supplied_file',
      means: 'the lists are in lower case, and find a password in any',
      async run() {
        const entries = djangoPasswords.split('\n').concat(zxcvbnPasswords)
        expect(entries.filter((entry) => entry !== entry.toLowerCase())).toEqual([])
        await expectRefused('GodZilla', broken.common)
      },
    },
    {
      name: 'test_help_text',
      means: TOLD,
      run: async () => expect(await rules()).toMatchObject({ common_passwords: 'refuse' }),
    },
    {
      name: 'test_custom_error',
      means: OWN_WORDS,
      run: () => expectRefused('godzilla', broken.common),
    },
  ],
  'CommonPasswordValidatorTest',
)

export const likenessCases: readonly SeedCase[] = [...similarityCases, ...commonCases]
