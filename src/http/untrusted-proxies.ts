// Notices forwarding headers from somebody who is not in TRUST_PROXY: they are ignored, said once in
// the log and counted, because then every reader behind that proxy counts as one client.

import type { FastifyInstance } from 'fastify'

/** Watches the requests of an app. */
export function watchForwardingHeaders(app: FastifyInstance): void {
  let ignored = 0
  app.addHook('onRequest', (request, _reply, done) => {
    const { headers, socket } = request
    const isForwarded = headers['x-forwarded-for'] !== undefined || headers.forwarded !== undefined
    // The chain of addresses that are believed: the peer alone, when the peer is not. A peer that is gone
    // has no address.
    if (isForwarded && (request.ips ?? []).length <= 1 && socket.remoteAddress !== undefined) {
      ignored += 1
      if (ignored === 1) {
        request.log.warn(
          { peer: socket.remoteAddress },
          'forwarding headers ignored: if this peer is your proxy, name it in TRUST_PROXY',
        )
      }
    }
    done()
  })
  app.addHook('onClose', (_app, done) => {
    if (ignored > 0) app.log.warn({ ignored }, 'requests whose forwarding headers were ignored')
    done()
  })
}
