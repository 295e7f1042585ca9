// Hashes that are a bare salt and key: Better Auth's where it is named, and nobody's elsewhere.

import { pbkdf2Sync, randomBytes, scryptSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { vectors } from '../hashing/vectors.ts'
import { RESET } from '../support/answers.ts'
import { confide } from '../support/discretion.ts'
import { sealedLink } from '../support/links.ts'
import { startService, type TestService } from '../support/service.ts'
import { createSurroundings, type Surroundings } from '../support/surroundings.ts'
import { addUser, createUsers, storedHash } from '../support/users.ts'

const ROUTE = 'reset-password'
const PASSWORD = 'a brand new pass phrase'
const OLD_PASSWORD = 'forgotten by a reader'
const salt = randomBytes(16).toString('hex')

let surroundings: Surroundings
let service: TestService

beforeAll(async () => {
  surroundings = await createSurroundings()
  await createUsers(surroundings.database.sql)
  service = await startService(surroundings)
})

afterAll(async () => {
  await service?.stop()
  await surroundings?.end()
})

const hex = (key: Buffer) => key.toString('hex')
const better = vectors.find(({ format }) => format === 'better_auth_scrypt')?.hash ?? ''

describe.each([
  ["Node's tutorial for scrypt", `${salt}:${hex(scryptSync(OLD_PASSWORD, salt, 64))}`],
  [
    "Node's tutorial for PBKDF2",
    `${salt}:${hex(pbkdf2Sync(OLD_PASSWORD, salt, 100_000, 64, 'sha512'))}`,
  ],
  // packages/pds/src/account-manager/helpers/scrypt.ts of bluesky-social/atproto.
  ['the AT Protocol PDS', `${salt}:${hex(scryptSync(OLD_PASSWORD, salt, 64))}`],
  [
    'a salt that is not text',
    `${salt}:${hex(scryptSync(OLD_PASSWORD, Buffer.from(salt, 'hex'), 64))}`,
  ],
  ['Better Auth, which nothing names', better],
])('a bare salt:key as %s has it', (_, hash) => {
  test('is in no known format, and no link changes it', async () => {
    const { sql } = surroundings.database
    const user = await addUser(sql, { password_hash: confide(hash) })
    const seen = service.log.lines.length
    await service.post('send-reset-password-link', { email: user.email })
    const line = await service.log.waitFor(({ reason }) => reason === 'unknown_hash_format', seen)
    expect(line).toMatchObject({ level: 40, event: 'password_reset.ignored' })
    const link = sealedLink(user)
    expect(await service.code(ROUTE, { ...link, password: PASSWORD })).toBe('link_superseded')
    expect(await storedHash(sql, user.id)).toBe(hash)
  })
})

test('PASSWORD_HASH=better_auth_scrypt takes it for Better Auth’s', async () => {
  const named = await startService(surroundings, { PASSWORD_HASH: 'better_auth_scrypt' })
  const { sql } = surroundings.database
  const user = await addUser(sql, { password_hash: confide(better) })
  const link = await named.mailedLink(user.email)
  expect((await named.post(ROUTE, { ...link, password: PASSWORD })).answer).toBe(RESET)
  expect(await storedHash(sql, user.id)).toBe(betterAuthHash(await storedHash(sql, user.id)))
  await named.stop()
})

test('so does USERS_PRESET=better-auth', async () => {
  const { sql } = surroundings.database
  const tables = new URL('../config/presets/better-auth.sql', import.meta.url)
  await sql.unsafe(readFileSync(tables, 'utf8'))
  const email = confide('reader@better-auth.example')
  await sql`insert into "user" (id, name, email, "emailVerified") values ('u1', 'R', ${email}, true)`
  await sql`
    insert into account (id, "accountId", "providerId", "userId", password, "updatedAt")
    values ('a1', 'u1', 'credential', 'u1', ${confide(better)}, now())`
  const preset = await startService(surroundings, { USERS_PRESET: 'better-auth' })
  const link = await preset.mailedLink(email)
  expect((await preset.post(ROUTE, { ...link, password: PASSWORD })).answer).toBe(RESET)
  const [row] = await sql`select password from account`
  expect(row?.['password']).toBe(betterAuthHash(confide(row?.['password'])))
  await preset.stop()
})

/** What Better Auth's own parameters make of the new password with the salt of a stored hash. */
function betterAuthHash(stored: string): string {
  const [own = ''] = stored.split(':')
  const parameters = { N: 16_384, r: 16, p: 1, maxmem: 2 ** 26 }
  return `${own}:${hex(scryptSync(PASSWORD.normalize('NFKC'), own, 64, parameters))}`
}
