// Hangs the app's routes into another application, which only routes and hands over what arrives:
// its own parsers, schemas, error handlers and headers, and whom it trusts, never come into it.

import type { FastifyInstance, onRequestHookHandler } from 'fastify'

/** The health of a process is for whoever runs it to tell. */
const OF_THE_PROCESS = ['/livez', '/readyz']

/**
 * Learns an app's routes, which must not be loaded yet.
 *
 * @returns hangs them into a host that is loading. Other paths, also below the same prefixes, stay the
 * host's. Its `onRequest` hooks come first; those of the routes themselves, and all hooks after that but
 * for `onResponse`, never run
 */
export function prepareMount(app: FastifyInstance): (host: FastifyInstance) => Promise<void> {
  const paths = new Set<string>()
  app.addHook('onRoute', ({ url, method }) => {
    // Preflights are answered wherever there is another method.
    if (method !== 'OPTIONS' && !OF_THE_PROCESS.includes(url)) paths.add(url)
  })
  return async (host) => {
    // One id in the lines of both.
    const ids = new WeakMap<object, string>()
    app.setGenReqId((raw) => ids.get(raw) ?? '')
    await app.ready()
    const onRequest: onRequestHookHandler = (request, reply) => {
      ids.set(request.raw, request.id)
      reply.hijack()
      app.routing(request.raw, reply.raw)
    }
    const handler = () => {
      throw new TypeError('the request was handed over')
    }
    // The app writes its own line of each request. The host's would hold the URL, and so a link.
    const options = { onRequest, logLevel: 'silent' } as const
    const { ignoreTrailingSlash, routerOptions } = host.initialConfig
    const isSlashIgnored = ignoreTrailingSlash || routerOptions?.ignoreTrailingSlash
    for (const path of paths) {
      host.all(path, options, handler)
      // Which of both it is, the app does not mind.
      if (!isSlashIgnored && !path.endsWith('*')) host.all(`${path}/`, options, handler)
    }
  }
}
