// The suite of django-rest-registration against the native routes.

import { afterAll, beforeAll, test } from 'vitest'
import { djangoRestRegistration } from './cases/django-rest-registration.ts'
import { world } from './cases/registration-world.ts'

beforeAll(world.open)
afterAll(world.close)

for (const { file, name, run } of djangoRestRegistration.cases) test(`${file}: ${name}`, run)
