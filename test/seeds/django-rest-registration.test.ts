// The suite of django-rest-registration against the native routes.

import { afterAll, beforeAll, describe, test } from 'vitest'
import { djangoRestRegistration } from './cases/django-rest-registration.ts'
import { registrationWire } from './cases/registration-wire.ts'
import { world } from './cases/registration-world.ts'

beforeAll(world.open)
afterAll(world.close)

for (const { system, cases } of [djangoRestRegistration, registrationWire]) {
  describe(system, () => {
    for (const { name, run } of cases) test(name, run)
  })
}
