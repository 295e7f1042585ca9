// Names in the log, once each, the origins whose preflights are refused: a frontend of such an origin
// does not work until CORS_ORIGINS names it, and only the reader's browser says why.

import type { FastifyInstance } from 'fastify'
import type { IsForPages } from './cross-origin.ts'

/** Anybody can send any origin, so neither their number nor what they say is without bounds. */
const MOST_ORIGINS = 100
const ORIGIN = /^(?:null|[a-z][a-z0-9+.-]{0,30}:\/\/[\w.:[\]-]{0,260})$/i

/** Watches the preflights for what pages of other origins may call. */
export function watchPreflights(
  app: FastifyInstance,
  origins: readonly string[],
  isForPages: IsForPages,
): void {
  const named = new Set<string>()
  app.addHook('onRequest', (request, _reply, done) => {
    const { method, url, headers } = request
    const { origin } = headers
    const isRefused =
      method === 'OPTIONS' && origin !== undefined && !origins.includes(origin) && isForPages(url)
    if (isRefused && ORIGIN.test(origin) && !named.has(origin) && named.size < MOST_ORIGINS) {
      named.add(origin)
      request.log.warn(
        { origin },
        'preflight refused: if this is the origin of your frontend, name it in CORS_ORIGINS',
      )
    }
    done()
  })
}
