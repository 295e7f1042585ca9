// What django-rest-registration was seen to answer beyond its own suite.

import { expect } from 'vitest'
import { ACCEPTED, INVALID_LINK, RESET, SENT } from '../../support/answers.ts'
import { confide } from '../../support/discretion.ts'
import { linkMailsTo } from '../../support/links.ts'
import type { Difference, SeedCase, SeedSuite } from '../case.ts'
import { newPassword, settle } from '../world.ts'
import { changeWireCases } from './registration-change.ts'
import { NOBODY, silent, world } from './registration-world.ts'

const SEND = 'send-reset-password-link'
const RESET_ROUTE = 'reset-password'
const confirmed = { REQUIRE_PASSWORD_CONFIRM: 'true' }
const required = 'This field is required.'
const mismatch = "Passwords don't match"
const short = 'This password is too short. It must contain at least 8 characters.'
const common = 'This password is too common.'
const numeric = 'This password is entirely numeric.'

const post = async (route: string, body: object, env = {}) =>
  (await (await world.serve(env)).post(route, body)).answer
const refusal = (faults: object) => `400 ${JSON.stringify(faults)}`

async function expectMailTo(address: string): Promise<void> {
  await world.surroundings().resend.waitForMail(({ to }) => to[0] === address)
}

const sendCases: readonly SeedCase[] = [
  {
    name: 'send: a known login with blanks at its edges',
    async run() {
      const { username, email } = await world.addUser()
      expect(await post(SEND, { login: `  ${username}  ` })).toBe(SENT)
      await expectMailTo(email)
    },
  },
  ...['application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'].map(
    (type): SeedCase => ({
      name: `send: ${type}`,
      differs: 'json only',
      async run() {
        const { username } = await world.addUser()
        const headers = { 'content-type': type }
        const reply = await (await world.serve()).post(SEND, `login=${username}`, headers)
        expect(reply.answer).toBe('415 {"detail":"Unsupported media type in request."}')
      },
    }),
  ),
  {
    name: 'send: a user without a usable password',
    means: 'is mailed with REQUIRE_USABLE_PASSWORD=false',
    async run() {
      const env = { REQUIRE_USABLE_PASSWORD: 'false', PASSWORD_HASH: 'django_argon2' }
      const password = confide(`!${'y'.repeat(40)}`)
      const { username, email } = await world.addUser({ password })
      expect(await post(SEND, { login: username }, env)).toBe(SENT)
      await expectMailTo(email)
    },
  },
  {
    name: 'send: a known user without an address',
    async run() {
      const { username } = await world.addUser({ email: '' })
      const { answer } = await world.expectNoMail({ login: username }, 'no_mailbox')
      expect(answer).toBe(SENT)
    },
  },
  {
    name: 'send: another letter case of a login',
    async run() {
      const { username } = await world.addUser()
      const reply = await world.expectNoMail({ login: username.toUpperCase() }, 'no_account')
      expect(reply.answer).toBe(NOBODY)
    },
  },
  {
    name: 'send: unknown and known in the same bytes, where none is to be revealed',
    async run() {
      const { username, email } = await world.addUser()
      expect(await post(SEND, { login: username }, silent)).toBe(ACCEPTED)
      expect(await post(SEND, { login: 'ninja' }, silent)).toBe(ACCEPTED)
      await expectMailTo(email)
    },
  },
  {
    name: 'send: a missing field',
    run: async () => expect(await post(SEND, {})).toBe(refusal({ email: [required] })),
  },
  {
    name: 'send: two users share what is looked up (500)',
    differs: 'several rows with one address',
    async run() {
      const { email } = await world.addUser()
      await world.addUser({ email })
      expect(await post(SEND, { email })).toBe(SENT)
      const { resend } = world.surroundings()
      await resend.waitForMail(() => linkMailsTo(resend, email).length === 2)
    },
  },
  {
    name: 'send: the mail server is down (500)',
    differs: 'mail failure never shows',
    async run() {
      const { username, email } = await world.addUser()
      const { resend } = world.surroundings()
      await settle(world)
      resend.answerNext({ kind: 'drop', after: 'headers' })
      expect(await post(SEND, { login: username })).toBe(SENT)
      await expectMailTo(email)
    },
  },
  {
    name: "send: one user's address is another's login",
    means: 'the first login field is always the address',
    async run() {
      const owner = await world.addUser()
      const namesake = await world.addUser({ username: owner.email })
      expect(await post(SEND, { login: owner.email })).toBe(SENT)
      await expectMailTo(owner.email)
      await settle(world)
      expect(linkMailsTo(world.surroundings().resend, namesake.email)).toEqual([])
    },
  },
]

