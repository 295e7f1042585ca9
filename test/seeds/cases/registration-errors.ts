// django-rest-registration's test_validation.py and test_exceptions.py: how errors are put together.

import { expect } from 'vitest'
import { INVALID_LINK } from '../../support/answers.ts'
import type { SeedCase } from '../case.ts'
import { world } from './registration-world.ts'

const ROUTE = 'reset-password'
const required = ['This field is required.']
const texts = {
  short: 'This password is too short. It must contain at least 8 characters.',
  common: 'This password is too common.',
  numeric: 'This password is entirely numeric.',
}

const post = async (body: object | string) => (await world.serve()).post(ROUTE, body)
const problem = async (body: object | string) => {
  const accept = 'application/problem+json'
  return JSON.parse((await (await world.serve()).post(ROUTE, body, { accept })).text)
}
const withLink = async (password: string) => ({
  ...(await world.linkFor(await world.addUser())),
  password,
})
const answerTo = (body: object) => `400 ${JSON.stringify(body)}`

const noErrorsKey = ['none', 'str_list', 'str'].map(
  (id): SeedCase => ({
    name: `test_bad_request_detail_with_use_non_field_errors_key [${id}]`,
    means: 'what is wrong with no field alone is `detail`, and a code in problem details',
    differs: 'no such setting',
    async run() {
      const body = { token: 'x', password: 'irrelevant' }
      expect((await post(body)).answer).toBe(INVALID_LINK)
      expect((await problem(body)).code).toBe('link_invalid')
    },
  }),
)

const details: readonly (readonly [string, object | string, readonly string[]])[] = [
  ['none', { token: 'x', password: 'irrelevant' }, []],
  ['str', { token: 'x', password: '' }, ['This field may not be blank.']],
  ['str_list', { token: 'x', password: null }, ['This field may not be null.']],
  ['str_list_dict', { token: 'x' }, required],
  ['str_list_dict2', { token: 7 }, ['Not a valid string.', ...required]],
]

export const errorCases: readonly SeedCase[] = [
  {
    name: 'test_run_validators_fails [text]',
    means: 'one broken rule is a list of one text',
    async run() {
      expect((await post(await withLink('ftayx'))).answer).toBe(
        answerTo({ password: [texts.short] }),
      )
    },
  },
  {
    name: 'test_run_validators_fails [text and list]',
    means: 'all broken rules are in one list, in their order',
    async run() {
      const { answer } = await post(await withLink('12345'))
      expect(answer).toBe(answerTo({ password: [texts.short, texts.common, texts.numeric] }))
    },
  },
  {
    name: 'test_run_validators_fails [dicts]',
    means: 'each faulty field has a key of its own',
    differs: 'no empty non_field_errors',
    async run() {
      const { answer } = await post({ user_id: '1', timestamp: '1700000000' })
      expect(answer).toBe(answerTo({ signature: required, password: required }))
    },
  },
  {
    name: 'test_run_validators_fails [mixed]',
    means: 'faulty fields, and what is wrong with no field alone, come at once',
    async run() {
      const { text } = await post({ token: 'x', signature: 'y' })
      expect(JSON.parse(text)).toEqual({
        password: required,
        non_field_errors: ['Send either token or user_id, timestamp and signature.'],
      })
    },
  },
  {
    name: 'test_transform_django_validation_error [simple]',
    means: "a text of Django's has Django's code",
    async run() {
      const { errors } = await problem(await withLink('ftayx'))
      const error = { field: 'password', code: 'password_too_short', detail: texts.short }
      expect(errors).toEqual([error])
    },
  },
  {
    name: 'test_transform_django_validation_error [list]',
    means: 'each of several texts has its code',
    async run() {
      const { errors } = await problem(await withLink('12345'))
      expect(errors.map(({ code }: { code: string }) => code)).toEqual([
        'password_too_short',
        'password_too_common',
        'password_entirely_numeric',
      ])
    },
  },
  {
    name: 'test_transform_django_validation_error [dict]',
    means: 'the texts of several fields have their codes',
    async run() {
      const { errors } = await problem({ token: 'x', password: '', password_confirm: null })
      expect(errors).toEqual([
        { field: 'password', code: 'blank', detail: 'This field may not be blank.' },
        { field: 'password_confirm', code: 'null', detail: 'This field may not be null.' },
      ])
    },
  },
  {
    name: 'test_bad_request_detail [text and code]',
    means: 'an error of no field is `detail`, with its code in problem details',
    async run() {
      const body = { token: 'x', password: 'irrelevant' }
      expect((await post(body)).answer).toBe(INVALID_LINK)
      expect((await problem(body)).code).toBe('link_invalid')
    },
  },
  {
    name: 'test_bad_request_detail [default]',
    means: 'a bad request that has no error of its own is `detail` with a code, too',
    async run() {
      expect((await post('{')).answer).toBe('400 {"detail":"JSON parse error"}')
      expect((await problem('{')).code).toBe('invalid_request')
    },
  },
  ...noErrorsKey,
  {
    name: 'test_bad_request_detail_with_use_non_field_errors_key [str_list_dict]',
    means: 'the error of a field is under its name',
    async run() {
      expect((await post({ token: 'x' })).answer).toBe(answerTo({ password: required }))
    },
  },
  ...details.map(
    ([id, body, expected]): SeedCase => ({
      name: `test_extract_details [${id}]`,
      means: 'the texts of all fields can be read as one list, from problem details',
      async run() {
        const { errors = [] } = await problem(body)
        expect(errors.map(({ detail }: { detail: string }) => detail)).toEqual(expected)
      },
    }),
  ),
]
