// The rules that a page can show before a password is typed.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { basePath } from '../support/client.ts'
import type { Environment } from '../support/rekey-process.ts'
import { startService } from '../support/service.ts'
import { createSurroundings, type Surroundings } from '../support/surroundings.ts'
import { createUsers } from '../support/users.ts'

let surroundings: Surroundings

beforeAll(async () => {
  surroundings = await createSurroundings()
  await createUsers(surroundings.database.sql)
})

afterAll(() => surroundings?.end())

const refusals =
  '"common_passwords":"refuse","entirely_numeric":"refuse","similar_to_account":"refuse"}'

test.each<[Environment, string]>([
  [{}, `{"min_length":8,"max_length":128,"max_bytes":null,"edge_spaces":"keep",${refusals}`],
  [
    { PASSWORD_MIN_LENGTH: '15', PASSWORD_MAX_LENGTH: '64', PASSWORD_EDGE_SPACES: 'refuse' },
    `{"min_length":15,"max_length":64,"max_bytes":null,"edge_spaces":"refuse",${refusals}`,
  ],
  ...['bcrypt', 'bcrypt_2y', 'django_bcrypt'].map((format): [Environment, string] => [
    { PASSWORD_HASH: format },
    `{"min_length":8,"max_length":128,"max_bytes":72,"edge_spaces":"keep",${refusals}`,
  ]),
  [
    { PASSWORD_HASH: 'django_bcrypt_sha256' },
    `{"min_length":8,"max_length":128,"max_bytes":null,"edge_spaces":"keep",${refusals}`,
  ],
])('with %j the rules are as configured', async (env, body) => {
  const service = await startService(surroundings, env)
  const reply = await service.ask(`${basePath}/password-rules`)
  expect(reply.answer).toBe(`200 ${body}`)
  expect(reply.headers['content-type']).toBe('application/json; charset=utf-8')
  await service.stop()
})
