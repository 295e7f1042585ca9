// django-rest-passwordreset's test_auth_test_case.py.

import { expect } from 'vitest'
import type { Environment } from '../../support/rekey-process.ts'
import type { LogLine } from '../../support/service-log.ts'
import type { StoredUser } from '../../support/users.ts'
import { fromFile, type SeedCase } from '../case.ts'
import { type DialectWorld, valuesAged } from '../dialect-world.ts'
import {
  callsTo,
  expectAnswer,
  NEW_SECRET,
  NO_ACCOUNT,
  NOT_VALID,
  OK,
} from './passwordreset-calls.ts'

const DAY_SECONDS = 86_400
const OWN_TOKENS = "Tokens and uids are Rekey's"
const ONE_MAIL = 'one mail per account and bucket'
const revealing = { REVEAL_UNKNOWN_USERS: 'true' }
const firstPasswords = { REQUIRE_USABLE_PASSWORD: 'false', PASSWORD_HASH: 'argon2id' }

/** The cases of AuthTestCase, each on users of its own. */
export function passwordresetAuth(file: string, world: DialectWorld): SeedCase[] {
  const { request, validate, confirm, mailed, expectNoMail } = callsTo(world)

  /**
   * Asks twice, by one text, then sets a password by the token. The package signals both requests; here
   * only the log shows the second, unless a minute has begun in between.
   */
  async function resetAfterTwoRequests(
    user: StoredUser,
    typed: string,
    env?: Environment,
  ): Promise<string> {
    const { log } = await world.serve(env)
    const isMailed = ({ event, accountId }: LogLine) =>
      event === 'password_reset.mailed' && accountId === user.id
    const first = log.lines.length
    const { token } = await world.mailed(user.email, () => request(typed, env))
    await log.waitFor(isMailed, first)
    const second = log.lines.length
    await expectAnswer(request(typed, env), OK)
    await log.waitFor((line) => line['reason'] === 'already_mailed' || isMailed(line), second)
    const mails = log.lines.slice(second).some(isMailed) ? 2 : 1
    expect(world.linkMails(user.email)).toBe(mails)
    await expectAnswer(confirm(token, NEW_SECRET, env), OK)
    await world.expectPassword(user, NEW_SECRET)
    await expectAnswer(confirm(token, 'another_secret', env), NOT_VALID)
    await world.expectPassword(user, NEW_SECRET)
    return token
  }

  return fromFile(
    file,
    [
      {
        name: 'test_try_reset_password_email_does_not_exist',
        run: () => expectNoMail('foobar@doesnotexist.com', OK, 'no_account'),
      },
      {
        name: 'test_unicode_email_reset',
        async run() {
          const email = 'u\u0455er5@mail.com'
          await world.addUser({ email })
          await expectAnswer(request(email), '400 {"email":["Enter a valid email address."]}')
          expect(world.linkMails(email)).toBe(0)
        },
      },
      {
        name: 'test_validate_token',
        async run() {
          const user = await world.addUser()
          const { token } = await mailed(user)
          for (let times = 0; times < 2; times += 1) await expectAnswer(validate(token), OK)
          expect(world.linkMails(user.email)).toBe(1)
          await world.expectUnchanged(user)
        },
      },
      {
        name: 'test_validate_token_with_user_details',
        differs: 'no user details from validate_token',
        async run() {
          const { token } = await mailed(await world.addUser({ username: 'user1' }))
          await expectAnswer(validate(token), OK)
        },
      },
      {
        name: 'test_validate_bad_token',
        run: () => expectAnswer(validate('not_a_valid_token'), NOT_VALID),
      },
      {
        name: 'test_validate_expired_token',
        means: 'An expired token is refused. There is no row of it to delete.',
        async run() {
          const user = await world.addUser()
          const { token } = await mailed(user)
          await expectAnswer(validate(token), OK)
          expect(world.linkMails(user.email)).toBe(1)
          await expectAnswer(validate(valuesAged(user, 3601).token), NOT_VALID)
          await world.expectUnchanged(user)
        },
      },
      {
        name: 'test_reset_password',
        differs: ONE_MAIL,
        means: 'Two requests within a minute lead to one token. No token outlives the reset.',
        async run() {
          const user = await world.addUser()
          const earlier = valuesAged(user, 600).token
          await expectAnswer(validate(earlier), OK)
          await resetAfterTwoRequests(user, user.email)
          await expectAnswer(confirm(earlier, 'another_secret'), NOT_VALID)
        },
      },
      {
        name: 'test_reset_password_different_lookup',
        differs: ONE_MAIL,
        means: 'USERS_LOGIN_COLUMNS names the column. The mail goes to the address of the account.',
        async run() {
          const env = { USERS_LOGIN_COLUMNS: 'username' }
          const user = await world.addUser()
          const { sql } = world.surroundings().database
          const username = `as-${user.email}`
          await sql`update users set username = ${username} where id::text = ${user.id}`
          await resetAfterTwoRequests(user, username, env)
          expect(world.linkMails(username)).toBe(0)
        },
      },
      {
        name: 'test_reset_password_multiple_users',
        async run() {
          const [user1, user2] = [await world.addUser(), await world.addUser()]
          const [first, second] = [await mailed(user1), await mailed(user2)]
          for (const { token } of [first, second]) await expectAnswer(validate(token), OK)
          expect(first.token).not.toBe(second.token)
          for (const { email } of [user1, user2]) await expectAnswer(request(email), OK)
          await expectAnswer(confirm(second.token, 'secret2_new'), OK)
          await world.expectPassword(user2, 'secret2_new')
          await expectAnswer(confirm(second.token, 'secret2_fake_new'), NOT_VALID)
          await world.expectPassword(user2, 'secret2_new')
          await expectAnswer(validate(first.token), OK)
          await world.expectUnchanged(user1)
        },
      },
      {
        name: 'test_signals',
        means:
          'A request leads to the mail of a link alone, and a reset to its event and a notice.',
        async run() {
          const user = await world.addUser()
          const { log } = await world.serve()
          const seen = log.lines.length
          const of =
            (type: string) =>
            ({ event, accountId }: LogLine) =>
              event === type && accountId === user.id
          const { token } = await mailed(user)
          await log.waitFor(of('password_reset.mailed'), seen)
          expect(log.lines.slice(seen).filter(of('password_reset.completed'))).toEqual([])
          await expectAnswer(confirm(token), OK)
          await log.waitFor(of('password_reset.completed'), seen)
          const counts = ['password_reset.mailed', 'password_reset.completed'].map(
            (type) => log.lines.slice(seen).filter(of(type)).length,
          )
          expect(counts).toEqual([1, 1])
          await world
            .surroundings()
            .resend.waitForMail(
              ({ to, text }) => to[0] === user.email && !text?.includes('/reset/'),
            )
        },
      },
      {
        name: 'test_try_reset_password_email_does_not_exist_no_leakage_enabled',
        means: 'REVEAL_UNKNOWN_USERS=false, as it is by default.',
        run: () =>
          expectNoMail('foobar@doesnotexist.com', OK, 'no_account', {
            REVEAL_UNKNOWN_USERS: 'false',
          }),
      },
      {
        name: 'test_try_reset_password_email_does_not_exist_leakage_opt_in_legacy_behavior',
        means: 'REVEAL_UNKNOWN_USERS=true.',
        async run() {
          await expectNoMail('foobar@doesnotexist.com', NO_ACCOUNT, 'no_account', revealing)
          const inactive = await world.addUser({ is_active: false })
          await expectNoMail(inactive.email, NO_ACCOUNT, 'not_eligible', revealing)
          const { token } = await mailed(await world.addUser(), revealing)
          await expectAnswer(validate(token), OK)
        },
      },
      {
        name: 'test_user_without_password',
        async run() {
          const user = await world.addUser({ password_hash: '!unusable' })
          await expectNoMail(user.email, OK, 'no_usable_password')
        },
      },
      {
        name: 'test_user_without_password_where_not_required',
        differs: ONE_MAIL,
        means: 'REQUIRE_USABLE_PASSWORD=false.',
        async run() {
          const user = await world.addUser({ password_hash: '!unusable' })
          await resetAfterTwoRequests(user, user.email, firstPasswords)
        },
      },
      {
        name: 'test_clear_expired_tokens',
        differs: OWN_TOKENS,
        means: 'A token of a day ago is refused. There is no table of tokens to clear.',
        async run() {
          const user = await world.addUser()
          const env = { LINK_TTL_SECONDS: String(DAY_SECONDS) }
          await expectAnswer(validate((await mailed(user, env)).token, env), OK)
          await expectAnswer(validate(valuesAged(user, DAY_SECONDS + 1).token, env), NOT_VALID)
          const tables = await world.surroundings().database.sql`
          select table_name from information_schema.tables
          where table_schema not in ('information_schema', 'pg_catalog')`
          expect(tables.map((table) => table['table_name'])).toEqual(['users'])
        },
      },
      {
        name: 'test_generate_token_for_email_with_multiple_ip_address',
        means:
          'Of several forwarded addresses the log and the limits have the first that no trusted proxy has.',
        async run() {
          const env = { TRUST_PROXY: '127.0.0.1, 2.2.2.2' }
          const service = await world.serve(env)
          const { email } = await world.addUser()
          const seen = service.log.lines.length
          const forwarded = { 'x-forwarded-for': '1.1.1.1, 2.2.2.2' }
          await service.send('/api/password_reset/', { email }, forwarded)
          const line = await service.log.waitFor(({ msg }) => msg === 'request completed', seen)
          expect(line['client']).toBe('1.1.1.1')
        },
      },
      {
        name: 'test_generate_token_for_email',
        means: 'One request makes one token, for the account that has the address.',
        async run() {
          const user = await world.addUser()
          const { uid, token } = await mailed(user)
          expect(Buffer.from(uid, 'base64url').toString()).toBe(user.id)
          expect(token.endsWith(uid)).toBe(true)
          expect(world.linkMails(user.email)).toBe(1)
        },
      },
    ],
    'AuthTestCase',
  )
}
