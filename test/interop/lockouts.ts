// Applications that change a password before they hash it, in their own code: `rekey verify` says no to
// the right password, before a reset locks anybody out, and nothing is written.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { RESET } from '../support/answers.ts'
import { runCommand } from '../support/command.ts'
import { confide } from '../support/discretion.ts'
import type { Environment } from '../support/rekey-process.ts'
import { startService } from '../support/service.ts'
import { createSurroundings, environmentFor, type Surroundings } from '../support/surroundings.ts'
import { addUser, createUsers, storedHash } from '../support/users.ts'
import { type Framework, flaskSecurity, frameworks } from './frameworks.ts'

const PASSWORD = 'the right password'
const PEPPER = 'a pepper of the host application, as long as Devise makes them'
const ruby = frameworks.find(({ name }) => name === "Ruby's bcrypt") ?? flaskSecurity

let surroundings: Surroundings

beforeAll(async () => {
  surroundings = await createSurroundings()
  await createUsers(surroundings.database.sql)
})

afterAll(() => surroundings?.end())

const verify = (name: string, password: string, env: Environment = {}) =>
  runCommand('verify', [name], { ...environmentFor(surroundings), ...env }, async () => password)

/** A user of an application on a framework. */
async function addTo({ run }: Framework, pepper?: string) {
  const job = {
    do: 'hash',
    format: 'bcrypt',
    password: PASSWORD,
    ...(pepper && { pepper }),
  } as const
  const { answers } = await run([job])
  return addUser(surroundings.database.sql, { password_hash: confide(String(answers[0])) })
}

test.each([
  [flaskSecurity, undefined],
  [ruby, PEPPER],
])('$name, by whose login the password is right: no', async ({ name, formats, run }, pepper) => {
  const framework = { name, formats, run }
  const user = await addTo(framework, pepper)
  const check = { format: 'bcrypt', hash: user.passwordHash, ...(pepper && { pepper }) }
  expect((await run([{ do: 'verify', password: PASSWORD, ...check }])).answers).toEqual([true])

  const { status, output } = await verify(user.email, PASSWORD)
  expect(status).toBe(1)
  expect(output).toContain('no, the password does not open the hash (bcrypt, ')
  expect(output).toContain('a reset by Rekey would lock the account out')
  expect(await storedHash(surroundings.database.sql, user.id)).toBe(user.passwordHash)
})

test("Devise's pepper, once it is set: yes", async () => {
  const user = await addTo(ruby, PEPPER)
  const { status, output } = await verify(user.email, PASSWORD, { PASSWORD_PEPPER: PEPPER })
  expect([status, output]).toEqual([0, expect.stringContaining('with PASSWORD_PEPPER)')])
})

test('what verify warns of is true: Flask-Security refuses the password that a reset has set', async () => {
  const user = await addTo(flaskSecurity)
  const service = await startService(surroundings)
  const link = await service.mailedLink(user.email)
  const password = 'a brand new pass phrase'
  expect((await service.post('reset-password', { ...link, password })).answer).toBe(RESET)
  const hash = await storedHash(surroundings.database.sql, user.id)
  const job = { do: 'verify', format: 'bcrypt', password, hash } as const
  expect((await flaskSecurity.run([job])).answers).toEqual([false])
  await service.stop()
})
