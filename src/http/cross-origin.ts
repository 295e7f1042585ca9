// Which pages of other origins may call the API: exact origins, and the preflights browsers send.

import type { FastifyInstance } from 'fastify'

const preflightHeaders = {
  'access-control-allow-headers': 'Content-Type, Authorization',
  'access-control-max-age': '600',
}

/** Lets pages of these origins use the routes of an app. A request without an origin costs nothing. */
export function allowOrigins(
  app: FastifyInstance,
  origins: readonly string[],
  methods: readonly string[],
): void {
  app.addHook('onRequest', (request, reply, done) => {
    const { origin } = request.headers
    if (origin !== undefined) {
      reply.header('vary', 'Origin')
      if (origins.includes(origin)) {
        reply.header('access-control-allow-origin', origin)
        reply.header('access-control-expose-headers', 'Retry-After, WWW-Authenticate')
      }
    }
    done()
  })
  app.options('/*', (_request, reply) => {
    reply.code(204).header('access-control-allow-methods', methods.join(', '))
    reply.headers(preflightHeaders).send()
  })
}
