// Serves HTTP on loopback, for as long as a test wants it.

import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { Certificate } from './certificate.ts'

export type Listener = (incoming: IncomingMessage, response: ServerResponse) => void | Promise<void>

export interface LoopbackServer {
  readonly origin: string
  readonly port: number
  /** Cuts every connection. */
  stop(): Promise<void>
}

/** @param certificate With it, it speaks TLS, and is called localhost. */
export async function startServer(
  listener: Listener,
  { port: wanted = 0, certificate }: { port?: number; certificate?: Certificate | undefined } = {},
): Promise<LoopbackServer> {
  const handle = (incoming: IncomingMessage, response: ServerResponse) => {
    // A client that gives up in the middle of its request is none of our business.
    Promise.resolve(listener(incoming, response)).catch(() => incoming.socket.destroy())
  }
  const server = certificate ? createTlsServer(certificate, handle) : createServer(handle)
  server.listen(wanted, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    origin: `${certificate ? 'https://localhost' : 'http://127.0.0.1'}:${port}`,
    port,
    async stop() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}
