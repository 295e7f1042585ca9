// django-rest-passwordreset's test_auth_test_case.py: replies that do not tell what becomes of a token.

import { expect } from 'vitest'
import { fromFile, type SeedCase } from '../case.ts'
import { type DialectWorld, valuesAged } from '../dialect-world.ts'
import { callsTo, expectAnswer, NOT_VALID, OK } from './passwordreset-calls.ts'

/** The cases of ResponseIndistinguishabilityTestCase: texts by the validators of Django's. */
export function passwordresetResponses(world: DialectWorld): SeedCase[] {
  const { validate, confirm, mailed } = callsTo(world)
  return fromFile(
    'tests/test/test_auth_test_case.py',
    [
      {
        name: 'test_validate_missing_and_expired_tokens_return_same_response',
        async run() {
          const user = await world.addUser()
          await expectAnswer(validate((await mailed(user)).token), OK)
          for (const bad of ['missing', valuesAged(user, 3601).token]) {
            await expectAnswer(validate(bad), NOT_VALID)
          }
        },
      },
      {
        name: 'test_confirm_missing_and_expired_tokens_return_same_response',
        async run() {
          const user = await world.addUser()
          for (const bad of ['missing', valuesAged(user, 3601).token]) {
            await expectAnswer(confirm(bad), NOT_VALID)
          }
          await world.expectUnchanged(user)
          await expectAnswer(confirm((await mailed(user)).token), OK)
        },
      },
      {
        name: 'test_confirm_inactive_user_token_returns_404_without_deleting_token',
        async run() {
          const user = await world.addUser()
          const { token } = await mailed(user)
          const { sql } = world.surroundings().database
          await sql`update users set is_active = false where id::text = ${user.id}`
          await expectAnswer(confirm(token), NOT_VALID)
          await world.expectUnchanged(user)
          await sql`update users set is_active = true where id::text = ${user.id}`
          await expectAnswer(confirm(token), OK)
        },
      },
      {
        name: 'test_confirm_weak_password_returns_400_without_deleting_token',
        async run() {
          const user = await world.addUser()
          const { token } = await mailed(user)
          const reply = await confirm(token, '1')
          expect(reply.status).toBe(400)
          expect(JSON.parse(reply.text)).toEqual({
            password: [
              'This password is too short. It must contain at least 8 characters.',
              'This password is too common.',
              'This password is entirely numeric.',
            ],
          })
          await world.expectUnchanged(user)
          await expectAnswer(confirm(token), OK)
        },
      },
    ],
    'ResponseIndistinguishabilityTestCase',
  )
}
