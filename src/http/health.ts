// GET /livez and /readyz: whether the process runs, and whether its accounts can be used.

import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import type { AppOptions } from './options.ts'

export const health: FastifyPluginCallbackTypebox<AppOptions> = (app, { deps }, done) => {
  app.get('/livez', () => ({ detail: 'alive' }))
  app.get('/readyz', async () => {
    await deps.assertReady()
    return { detail: 'ready' }
  })
  done()
}
