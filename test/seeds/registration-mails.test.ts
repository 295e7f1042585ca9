// Which mails follow a link request, where django-rest-registration was seen to send one, none or to fail.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { SENT } from '../support/answers.ts'
import { confide } from '../support/discretion.ts'
import { linkMailsTo } from '../support/links.ts'
import { NOBODY, world } from './cases/registration-world.ts'
import { settle } from './world.ts'

beforeAll(world.open)
afterAll(world.close)

const ask = async (body: object, env = {}) =>
  (await (await world.serve(env)).post('send-reset-password-link', body)).answer
const mailsTo = (address: string) => linkMailsTo(world.surroundings().resend, address)

async function expectOneMail(address: string): Promise<void> {
  await world.surroundings().resend.waitForMail(({ to }) => to[0] === address)
  await settle(world)
  expect(mailsTo(address)).toHaveLength(1)
}

test('a login with blanks at its edges is known', async () => {
  const { username, email } = await world.addUser()
  expect(await ask({ login: `  ${username}  ` })).toBe(SENT)
  await expectOneMail(email)
})

test('a user without a usable password is mailed with REQUIRE_USABLE_PASSWORD=false', async () => {
  const env = { REQUIRE_USABLE_PASSWORD: 'false', PASSWORD_HASH: 'django_argon2' }
  const { username, email } = await world.addUser({ password: confide(`!${'y'.repeat(40)}`) })
  expect(await ask({ login: username }, env)).toBe(SENT)
  await expectOneMail(email)
})

test('a user without an address is known, and gets no mail', async () => {
  const { username } = await world.addUser({ email: '' })
  expect((await world.expectNoMail({ login: username }, 'no_mailbox')).answer).toBe(SENT)
})

test('a login in another letter case is unknown', async () => {
  const { username } = await world.addUser()
  const reply = await world.expectNoMail({ login: username.toUpperCase() }, 'no_account')
  expect(reply.answer).toBe(NOBODY)
})

test('a mail provider that is down does not show in the reply, and is tried again', async () => {
  const { username, email } = await world.addUser()
  await settle(world)
  world.surroundings().resend.answerNext({ kind: 'drop', after: 'headers' })
  expect(await ask({ login: username })).toBe(SENT)
  await expectOneMail(email)
})

test('a text that is the address of one user and the login of another is the address', async () => {
  const owner = await world.addUser()
  const namesake = await world.addUser({ username: owner.email })
  expect(await ask({ login: owner.email })).toBe(SENT)
  await expectOneMail(owner.email)
  expect(mailsTo(namesake.email)).toEqual([])
})
