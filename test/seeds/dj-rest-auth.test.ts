// The suite of dj-rest-auth, as far as it is about reset and change, against its dialect.

import { afterAll, beforeAll, test } from 'vitest'
import { djRestAuth, world } from './cases/dj-rest-auth.ts'

beforeAll(world.open)
afterAll(world.close)

for (const { file, name, run } of djRestAuth.cases) test(`${file}: ${name}`, run)
