// Finds the refusal for a request that no route takes: 404, or 405 where the path has other methods.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { RekeyError } from '../errors.ts'
import type { IsForPages } from './cross-origin.ts'

/**
 * Learns the routes registered from now on.
 *
 * @returns finds the refusal for a request whose `is404` holds; sets `Allow` with a 405
 */
export function watchRoutes(
  app: FastifyInstance,
  isForPages: IsForPages,
): (request: FastifyRequest, reply: FastifyReply) => RekeyError {
  // A list of our own: to ask the router, a path would be read as a pattern.
  const methodsOf = new Map<string, string[]>()
  app.addHook('onRoute', ({ url, method }) => {
    methodsOf.set(url, [...(methodsOf.get(url) ?? []), method].flat())
  })
  return (request, reply) => {
    const [path = ''] = request.url.split('?')
    const url = path.replace(/(.)\/$/, '$1')
    const allowed = methodsOf.get(url)
    if (!allowed) return new RekeyError('not_found', 'no such route')
    // CORS answers this one everywhere under a prefix.
    const methods = isForPages(url) ? [...allowed, 'OPTIONS'] : allowed
    reply.header('allow', [...new Set(methods)].join(', '))
    return new RekeyError('method_not_allowed', 'the route has other methods')
  }
}
