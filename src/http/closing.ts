// Lets an app close although clients keep their connections open.

import type { FastifyInstance } from 'fastify'

const SWEEP_MS = 50

/** @returns whether the app has begun to close, and so takes no new work */
export function watchClosing(app: FastifyInstance): () => boolean {
  let sweep: NodeJS.Timeout | undefined
  app.addHook('preClose', (done) => {
    // Closing ends the connections that are idle at that moment. The others fall idle one by one.
    sweep = setInterval(() => app.server.closeIdleConnections(), SWEEP_MS)
    done()
  })
  app.addHook('onClose', (_app, done) => {
    clearInterval(sweep)
    done()
  })
  return () => sweep !== undefined
}
