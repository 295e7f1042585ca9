// The suite of django-rest-passwordreset 1.6.0: all of it is about the reset.

import type { SeedSuite } from '../case.ts'
import { createDialectWorld } from '../dialect-world.ts'
import { passwordresetAuth } from './passwordreset-flow.ts'
import { passwordresetResponses } from './passwordreset-responses.ts'
import { passwordresetThrottles } from './passwordreset-throttles.ts'
import { passwordresetSetup, passwordresetTokens } from './passwordreset-tokens.ts'

const numbered = createDialectWorld('integer')
/** Its second test application has UUIDs for ids, and runs the cases of one class again. */
const identified = createDialectWorld('uuid')

/** Opened before the cases run, and closed after them. */
export const worlds = [numbered, identified]

export const djangoRestPasswordreset: SeedSuite = {
  system: 'django-rest-passwordreset',
  version: '1.6.0',
  cases: [
    ...passwordresetAuth('tests/test/test_auth_test_case.py', numbered),
    ...passwordresetResponses(numbered),
    ...passwordresetThrottles(numbered),
    ...passwordresetTokens(numbered),
    ...passwordresetAuth('tests/user_id_uuid_testapp/tests/test_auth_test_case.py', identified),
    ...passwordresetSetup(identified),
  ],
  withoutWire: [],
}
