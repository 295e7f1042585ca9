// From the mail to its end: what a link survives, and what it dies of.

import { verify } from '@node-rs/argon2'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { INVALID_LINK } from '../support/answers.ts'
import { type LinkValues, sealedLink } from '../support/links.ts'
import { seconds } from '../support/seconds.ts'
import { startService, type TestService } from '../support/service.ts'
import { createSurroundings, type Surroundings } from '../support/surroundings.ts'
import { addUser, argon2id, createUsers, type StoredUser } from '../support/users.ts'

const password = 'a brand new pass phrase'

let surroundings: Surroundings
let service: TestService

beforeAll(async () => {
  surroundings = await createSurroundings()
  await createUsers(surroundings.database.sql, 'uuid', [
    'active boolean not null default true',
    'deleted_at timestamptz',
    'last_login timestamptz',
  ])
  service = await startService(surroundings, {
    USERS_ELIGIBLE_SQL: 'active AND deleted_at IS NULL',
    USERS_LAST_LOGIN_COLUMN: 'last_login',
  })
})

afterAll(async () => {
  await service?.stop()
  await surroundings?.end()
})

const never = { lastLogin: null }
const confirm = (link: LinkValues, chosen = password) =>
  service.post('reset-password', { ...link, password: chosen })
const check = (link: LinkValues) => service.post('check-reset-link', link)
const rowOf = async ({ id }: StoredUser) => {
  const [row] = await surroundings.database.sql`select * from users where id = ${id}`
  return row
}

test('a link works once', async () => {
  const user = await addUser(surroundings.database.sql)
  const link = await service.mailedLink(user.email)
  expect((await confirm(link)).status).toBe(200)
  for (const again of [password, 'another good pass phrase']) {
    expect((await confirm(link, again)).answer).toBe(INVALID_LINK)
  }
  expect((await check(link)).answer).toBe(INVALID_LINK)
  expect(await service.code('check-reset-link', link)).toBe('link_superseded')
  expect(await verify((await rowOf(user))?.['password_hash'], password)).toBe(true)
})

test('checks, refused passwords and broken bodies do not spend it', async () => {
  const user = await addUser(surroundings.database.sql)
  const link = await service.mailedLink(user.email)
  const before = await rowOf(user)
  for (let times = 0; times < 3; times++) expect((await check(link)).status).toBe(200)
  expect((await confirm(link, 'short')).status).toBe(400)
  expect((await confirm(link, '\ud800')).status).toBe(400)
  expect((await service.post('reset-password', link)).status).toBe(400)
  expect(await rowOf(user)).toEqual(before)
  expect((await confirm(link)).status).toBe(200)
})

test('it lives for an hour, and tells until when', async () => {
  const user = await addUser(surroundings.database.sql)
  const link = sealedLink(user, seconds() - 3590, never)
  const until = new Date((Number(link.timestamp) + 3600) * 1000).toISOString()
  const expiresAt = until.replace('.000Z', 'Z')
  expect((await check(link)).answer).toBe(
    `200 {"detail":"Link is valid","expires_at":"${expiresAt}"}`,
  )
  expect((await confirm(link)).status).toBe(200)
})

test('a second later it has expired', async () => {
  const user = await addUser(surroundings.database.sql)
  const link = sealedLink(user, seconds() - 3601, never)
  expect((await check(link)).answer).toBe('400 {"detail":"Signature expired"}')
  expect((await confirm(link)).answer).toBe('400 {"detail":"Signature expired"}')
})

test('it may be a minute ahead of the clock, and no more', async () => {
  const user = await addUser(surroundings.database.sql)
  expect((await check(sealedLink(user, seconds() + 55, never))).status).toBe(200)
  expect(await service.code('check-reset-link', sealedLink(user, seconds() + 65, never))).toBe(
    'link_invalid',
  )
})

test.each<[string, (user: StoredUser) => Promise<unknown>]>([
  [
    'a new password',
    async ({ id }) => {
      const other = await argon2id('chosen in the application')
      await surroundings.database.sql`update users set password_hash = ${other} where id = ${id}`
    },
  ],
  [
    'the same password hashed anew',
    async ({ id, password: same }) => {
      const other = await argon2id(same)
      await surroundings.database.sql`update users set password_hash = ${other} where id = ${id}`
    },
  ],
  [
    'a password taken away',
    ({ id }) => surroundings.database.sql`update users set password_hash = null where id = ${id}`,
  ],
  [
    'a password made unusable',
    ({ id }) =>
      surroundings.database
        .sql`update users set password_hash = '!' || password_hash where id = ${id}`,
  ],
  [
    'a new address',
    ({ id }) =>
      surroundings.database.sql`update users set email = 'new-' || email where id = ${id}`,
  ],
  [
    'its address in capitals',
    ({ id }) => surroundings.database.sql`update users set email = upper(email) where id = ${id}`,
  ],
  [
    'a sign-in',
    ({ id }) => surroundings.database.sql`update users set last_login = now() where id = ${id}`,
  ],
  [
    'being disabled',
    ({ id }) => surroundings.database.sql`update users set active = false where id = ${id}`,
  ],
  [
    'being marked deleted',
    ({ id }) => surroundings.database.sql`update users set deleted_at = now() where id = ${id}`,
  ],
  ['being deleted', ({ id }) => surroundings.database.sql`delete from users where id = ${id}`],
  [
    'its id given to somebody else',
    async ({ id }) => {
      await surroundings.database.sql`delete from users where id = ${id}`
      await addUser(surroundings.database.sql, { id })
    },
  ],
])('it dies of %s, and changes nothing then', async (_, change) => {
  const user = await addUser(surroundings.database.sql)
  const link = await service.mailedLink(user.email)
  await change(user)
  const before = await rowOf(user)
  expect((await check(link)).answer).toBe(INVALID_LINK)
  expect((await confirm(link)).answer).toBe(INVALID_LINK)
  expect(await service.code('reset-password', { ...link, password })).toBe('link_superseded')
  expect(await rowOf(user)).toEqual(before)
})

