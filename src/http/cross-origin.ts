// Which pages of other origins may call the API: exact origins, and the preflights browsers send.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

const preflightHeaders = {
  'access-control-allow-headers': 'Content-Type, Authorization',
  'access-control-max-age': '600',
}

/**
 * Lets pages of these origins read what is under the prefix, routes or not.
 *
 * @returns sets the headers of a reply. A request without an origin costs nothing
 */
export function allowOrigins(
  origins: readonly string[],
  basePath: string,
): (request: FastifyRequest, reply: FastifyReply) => void {
  return ({ url, headers: { origin } }, reply) => {
    if (origin === undefined || !url.startsWith(`${basePath}/`)) return
    reply.header('vary', 'Origin')
    if (origins.includes(origin)) {
      reply.header('access-control-allow-origin', origin)
      reply.header('access-control-expose-headers', 'Retry-After, WWW-Authenticate')
    }
  }
}

/** Answers the preflights for an app's routes. */
export function answerPreflights(app: FastifyInstance, methods: readonly string[]): void {
  app.options('/*', (_request, reply) => {
    reply.code(204).header('access-control-allow-methods', methods.join(', '))
    reply.headers(preflightHeaders).send()
  })
}
