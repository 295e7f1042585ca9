// How a password fares that is chosen by a mailed link: taken, or refused by exactly these rules.

import { expect } from 'vitest'
import { RESET } from '../../support/answers.ts'
import { reset, world } from './django-world.ts'

type Variables = Readonly<Record<string, string>>

export const texts = {
  short: (least: number) =>
    `This password is too short. It must contain at least ${least} characters.`,
  similar: (label: string) => `The password is too similar to the ${label}.`,
  common: 'This password is too common.',
  numeric: 'This password is entirely numeric.',
}

/** Sets a password for a new user, and expects that every rule is kept. */
export async function expectTaken(
  password: string,
  columns = {},
  env: Variables = {},
): Promise<void> {
  const link = await world.linkFor(await world.addUser(columns), env)
  expect(await reset({ ...link, password }, env)).toBe(RESET)
}

/** The same, and expects exactly these broken rules, each by its code and its text. */
export async function expectRefused(
  password: string,
  broken: Readonly<Record<string, string>>,
  columns = {},
  env: Variables = {},
): Promise<void> {
  const body = { ...(await world.linkFor(await world.addUser(columns), env)), password }
  expect(await reset(body, env)).toBe(refused(...Object.values(broken)))
  const accept = 'application/problem+json'
  const { text } = await (await world.serve(env)).post('reset-password', body, { accept })
  const faults = JSON.parse(text).errors.map(
    ({ code, detail }: { code: string; detail: string }) => [code, detail],
  )
  expect(faults).toEqual(Object.entries(broken))
}
export const refused = (...details: string[]) => `400 ${JSON.stringify({ password: details })}`

export async function rules(env: Variables = {}): Promise<Record<string, unknown>> {
  const { text } = await (await world.serve(env)).ask('/api/v1/accounts/password-rules')
  return JSON.parse(text)
}

export const broken = {
  short: (least: number) => ({ password_too_short: texts.short(least) }),
  similar: (label: string) => ({ password_too_similar: texts.similar(label) }),
  common: { password_too_common: texts.common },
  numeric: { password_entirely_numeric: texts.numeric },
}

/** What the cases have in common. */
export const OWN_WORDS =
  "the rule's code is in problem details, for a frontend to put its own words to"
export const TOLD = 'password-rules tells the rule'

export const FILE = 'tests/auth_tests/test_validators.py'
export const NO_SUCH_SETTING =
  'no setting for the order and similarity of the rules, nor for the key of other errors'