/** One post with the link of a new user. */
interface Row {
  readonly name: string
  readonly differs?: Difference
  readonly env?: Readonly<Record<string, string>>
  readonly change: object
  readonly answer: string
}

const link = { signature: 'A'.repeat(43) }
const rows: readonly Row[] = [
  {
    name: 'an unknown user_id',
    differs: 'order of checks',
    change: { user_id: '987654' },
    answer: INVALID_LINK,
  },
  {
    name: 'a user_id that is no number',
    differs: 'order of checks',
    change: { user_id: 'abc' },
    answer: INVALID_LINK,
  },
  {
    name: 'a huge user_id',
    differs: 'order of checks',
    change: { user_id: '9'.repeat(400) },
    answer: INVALID_LINK,
  },
  { name: 'a user_id in another spelling', change: { user_id: '01' }, answer: INVALID_LINK },
  { name: 'a bad signature', change: link, answer: INVALID_LINK },
  {
    name: 'a weak password',
    differs: 'no empty non_field_errors',
    change: { password: 'creative' },
    answer: refusal({ password: [common] }),
  },
  {
    name: 'a password with several faults',
    differs: 'no empty non_field_errors',
    change: { password: '12345' },
    answer: refusal({ password: [short, common, numeric] }),
  },
  {
    name: 'a weak password and a bad signature',
    differs: 'strength is judged after the link',
    change: { ...link, password: '1' },
    answer: INVALID_LINK,
  },
  {
    name: 'confirm on, blank',
    env: confirmed,
    change: { password_confirm: '' },
    answer: refusal({ password_confirm: ['This field may not be blank.'] }),
  },
  {
    name: 'confirm on, different',
    differs: 'no empty non_field_errors',
    env: confirmed,
    change: { password_confirm: 'another one' },
    answer: refusal({ password_confirm: [mismatch] }),
  },
  {
    name: 'confirm on, different and weak',
    differs: 'strength is judged after the link',
    env: confirmed,
    change: { password: '1', password_confirm: '2' },
    answer: refusal({ password_confirm: [mismatch] }),
  },
  {
    name: 'confirm off, but sent and different',
    differs: 'a confirmation that is sent counts',
    change: { password_confirm: 'another one' },
    answer: refusal({ password_confirm: [mismatch] }),
  },
  {
    name: 'a timestamp of letters',
    differs: 'timestamp that is no integer',
    change: { timestamp: 'abc' },
    answer: INVALID_LINK,
  },
]

const resetCases: readonly SeedCase[] = [
  {
    name: 'reset: all missing',
    async run() {
      const fields = ['user_id', 'timestamp', 'signature', 'password']
      const faults = Object.fromEntries(fields.map((field) => [field, [required]]))
      expect(await post(RESET_ROUTE, {})).toBe(refusal(faults))
    },
  },
  ...rows.map(
    ({ name, differs, env, change, answer }): SeedCase => ({
      name: `reset: ${name}`,
      ...(differs && { differs }),
      async run() {
        const user = await world.addUser()
        const good = { ...(await world.linkFor(user, env)), password: newPassword }
        expect(await post(RESET_ROUTE, { ...good, ...change }, env)).toBe(answer)
        await world.expectUnchanged(user)
      },
    }),
  ),
  {
    name: "reset: another user's id",
    async run() {
      const [user, other] = [await world.addUser(), await world.addUser()]
      const body = { ...(await world.linkFor(user)), user_id: other.id, password: newPassword }
      expect(await post(RESET_ROUTE, body)).toBe(INVALID_LINK)
      await world.expectUnchanged(other)
    },
  },
  {
    name: 'reset: blanks around a password',
    differs: 'passwords are never trimmed',
    async run() {
      const user = await world.addUser()
      const password = `  ${newPassword}  `
      expect(await post(RESET_ROUTE, { ...(await world.linkFor(user)), password })).toBe(RESET)
      await world.expectPassword(user, password)
    },
  },
  ...[SEND, RESET_ROUTE].flatMap((route) =>
    (
      [
        ['GET', '405 {"detail":"Method not allowed."}'],
        ['OPTIONS', '204 '],
      ] as const
    ).map(
      ([method, answer]): SeedCase => ({
        name: `${method} ${route}`,
        differs: 'no metadata',
        async run() {
          const service = await world.serve()
          const reply = await service.ask(`/api/v1/accounts/${route}`, { method })
          expect(reply.answer).toBe(answer)
        },
      }),
    ),
  ),
]

export const registrationWire: SeedSuite = {
  system: 'django-rest-registration, as seen on the wire',
  cases: [...sendCases, ...resetCases, ...changeWireCases],
  withoutWire: [],
}
