// Django's own suites against the native routes.

import { afterAll, beforeAll, test } from 'vitest'
import { django } from './cases/django.ts'
import { world } from './cases/django-world.ts'

beforeAll(world.open)
afterAll(world.close)

for (const { file, name, run } of django.cases) test(`${file}: ${name}`, run)