test('an account that is enabled again has its link again', async () => {
  const user = await addUser(surroundings.database.sql)
  const link = await service.mailedLink(user.email)
  await surroundings.database.sql`update users set active = false where id = ${user.id}`
  expect((await check(link)).status).toBe(400)
  await surroundings.database.sql`update users set active = true where id = ${user.id}`
  expect((await confirm(link)).status).toBe(200)
})

test('the last login may have any precision, and the link holds it to the last digit', async () => {
  const at = '2024-02-29 12:34:56.789012+05:30'
  const user = await addUser(surroundings.database.sql, { last_login: at })
  const link = await service.mailedLink(user.email)
  expect((await check(link)).status).toBe(200)
  await surroundings.database.sql`
    update users set last_login = last_login + interval '1 microsecond' where id = ${user.id}`
  expect((await check(link)).answer).toBe(INVALID_LINK)
  await surroundings.database.sql`
    update users set last_login = last_login - interval '1 microsecond' where id = ${user.id}`
  expect((await confirm(link)).status).toBe(200)
})

test('of two links the newer one kills the older one when it is used', async () => {
  const user = await addUser(surroundings.database.sql)
  const older = sealedLink(user, seconds() - 600, never)
  const newer = await service.mailedLink(user.email)
  expect((await check(older)).status).toBe(200)
  expect((await confirm(newer)).status).toBe(200)
  expect((await confirm(older, 'another good pass phrase')).answer).toBe(INVALID_LINK)
})

test('invalid, expired and superseded are told apart by their codes', async () => {
  const user = await addUser(surroundings.database.sql)
  const link = sealedLink(user, seconds(), never)
  const codes = [
    { ...link, timestamp: String(Number(link.timestamp) - 1) },
    sealedLink(user, seconds() - 4000, never),
    sealedLink(user, seconds(), { lastLogin: '2020-01-01 00:00:00+00' }),
    sealedLink(user, seconds() - 4000, { lastLogin: '2020-01-01 00:00:00+00' }),
  ].map((made) => service.code('check-reset-link', made))
  expect(await Promise.all(codes)).toEqual([
    'link_invalid',
    'link_expired',
    'link_superseded',
    'link_expired',
  ])
})

test.each<[string, string | null, string]>([
  ['no hash', null, ''],
  ['an empty hash', '', ''],
  ['an unusable hash', '!', '!'],
  ['an unusable hash of another kind', '*', '*'],
  ['a word that says that there is none', 'locked', 'locked'],
  ['a hash in an unknown format', 'md5$salt$0123456789', 'md5$salt$0123456789'],
])('an account with %s has no link, even one made with the secret', async (_, stored, hash) => {
  const user = await addUser(surroundings.database.sql, { password_hash: stored })
  for (const passwordHash of [stored, hash, 'null', 'a hash that never was']) {
    const link = sealedLink(user, seconds(), { ...never, passwordHash })
    // A link for a first password is none of this service, whose passwords are usable.
    const isForReset = /^[^!*].{12}/.test(passwordHash ?? '')
    const code = isForReset ? 'link_superseded' : 'link_invalid'
    expect(await service.code('check-reset-link', link)).toBe(code)
    expect((await confirm(link)).answer).toBe(INVALID_LINK)
  }
  expect((await rowOf(user))?.['password_hash']).toBe(stored)
})

test('LINKS_NOT_BEFORE voids the links of earlier buckets, and no later ones', async () => {
  const user = await addUser(surroundings.database.sql)
  const incident = seconds() - 600
  const strict = await startService(surroundings, {
    LINKS_NOT_BEFORE: new Date(incident * 1000).toISOString(),
    USERS_LAST_LOGIN_COLUMN: 'last_login',
  })
  const codeAt = (timestamp: number) =>
    strict.post('check-reset-link', sealedLink(user, timestamp, never))
  expect((await codeAt(incident - 61)).answer).toBe('400 {"detail":"Signature expired"}')
  expect((await codeAt(incident)).status).toBe(200)
  expect((await strict.post('check-reset-link', await strict.mailedLink(user.email))).status).toBe(
    200,
  )
  await strict.stop()
})

test('a link for another audience or under another secret is none', async () => {
  const user = await addUser(surroundings.database.sql)
  const link = await service.mailedLink(user.email)
  const others = [
    { LINK_AUDIENCE: 'https://staging.example' },
    { RESET_PAGE_URL: 'https://staging.example/reset' },
    { LINK_SECRETS: `rk1_${Buffer.alloc(32, 1).toString('base64url')}` },
  ]
  for (const env of others) {
    const other = await startService(surroundings, env)
    expect(await other.code('check-reset-link', link)).toBe('link_invalid')
    await other.stop()
  }
})

test('after a reset its owner is told by a mail that holds no link and no password', async () => {
  const user = await addUser(surroundings.database.sql)
  const link = await service.mailedLink(user.email)
  await confirm(link)
  const isNotice = ({ to, subject }: { to: readonly string[]; subject: string }) =>
    to[0] === user.email && subject.includes('changed')
  const notice = await surroundings.resend.waitForMail(isNotice)
  for (const secret of [password, user.password, link.signature, user.passwordHash]) {
    expect(JSON.stringify(notice)).not.toContain(secret)
  }
  expect(surroundings.resend.mails.filter(isNotice)).toHaveLength(1)
})
