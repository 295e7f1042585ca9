// Through the front door beside rows that a framework made: each keeps its format, its limits and its
// parameters, and one that Rekey does not know stays as it is.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { listPasswordFormats } from '../../src/hashing/registry.ts'
import { vectors } from '../hashing/vectors.ts'
import { RESET } from '../support/answers.ts'
import { confide } from '../support/discretion.ts'
import { sealedLink } from '../support/links.ts'
import { startService, type TestService } from '../support/service.ts'
import { createSurroundings, type Surroundings } from '../support/surroundings.ts'
import { addUser, createUsers, type StoredUser, storedHash } from '../support/users.ts'

const ROUTE = 'reset-password'
const PEPPER = 'a pepper of the host application'
const TOO_LONG = 'Ensure this field has no more than 72 bytes.'

let surroundings: Surroundings
let service: TestService
/** For the one format that has to be named. */
let betterAuth: TestService

beforeAll(async () => {
  surroundings = await createSurroundings()
  await createUsers(surroundings.database.sql)
  service = await startService(surroundings)
  betterAuth = await startService(surroundings, { PASSWORD_HASH: 'better_auth_scrypt' })
})

afterAll(async () => {
  await service?.stop()
  await betterAuth?.stop()
  await surroundings?.end()
})

/** A row that a framework made, with parameters that cost little. */
const rowOf = (format: string): string => {
  const vector = vectors.findLast((each) => each.format === format && !each.pepper)
  if (!vector) throw new Error(`no vector of ${format}`)
  return confide(vector.hash)
}
const reset = async (user: StoredUser, password: string, at = service) =>
  (await at.post(ROUTE, { ...sealedLink(user), password })).answer

describe.each(listPasswordFormats())(
  'a row of $name',
  ({ name, recognise, verify, maxBytes, countsUtf16 }) => {
    test.each([
      ['blanks at its edges and decomposed letters', ` ${'Ünïcödé Pässwörd'.normalize('NFD')} `],
      ['the most bytes', maxBytes ? 'é!'.repeat(24) : '𝒶𝒷𝒸𝒹'.repeat(countsUtf16 ? 16 : 32)],
    ])('gets a password with %s in its own format', async (_, password) => {
      const user = await addUser(surroundings.database.sql, { password_hash: rowOf(name) })
      const at = name === 'better_auth_scrypt' ? betterAuth : service
      const link = await at.mailedLink(user.email)
      expect((await at.post(ROUTE, { ...link, password })).answer).toBe(RESET)
      const hash = await storedHash(surroundings.database.sql, user.id)
      expect([recognise(hash), hash === user.passwordHash]).toEqual([true, false])
      expect(await verify(password, hash)).toBe(true)
      expect(await verify(`x${[...password].slice(1).join('')}`, hash)).toBe(false)
      expect(await at.code(ROUTE, { ...link, password })).toBe('link_superseded')
    })
  },
)

describe.each(['bcrypt', 'bcrypt_2y', 'django_bcrypt'])('a password for %s', (format) => {
  test('of more than 72 bytes is refused with all other broken rules, and spends no link', async () => {
    const user = await addUser(surroundings.database.sql, { password_hash: rowOf(format) })
    const refused = (texts: readonly string[]) => `400 ${JSON.stringify({ password: texts })}`
    expect(await reset(user, `${'é!'.repeat(24)}x`)).toBe(refused([TOO_LONG]))
    expect(await reset(user, '9'.repeat(129))).toBe(
      refused([
        'Ensure this field has no more than 128 characters.',
        TOO_LONG,
        'This password is entirely numeric.',
      ]),
    )
    const body = { ...sealedLink(user), password: 'é!'.repeat(40) }
    const problem = await service.post(ROUTE, body, { accept: 'application/problem+json' })
    expect(JSON.parse(problem.text)).toMatchObject({
      code: 'password_rejected',
      errors: [{ field: 'password', code: 'max_bytes', detail: TOO_LONG }],
    })
    expect(await storedHash(surroundings.database.sql, user.id)).toBe(user.passwordHash)
    expect(await reset(user, 'é!'.repeat(24))).toBe(RESET)
  })
})

test("a password that Better Auth's login would find too long is refused, and spends no link", async () => {
  const hash = rowOf('better_auth_scrypt')
  const user = await addUser(surroundings.database.sql, { password_hash: hash })
  const refusal = '400 {"password":["Ensure this field has no more than 128 characters."]}'
  expect(await reset(user, `${'🦊'.repeat(64)}!`, betterAuth)).toBe(refusal)
  expect(await reset(user, '🦊'.repeat(64), betterAuth)).toBe(RESET)
})

test('a format that PASSWORD_HASH names takes the place of any other', async () => {
  const named = await startService(surroundings, { PASSWORD_HASH: 'django_bcrypt' })
  const user = await addUser(surroundings.database.sql, { password_hash: 'md5$salt$0123456789' })
  expect(await reset(user, 'é!'.repeat(25), named)).toContain(TOO_LONG)
  expect(await reset(user, 'a good pass phrase', named)).toBe(RESET)
  expect(await storedHash(surroundings.database.sql, user.id)).toMatch(/^bcrypt\$\$2b\$12\$/)
  await named.stop()
})

test('a pepper goes into bcrypt alone, and not into the 72 bytes of a password', async () => {
  confide(PEPPER)
  const { sql } = surroundings.database
  const peppered = await startService(surroundings, { PASSWORD_PEPPER: PEPPER })
  const devise = await addUser(sql, { password_hash: rowOf('bcrypt') })
  const django = await addUser(sql, { password_hash: rowOf('django_bcrypt') })
  const password = 'é!'.repeat(24)
  for (const user of [devise, django]) expect(await reset(user, password, peppered)).toBe(RESET)
  expect(await reset(devise, password, peppered)).not.toBe(RESET)
  const [bcrypt] = listPasswordFormats(PEPPER).filter(({ name }) => name === 'bcrypt')
  expect(await bcrypt?.verify(password, await storedHash(sql, devise.id))).toBe(true)
  const [djangoBcrypt] = listPasswordFormats().filter(({ name }) => name === 'django_bcrypt')
  expect(await djangoBcrypt?.verify(password, await storedHash(sql, django.id))).toBe(true)
  await peppered.stop()
})

test.each([
  ['that nobody knows', 'md5$salt$0123456789abcdef'],
  ['with parameters that no machine can bear', '$argon2id$v=19$m=4294967295,t=9,p=1$c2FsdA$aGFzaA'],
])('a row in a format %s is left alone, and counted in the log', async (_, hash) => {
  const user = await addUser(surroundings.database.sql, { password_hash: confide(hash) })
  const seen = service.log.lines.length
  const accepted = await service.post('send-reset-password-link', { email: user.email })
  expect(accepted.status).toBe(200)
  const line = await service.log.waitFor(({ reason }) => reason === 'unknown_hash_format', seen)
  expect(line).toMatchObject({ level: 40, event: 'password_reset.ignored' })
  expect(await service.code(ROUTE, { ...sealedLink(user), password: 'a good pass phrase' })).toBe(
    'link_superseded',
  )
  expect(await storedHash(surroundings.database.sql, user.id)).toBe(hash)
})
