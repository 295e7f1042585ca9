// The suite of django-rest-passwordreset against its dialect.

import { afterAll, beforeAll, test } from 'vitest'
import { djangoRestPasswordreset, worlds } from './cases/django-rest-passwordreset.ts'

beforeAll(() => Promise.all(worlds.map((world) => world.open())))
afterAll(() => Promise.all(worlds.map((world) => world.close())))

for (const { file, name, run } of djangoRestPasswordreset.cases) test(`${file}: ${name}`, run)
