// The suite of dj-rest-auth 7.1.1: test_api.py and test_serializers.py, as far as they are about reset
// and change.

import { expect } from 'vitest'
import { encodeUid } from '../../../src/core/token.ts'
import { NOT_SIGNED_IN } from '../../support/answers.ts'
import type { Reply } from '../../support/client.ts'
import { bearer, claimsOf, jwtVariables, signWithSecret } from '../../support/jwt-issuer.ts'
import type { Environment } from '../../support/rekey-process.ts'
import type { StoredUser } from '../../support/users.ts'
import { fromFile, type SeedSuite } from '../case.ts'
import { createDialectWorld } from '../dialect-world.ts'
import { withHook } from '../host.ts'

/** Opened before the cases run, and closed after them. */
export const world = createDialectWorld('integer')

const PREFIX = '/api/auth/password/'
const MAILED = '200 {"detail":"Password reset e-mail has been sent."}'
const DONE = '200 {"detail":"Password has been reset with the new password."}'
const SAVED = '200 {"detail":"New password has been saved."}'
const BAD_TOKEN = '400 {"token":["Invalid value"]}'
const BAD_UID = '400 {"uid":["Invalid value"]}'
const NEW_PASS = 'new-test-pass'
const jwtSecret = 'the secret of a host application'
const withTokens = { JWT_SECRET: jwtSecret, ...jwtVariables }
/** What a validator says; the JSON number of the suite is a text by then. */
const NUMERIC =
  '400 {"new_password2":["This password is too short. It must contain at least 8 characters.","This password is too common.","This password is entirely numeric."]}'
const COMMON = '400 {"new_password2":["This password is too common."]}'
const required = ['This field is required.']
const API = 'dj_rest_auth/tests/test_api.py'

const post = async (route: string, body: object, env?: Environment, headers?: object) =>
  (await world.serve(env)).send(`${PREFIX}${route}`, body, { ...headers })
const reset = (email: string) => post('reset/', { email })
const both = (password: unknown) => ({ new_password1: password, new_password2: password })

/** What somebody sends who is signed in to the host application. */
const signIn = async ({ id }: StoredUser) => bearer(await signWithSecret(jwtSecret, claimsOf(id)))

async function change(user: StoredUser, body: object): Promise<Reply> {
  return post('change/', body, withTokens, await signIn(user))
}

async function expectAnswer(reply: Promise<Reply>, answer: string): Promise<void> {
  expect((await reply).answer).toBe(answer)
}

async function resetPassword(): Promise<void> {
  const user = await world.addUser()
  const { uid, token } = await world.mailed(user.email, () => reset(user.email))
  expect(world.linkMails(user.email)).toBe(1)
  const confirm = (values: object) => post('reset/confirm/', { ...both(NEW_PASS), ...values })
  await expectAnswer(confirm({ uid, token: '-wrong-token-' }), BAD_TOKEN)
  await expectAnswer(confirm({ uid: '-wrong-uid-', token }), BAD_UID)
  await expectAnswer(confirm({ uid: '-wrong-uid-', token: '-wrong-token-' }), BAD_UID)
  await world.expectUnchanged(user)
  await expectAnswer(confirm({ uid, token }), DONE)
  await world.expectPassword(user, NEW_PASS)
}

/** What the suite asks of somebody who has not signed in, and of the same once signed in. */
async function signInForChange(): Promise<void> {
  const reply = await post('change/', {}, withTokens)
  expect(reply.answer).toBe(NOT_SIGNED_IN)
  expect(reply.headers['www-authenticate']).toBe('Bearer')
  expect((await change(await world.addUser(), {})).status).toBe(400)
}

const signIns = [
  'test_allauth_login_with_username',
  'test_allauth_login_with_email_deprecated_setting',
  'test_allauth_login_with_email',
  'test_login_by_email',
]

