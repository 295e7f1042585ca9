// The paths that are held against each other when DIALECTS is read are those that the routes have.

import Fastify from 'fastify'
import { rekey } from 'rekey'
import { expect, test } from 'vitest'
import { dialects, nativePaths } from '../../../src/core/dialects.ts'
import { basePath } from '../../support/client.ts'
import { jwtVariables } from '../../support/jwt-issuer.ts'
import { createSurroundings, environmentFor } from '../../support/surroundings.ts'
import { createUsers } from '../../support/users.ts'

test('every route is in the list of its prefix, and every path of it is a route', async () => {
  const surroundings = await createSurroundings()
  await createUsers(surroundings.database.sql)
  const app = Fastify({ routerOptions: { ignoreTrailingSlash: true } })
  const routes = new Set<string>()
  app.addHook('onRoute', ({ url }) => void routes.add(url))
  const env = {
    ...environmentFor(surroundings),
    RESET_PAGE_URL: 'https://app.example/{uid}/{token}',
    DIALECTS: Object.keys(dialects).join(),
    JWT_SECRET: 'the secret of a host application',
    ...jwtVariables,
  }
  await app.register(rekey, { env })
  await app.close()
  await surroundings.end()

  const hung = [{ prefix: basePath, paths: nativePaths }, ...Object.values(dialects)]
  const listed = hung.flatMap(({ prefix, paths }) => paths.map((path) => prefix + path))
  expect([...routes].sort()).toEqual(listed.sort())
})
