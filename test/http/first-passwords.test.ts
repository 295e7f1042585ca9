// First passwords: accounts without one set it by a link of their own kind, where that is allowed.

import { verify } from '@node-rs/argon2'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RESET } from '../support/answers.ts'
import { confide } from '../support/discretion.ts'
import { sealedLink } from '../support/links.ts'
import { startService, type TestService } from '../support/service.ts'
import { createSurroundings, type Surroundings } from '../support/surroundings.ts'
import { addUser, createUsers, hasPassword, type StoredUser, storedHash } from '../support/users.ts'

const ROUTE = 'reset-password'
const password = 'a very first pass phrase'
const marks: readonly (string | null)[] = [null, '', '!', '!k3Ws8HVuPbXqN2vYd7LrTz5jA9fGhCe1', '*']

let surroundings: Surroundings
let service: TestService
let strict: TestService

beforeAll(async () => {
  surroundings = await createSurroundings()
  await createUsers(surroundings.database.sql)
  const env = { REQUIRE_USABLE_PASSWORD: 'false', PASSWORD_HASH: 'argon2id' }
  service = await startService(surroundings, env)
  strict = await startService(surroundings, { PASSWORD_HASH: 'argon2id' })
})

afterAll(async () => {
  await service?.stop()
  await strict?.stop()
  await surroundings?.end()
})

const addUserWith = (mark: string | null) =>
  addUser(surroundings.database.sql, { password_hash: mark })
const hold = async ({ id }: StoredUser, passwordHash: string | null) => {
  await surroundings.database.sql`update users set password_hash = ${passwordHash} where id = ${id}`
}
describe.each(marks)('an account whose password column holds %j', (mark) => {
  test('sets its first password once, by the link that it is mailed', async () => {
    const user = await addUserWith(mark)
    const link = await service.mailedLink(user.email)
    expect((await service.post('check-reset-link', link)).status).toBe(200)
    expect((await service.post(ROUTE, { ...link, password: '1234' })).status).toBe(400)
    expect((await service.post(ROUTE, { ...link, password })).answer).toBe(RESET)
    const hash = await storedHash(surroundings.database.sql, user.id)
    expect(await verify(hash, password)).toBe(true)
    for (const again of [password, 'another good pass phrase']) {
      expect(await service.code(ROUTE, { ...link, password: again })).toBe('link_superseded')
    }
    expect(await storedHash(surroundings.database.sql, user.id)).toBe(hash)
  })

  test('gets no link where every password must be usable, and its links are none', async () => {
    const user = await addUserWith(mark)
    const link = await service.mailedLink(user.email)
    expect(await strict.code(ROUTE, { ...link, password })).toBe('link_invalid')
    const seen = strict.log.lines.length
    await strict.post('send-reset-password-link', { email: user.email })
    await strict.log.waitFor(({ reason }) => reason === 'no_usable_password', seen)
    expect(await storedHash(surroundings.database.sql, user.id)).toBe(mark)
  })

  test('has no link any more when it holds something else', async () => {
    const user = await addUserWith(mark)
    const link = sealedLink(user)
    for (const other of marks.filter((each) => each !== mark)) {
      await hold(user, other)
      expect(await service.code(ROUTE, { ...link, password })).toBe('link_superseded')
      expect(await storedHash(surroundings.database.sql, user.id)).toBe(other)
    }
    await hold(user, mark)
    expect((await service.post(ROUTE, { ...link, password })).answer).toBe(RESET)
  })
})

test('a link for a first password is dead when the host sets one, and one for a reset when it is taken away', async () => {
  const user = await addUserWith('!')
  const first = sealedLink(user)
  const hash = confide('$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2g')
  const reset = sealedLink(user, undefined, { passwordHash: hash })
  expect(await service.code(ROUTE, { ...reset, password })).toBe('link_superseded')
  await hold(user, hash)
  expect(await service.code(ROUTE, { ...first, password })).toBe('link_superseded')
  expect((await service.post('check-reset-link', reset)).status).toBe(200)
  await hold(user, null)
  expect(await service.code(ROUTE, { ...reset, password })).toBe('link_superseded')
})

test('of many posts at once one sets the first password', async () => {
  const user = await addUserWith(null)
  const link = sealedLink(user)
  const words = Array.from({ length: 8 }, (_, index) => `a first pass phrase ${index}`)
  const replies = await Promise.all(
    words.map((each) => service.post(ROUTE, { ...link, password: each })),
  )
  expect(replies.filter(({ answer }) => answer === RESET)).toHaveLength(1)
  const winner = words[replies.findIndex(({ answer }) => answer === RESET)] ?? ''
  expect(await hasPassword(surroundings.database.sql, user.id, winner)).toBe(true)
})

test('a usable account is reset as ever', async () => {
  const user = await addUser(surroundings.database.sql)
  const link = await service.mailedLink(user.email)
  expect((await strict.post('check-reset-link', link)).status).toBe(200)
  expect((await service.post(ROUTE, { ...link, password })).answer).toBe(RESET)
})
