// GET /livez and /readyz: whether the process runs, and whether its database answers.

import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { RekeyError } from '../errors.ts'
import type { AppOptions } from './options.ts'

export const health: FastifyPluginCallbackTypebox<AppOptions> = (app, { deps }, done) => {
  app.get('/livez', () => ({ detail: 'alive' }))
  app.get('/readyz', async () => {
    if (!(await deps.isReady())) {
      throw new RekeyError('unavailable', 'the database does not answer', { retryAfterSeconds: 5 })
    }
    return { detail: 'ready' }
  })
  done()
}
