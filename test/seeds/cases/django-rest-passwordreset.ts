// The suite of django-rest-passwordreset 1.6.0: all of it is about the reset.

import type { SeedCase, SeedSuite } from '../case.ts'
import { createDialectWorld } from '../dialect-world.ts'
import { passwordresetFlow } from './passwordreset-flow.ts'
import { passwordresetThrottles } from './passwordreset-throttles.ts'
import { passwordresetSetup, passwordresetTokens } from './passwordreset-tokens.ts'

const numbered = createDialectWorld('integer')
/** Its second test application has UUIDs for ids, and runs the same cases. */
const identified = createDialectWorld('uuid')

/** Opened before the cases run, and closed after them. */
export const worlds = [numbered, identified]

const throttles = passwordresetThrottles(numbered)

const again = (cases: readonly SeedCase[]): SeedCase[] =>
  cases.map((each) => ({ ...each, name: `user_id_uuid_testapp ${each.name}` }))

export const djangoRestPasswordreset: SeedSuite = {
  system: 'django-rest-passwordreset',
  cases: [
    ...passwordresetFlow(numbered),
    ...throttles.authTestCase,
    ...throttles.throttleTestCase,
    ...passwordresetTokens(numbered),
    ...again([
      ...passwordresetSetup(identified),
      ...passwordresetFlow(identified),
      ...passwordresetThrottles(identified).authTestCase,
    ]),
  ],
  withoutWire: [],
}
