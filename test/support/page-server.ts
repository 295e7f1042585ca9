// Serves a frontend's reset page on loopback, as well or as badly as a test wants it.

import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface PageAnswer {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export interface PageServer {
  readonly origin: string
  readonly asked: readonly string[]
  stop(): Promise<void>
}

export async function startPage(answer: (path: string) => PageAnswer): Promise<PageServer> {
  const asked: string[] = []
  const server = createServer((incoming: IncomingMessage, response) => {
    const { url = '' } = incoming
    asked.push(url)
    const { status = 200, headers = {}, body = '<!doctype html><title>Reset</title>' } = answer(url)
    response.writeHead(status, { 'content-type': 'text/html', ...headers }).end(body)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async stop() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}
