// The notice of a change goes to the address that the row had when the password was written, whatever
// becomes of the row while the mail waits.

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { RESET } from '../support/answers.ts'
import { confide } from '../support/discretion.ts'
import { sealedLink } from '../support/links.ts'
import { startService, type TestService } from '../support/service.ts'
import { createSurroundings, type Surroundings } from '../support/surroundings.ts'
import { addUser, createUsers, type StoredUser, storedHash } from '../support/users.ts'

const password = 'a brand new pass phrase'

let surroundings: Surroundings
let service: TestService
let user: StoredUser

beforeAll(async () => {
  surroundings = await createSurroundings()
  const { sql } = surroundings.database
  await createUsers(sql, 'uuid', ['full_name text'])
  await sql`create table logins (user_id uuid primary key, hash text)`
})

afterAll(() => surroundings?.end())

beforeEach(async () => {
  user = await addUser(surroundings.database.sql, { full_name: 'Ada Lovelace' })
  surroundings.resend.answerAlways({ kind: 'status', status: 500, name: 'internal_server_error' })
})

afterEach(async () => {
  surroundings.resend.answerAlways()
  await service?.stop()
})

const reset = async (from: StoredUser) => {
  const { answer } = await service.post('reset-password', { ...sealedLink(from), password })
  expect(answer).toBe(RESET)
}
/** Waits until a notice was tried once, and turned away. */
const waitForAttempt = (address: string) =>
  surroundings.resend.waitForRequest(({ rawBody }) => rawBody.includes(address))
const noticeTo = async (address: string) => {
  surroundings.resend.answerAlways()
  return surroundings.resend.waitForMail(({ to }) => to[0] === address)
}
const moveTo = async (email: string) => {
  await surroundings.database.sql`update users set email = ${confide(email)} where id = ${user.id}`
  return email
}

describe('a notice that waits', () => {
  beforeEach(async () => {
    service = await startService(surroundings, { USERS_NAME_COLUMN: 'full_name' })
    await reset(user)
    await waitForAttempt(user.email)
  })

  test('goes to the old address when the row has a new one', async () => {
    const thief = await moveTo(`thief-${user.email}`)
    const mail = await noticeTo(user.email)
    expect(mail.subject).toBe('Your Rekey password was changed')
    expect(mail.text).toContain('Ada Lovelace')
    expect(await service.stop()).toBe(0)
    expect(surroundings.resend.mails.filter(({ to }) => to[0] === thief)).toEqual([])
  })

  test('goes out when the row is gone', async () => {
    await surroundings.database.sql`delete from users where id = ${user.id}`
    expect((await noticeTo(user.email)).subject).toBe('Your Rekey password was changed')
  })

  test('goes out beside the notice of the next change, to its own address', async () => {
    const email = await moveTo(`moved-${user.email}`)
    const passwordHash = await storedHash(surroundings.database.sql, user.id)
    await reset({ ...user, email, passwordHash })
    await noticeTo(email)
    await noticeTo(user.email)
  })
})

test('the address is that of the users table where the hash is in another', async () => {
  const { sql } = surroundings.database
  await sql`insert into logins values (${user.id}, ${user.passwordHash})`
  service = await startService(surroundings, {
    USERS_PASSWORD_TABLE: 'logins',
    USERS_PASSWORD_USER_COLUMN: 'user_id',
    USERS_PASSWORD_COLUMN: 'hash',
  })
  await reset(user)
  await waitForAttempt(user.email)
  await moveTo(`thief-${user.email}`)
  await noticeTo(user.email)
})
