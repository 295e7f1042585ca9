// What a trigger of the host makes of a new password decides the reply: 200 only where the row keeps what
// was written, else 503, nothing written, nobody told, the link as good as before.

import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { CHANGED, RESET, UNAVAILABLE, VALID_LINK } from '../support/answers.ts'
import { confide } from '../support/discretion.ts'
import { bearer, claimsOf, jwtVariables, signWithSecret } from '../support/jwt-issuer.ts'
import { sealedLink } from '../support/links.ts'
import { startService, type TestService } from '../support/service.ts'
import { createSurroundings, type Surroundings } from '../support/surroundings.ts'
import { addUser, createUsers, hasPassword, type StoredUser, storedHash } from '../support/users.ts'

const JWT_SECRET = confide('a secret of the host application: 32 bytes')
const password = 'a brand new pass phrase'

let surroundings: Surroundings
let service: TestService
let user: StoredUser

beforeAll(async () => {
  surroundings = await createSurroundings()
  const { sql } = surroundings.database
  await createUsers(sql)
  // As in PostgREST's tutorial, which hashes in the database.
  await sql.unsafe(`
    create function encrypt_pass() returns trigger language plpgsql as $$
    begin
      if tg_op = 'INSERT' or new.password_hash <> old.password_hash then
        new.password_hash = md5(new.password_hash);
      end if;
      return new;
    end $$`)
  service = await startService(surroundings, { JWT_SECRET, ...jwtVariables })
})

afterAll(async () => {
  await service?.stop()
  await surroundings?.end()
})

beforeEach(async () => {
  user = await addUser(surroundings.database.sql)
  await surroundings.database.sql`
    create trigger encrypt_pass before insert or update on users
    for each row execute function encrypt_pass()`
})

const letGo = () => surroundings.database.sql`drop trigger encrypt_pass on users`
const expectNothingDone = async (from: number) => {
  const { sql } = surroundings.database
  expect(await storedHash(sql, user.id)).toBe(user.passwordHash)
  const failed = await service.log.waitFor(({ msg }) => msg === 'request failed', from)
  expect(failed).toMatchObject({ level: 50, status: 503, code: 'unavailable' })
  expect(failed['cause']).toMatch(/a trigger.* is likely to change it.*`rekey doctor`/)
}
const countNotices = () => surroundings.resend.mails.filter(({ to }) => to[0] === user.email).length

test('a reset that a trigger undoes is refused, and its link works once the trigger is gone', async () => {
  const from = service.log.lines.length
  const body = { ...sealedLink(user), password }
  const reply = await service.post('reset-password', body)
  expect([reply.answer, reply.headers['retry-after']]).toEqual([UNAVAILABLE, '5'])
  await expectNothingDone(from)
  expect((await service.post('check-reset-link', sealedLink(user))).answer).toMatch(VALID_LINK)
  await letGo()
  expect((await service.post('reset-password', body)).answer).toBe(RESET)
  expect(await hasPassword(surroundings.database.sql, user.id, password)).toBe(true)
  await surroundings.resend.waitForMail(({ to }) => to[0] === user.email)
  expect(countNotices()).toBe(1)
})

test('so is a change, and the old password works as before', async () => {
  const from = service.log.lines.length
  const token = bearer(await signWithSecret(JWT_SECRET, claimsOf(user.id)))
  const body = { old_password: user.password, password }
  expect((await service.post('change-password', body, token)).answer).toBe(UNAVAILABLE)
  await expectNothingDone(from)
  await letGo()
  expect((await service.post('change-password', body, token)).answer).toBe(CHANGED)
  await surroundings.resend.waitForMail(({ to }) => to[0] === user.email)
  expect(countNotices()).toBe(1)
})
