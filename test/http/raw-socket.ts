// A client that sends exactly the bytes it is told to, for what no HTTP library would send.

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** Opens a connection to a service. What comes in is gathered from the start. */
export async function openSocket(url: string): Promise<Socket & { received: () => string }> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname).setEncoding('utf8')
  let received = ''
  socket.on('data', (chunk) => {
    received += chunk
  })
  // A server that hangs up while we still write is what some tests are about.
  socket.on('error', () => {})
  await once(socket, 'connect')
  return Object.assign(socket, { received: () => received })
}

/** Sends bytes, and waits until the server hangs up. @returns All that came back. */
export async function exchange(url: string, bytes: string | Uint8Array): Promise<string> {
  const socket = await openSocket(url)
  const closed = new Promise((resolve) => socket.once('close', resolve))
  socket.write(bytes)
  await closed
  return socket.received()
}

/**
 * Sends all bytes before it reads a single one, as blocking clients do, and waits until the server hangs up
 * or has sent as many responses.
 *
 * @throws What the connection fails with, such as a reset.
 */
export async function pushAll(url: string, bytes: Uint8Array, responses = 1): Promise<string> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname).setEncoding('utf8').pause()
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject)
    socket.write(bytes, () => resolve())
  })
  let received = ''
  for await (const chunk of socket) {
    received += chunk
    if (statusesIn(received).length === responses) break
  }
  return received
}

/** @returns The status of each response among what came back. */
export function statusesIn(received: string): number[] {
  return Array.from(received.matchAll(/HTTP\/1\.1 (\d{3}) /g), ([, status]) => Number(status))
}
