// From the start of the process to the first completed reset, beside the bare service.

import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { formatRequest, parseReply } from '../http-text.ts'
import { sealResets } from '../links.ts'
import { VoidRun } from '../load.ts'
import { type Comparison, measurePairs } from '../pairs.ts'
import { type ServerOptions, spawnServer } from '../processes.ts'
import type { Scene } from '../scene.ts'

const TARGET = 1.6
const START_TIMEOUT_MS = 20_000

export async function compareFirstReset(scene: Scene): Promise<Comparison[]> {
  const sides = { floor: () => scene.floor('bare-service'), rekey: () => scene.rekey() }
  const measure = async (options: () => ServerOptions) => ({
    time: await measureFirstReset(scene, options()),
  })
  for (const side of [sides.floor, sides.rekey]) await measure(side)
  const measured = await measurePairs(scene.isQuick ? 5 : 11, sides, measure)
  return [
    {
      name: 'start to first reset',
      quantity: 'time',
      unit: 'ms',
      target: { kind: 'ratio-at-most', value: TARGET },
      ...measured('time'),
    },
  ]
}

async function measureFirstReset(scene: Scene, options: ServerOptions): Promise<number> {
  const [reset] = sealResets(scene.secret, scene.database.takeUsers(1))
  const request = formatRequest('/api/v1/accounts/reset-password', JSON.stringify(reset))
  const port = await findFreePort()
  const start = performance.now()
  const server = spawnServer({
    ...options,
    env: { HOST: '127.0.0.1', PORT: String(port), ...options.env },
  })
  try {
    const socket = await connectWhenItListens(port)
    const reply = await ask(socket, request)
    const elapsedMs = performance.now() - start
    if (reply.status !== 200) throw new VoidRun(`unexpected reply ${reply.status} ${reply.body}`)
    return elapsedMs
  } finally {
    await server.stop()
  }
}

async function findFreePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  return typeof address === 'object' && address ? address.port : 0
}

async function connectWhenItListens(port: number): Promise<Socket> {
  const deadline = performance.now() + START_TIMEOUT_MS
  for (;;) {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    try {
      await once(socket, 'connect')
      return socket
    } catch (error) {
      if (performance.now() > deadline) throw error
      await delay(1)
    }
  }
}

async function ask(socket: Socket, request: string) {
  socket.write(request)
  let received = ''
  for await (const chunk of socket) {
    received += String(chunk)
    const reply = parseReply(received)
    if (reply) return reply
  }
  throw new VoidRun('the connection was closed without a reply')
}
