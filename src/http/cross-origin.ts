// Which pages of other origins may call the API: exact origins, and the preflights browsers send.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

/** Of the last two nothing is made. Frontends of Django send them, and django-cors-headers allows them. */
const HEADERS = ['Content-Type', 'Authorization', 'X-CSRFToken', 'X-Requested-With']

/** Says whether a path, which a query may follow, is for pages of other origins: routes or not. */
export type IsForPages = (url: string) => boolean

/** @param prefixes without a slash at their ends */
export function underPrefixes(prefixes: readonly string[]): IsForPages {
  return (url) =>
    prefixes.some(
      (prefix) => url.startsWith(prefix) && /^(?:\/|\?|$)/.test(url.slice(prefix.length)),
    )
}

/**
 * Lets pages of these origins read what is for them.
 *
 * @param isWithCredentials where they may call as those do that send cookies. None is read or set
 * @returns sets the headers of a reply. A request without an origin costs nothing
 */
export function allowOrigins(
  origins: readonly string[],
  isForPages: IsForPages,
  isWithCredentials: IsForPages,
): (request: FastifyRequest, reply: FastifyReply) => void {
  return ({ url, headers: { origin } }, reply) => {
    if (origin === undefined || !isForPages(url)) return
    reply.header('vary', 'Origin')
    if (origins.includes(origin)) {
      reply.header('access-control-allow-origin', origin)
      reply.header('access-control-expose-headers', 'Retry-After, WWW-Authenticate')
      if (isWithCredentials(url)) reply.header('access-control-allow-credentials', 'true')
    }
  }
}

/**
 * Answers the preflights for an app's routes.
 *
 * @param paths under the app's prefix
 */
export function answerPreflights(
  app: FastifyInstance,
  methods: readonly string[],
  paths: readonly string[] = ['/*'],
): void {
  const preflightHeaders = {
    'access-control-allow-methods': methods.join(', '),
    'access-control-allow-headers': HEADERS.join(', '),
    'access-control-max-age': '600',
  }

  for (const path of paths) {
    app.options(path, (_request, reply) => {
      reply.code(204).headers(preflightHeaders).send()
    })
  }
}
