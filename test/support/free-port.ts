// Finds a port that nobody listens on, and that nobody is given for a connection of his own either.

import { once } from 'node:events'
import { createServer } from 'node:net'

// Below the ports that systems hand out by themselves, so that none of those is taken in between.
const FIRST = 10_000
const LAST = 32_000

export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST + Math.floor(Math.random() * (LAST - FIRST))
    const server = createServer().listen(port, '127.0.0.1')
    const isFree = await once(server, 'listening').then(
      () => true,
      () => false,
    )
    if (!isFree) continue
    server.close()
    await once(server, 'close')
    return port
  }
}