const apiCases = fromFile(
  API,
  [
    {
      name: 'test_password_reset_allauth',
      differs: "Tokens and uids are Rekey's",
      means: 'The uid is base64url of the id, as it is without allauth.',
      async run() {
        await resetPassword()
        const user = await world.addUser()
        const { uid } = await world.mailed(user.email, () => reset(user.email))
        expect(uid).toBe(encodeUid(user.id))
      },
    },
    { name: 'test_password_reset_no_allauth', run: resetPassword },
    {
      name: 'test_password_reset_with_email_in_different_case',
      async run() {
        const { email } = await world.addUser()
        await world.mailed(email, () => reset(email.toUpperCase()))
        expect(world.linkMails(email)).toBe(1)
      },
    },
    {
      name: 'test_password_reset_with_invalid_email',
      async run() {
        const { log } = await world.serve()
        const seen = log.lines.length
        const asked = world.linksAsked()
        await expectAnswer(reset('nonexisting@email.com'), MAILED)
        await log.waitFor(({ reason }) => reason === 'no_account', seen)
        expect(world.linksAsked()).toBe(asked)
      },
    },
    {
      name: 'test_password_reset_honors_password_validators',
      async run() {
        const user = await world.addUser()
        const values = await world.mailed(user.email, () => reset(user.email))
        await expectAnswer(post('reset/confirm/', { ...both(123), ...values }), NUMERIC)
        await world.expectUnchanged(user)
      },
    },
    {
      name: 'test_password_change',
      differs: 'password/change always wants the old password',
      async run() {
        const user = await world.addUser()
        await expectAnswer(
          change(user, both('new_person')),
          `400 ${JSON.stringify({ old_password: required })}`,
        )
        await world.expectUnchanged(user)
        const body = { old_password: user.password, ...both('new_person') }
        await expectAnswer(change(user, body), SAVED)
        await world.expectPassword(user, 'new_person')
        const next = { old_password: 'new_person', ...both('new_person') }
        await expectAnswer(
          change(user, { ...next, new_password1: 'new_person1' }),
          '400 {"new_password2":["The two password fields didn’t match."]}',
        )
        expect((await change(user, {})).status).toBe(400)
        await world.expectPassword(user, 'new_person')
      },
    },
    {
      name: 'test_password_change_honors_password_validators',
      async run() {
        const user = await world.addUser()
        await expectAnswer(change(user, { old_password: user.password, ...both(123) }), NUMERIC)
        await world.expectUnchanged(user)
      },
    },
    {
      name: 'test_password_change_with_old_password',
      async run() {
        const user = await world.addUser()
        await expectAnswer(
          change(user, { old_password: `${user.password}!`, ...both('new_person') }),
          '400 {"old_password":["Your old password was entered incorrectly. Please enter it again."]}',
        )
        await world.expectUnchanged(user)
        const body = { old_password: user.password, ...both('new_person') }
        await expectAnswer(change(user, body), SAVED)
        await world.expectPassword(user, 'new_person')
      },
    },
    ...signIns.map((name) => ({
      name,
      differs: 'a missing sign-in is 401, never 403' as const,
      run: signInForChange,
    })),
  ],
  'APIBasicTests',
)

const serializerCases = fromFile(
  'dj_rest_auth/tests/test_serializers.py',
  [
    {
      name: 'test_custom_validation',
      differs: 'hooks run after the password rules',
      means: 'A hook before the change, in code, is asked once, and what it refuses is answered.',
      async run() {
        const user = await world.addUser()
        const asked: unknown[] = []
        const validate = async (...attrs: unknown[]) => {
          asked.push(attrs)
          return asked.length === 1 ? 'failed' : undefined
        }
        const env = { DIALECTS: 'dj-rest-auth', ...withTokens }
        await withHook(world.surroundings(), env, validate, async ({ send }) => {
          const body = { old_password: user.password, ...both('new_person') }
          const signedIn = await signIn(user)
          const post = (weaker = {}) => send(`${PREFIX}change/`, { ...body, ...weaker }, signedIn)
          expect((await post(both('Password'))).answer).toBe(COMMON)
          expect(asked).toEqual([])
          await expectAnswer(post(), '400 {"new_password2":["failed"]}')
          expect(asked).toEqual([[{ accountId: user.id, occasion: 'change' }, 'new_person']])
          await world.expectUnchanged(user)
          await expectAnswer(post(), SAVED)
          expect(asked).toHaveLength(2)
          await world.expectPassword(user, 'new_person')
        })
      },
    },
  ],
  'TestPasswordChangeSerializer',
)

export const djRestAuth: SeedSuite = {
  system: 'dj-rest-auth',
  version: '7.1.1',
  cases: [...apiCases, ...serializerCases],
  withoutWire: [],
}
