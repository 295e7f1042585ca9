// Serves the preview's pages to a browser of this machine.

import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { attempt } from '../../service/attempt.ts'
import { renderFaults } from './index-page.ts'

/**
 * Serves on a free port of the loopback address. The pages are made anew for each request, so that a
 * change shows when one is loaded again.
 *
 * @param makePages gives the pages by their paths; what it throws is shown in their place
 * @throws Error when it cannot listen
 */
export async function servePages(
  makePages: () => ReadonlyMap<string, string>,
): Promise<{ readonly origin: string; stop(): void }> {
  const server = createServer((request, reply) => {
    const [path = ''] = (request.url ?? '/').slice(1).split('?')
    const latest = attempt(makePages)
    const page =
      'made' in latest ? latest.made.get(path || 'index.html') : renderFaults(latest.faults)
    const isText = path.endsWith('.txt') && 'made' in latest
    reply.writeHead(page === undefined ? 404 : 200, {
      'content-type': `text/${isText ? 'plain' : 'html'}; charset=utf-8`,
      'cache-control': 'no-store',
    })
    reply.end(page ?? 'There is no such message.')
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject).listen(0, '127.0.0.1', resolve)
  })
  const { port } = server.address() as AddressInfo
  return {
    origin: `http://127.0.0.1:${port}`,
    stop() {
      server.closeAllConnections()
      server.close()
    },
  }
}
