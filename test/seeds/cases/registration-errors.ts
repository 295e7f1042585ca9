// django-rest-registration's test_validation.py and test_exceptions.py: how errors are put together.

import { expect } from 'vitest'
import { INVALID_LINK } from '../../support/answers.ts'
import { fromFile, type SeedCase } from '../case.ts'
import { world } from './registration-world.ts'

const ROUTE = 'reset-password'
const required = ['This field is required.']
// Django's password_validation.py.
const texts = {
  short: 'This password is too short. It must contain at least 8 characters.',
  common: 'This password is too common.',
  numeric: 'This password is entirely numeric.',
}

const post = async (body: object | string) => (await world.serve()).post(ROUTE, body)
const errorsOf = async (body: object | string) => {
  const accept = 'application/problem+json'
  return JSON.parse((await (await world.serve()).post(ROUTE, body, { accept })).text).errors
}
const withLink = async (password: string) => ({
  ...(await world.linkFor(await world.addUser())),
  password,
})
const answerTo = (body: object) => `400 ${JSON.stringify(body)}`
const fault = (field: string, code: string, detail: string) => ({ field, code, detail })

const validationCases = fromFile('tests/unit_tests/utils/test_validation.py', [
  {
    name: 'test_run_validators_fails[text]',
    means: 'one broken rule is a list of one text',
    async run() {
      const { answer } = await post(await withLink('ftayx'))
      expect(answer).toBe(answerTo({ password: [texts.short] }))
    },
  },
  {
    name: 'test_run_validators_fails[text and list]',
    means: 'all broken rules are in one list, in their order',
    async run() {
      const { answer } = await post(await withLink('12345'))
      expect(answer).toBe(answerTo({ password: [texts.short, texts.common, texts.numeric] }))
    },
  },
  {
    name: 'test_run_validators_fails[dicts]',
    means: 'each faulty field has a key of its own',
    differs: 'no `non_field_errors: []` beside a field error',
    async run() {
      const { answer } = await post({ user_id: '1', timestamp: '1700000000' })
      expect(answer).toBe(answerTo({ signature: required, password: required }))
    },
  },
  {
    name: 'test_transform_django_validation_error[simple]',
    means: "a text of Django's has Django's code, in problem details",
    async run() {
      expect(await errorsOf(await withLink('ftayx'))).toEqual([
        fault('password', 'password_too_short', texts.short),
      ])
    },
  },
  {
    name: 'test_transform_django_validation_error[list]',
    means: 'each of several texts has its code',
    async run() {
      expect(await errorsOf(await withLink('12345'))).toEqual([
        fault('password', 'password_too_short', texts.short),
        fault('password', 'password_too_common', texts.common),
        fault('password', 'password_entirely_numeric', texts.numeric),
      ])
    },
  },
  {
    name: 'test_transform_django_validation_error[dict]',
    means: 'the texts of several fields have their codes',
    async run() {
      const body = { ...(await withLink('')), password_confirm: null }
      // The codes of Django REST framework's fields.py.
      expect(await errorsOf(body)).toEqual([
        fault('password', 'blank', 'This field may not be blank.'),
        fault('password_confirm', 'null', 'This field may not be null.'),
      ])
    },
  },
])

const exceptionCases = fromFile('tests/unit_tests/test_exceptions.py', [
  ...['none', 'str_list', 'str'].map(
    (id): Omit<SeedCase, 'file'> => ({
      name: `test_bad_request_detail_with_use_non_field_errors_key[${id}]`,
      means: 'what is wrong with no field alone is always `detail`',
      differs:
        'no setting for the order and similarity of the rules, nor for the key of other errors',
      async run() {
        const link = await withLink('irrelevant')
        expect((await post({ ...link, signature: 'A'.repeat(43) })).answer).toBe(INVALID_LINK)
      },
    }),
  ),
  {
    name: 'test_bad_request_detail_with_use_non_field_errors_key[str_list_dict]',
    means: 'the error of a field is under its name',
    async run() {
      expect((await post({ token: 'x' })).answer).toBe(answerTo({ password: required }))
    },
  },
])

export const errorCases: readonly SeedCase[] = [...validationCases, ...exceptionCases]
