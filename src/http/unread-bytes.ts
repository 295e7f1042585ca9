// Lets a refusal arrive although its sender is still sending. To close a connection that holds unread
// bytes resets it, and its peer then never reads the reply (RFC 9112 section 9.6).

import type { Socket } from 'node:net'
import type { FastifyReply, FastifyRequest } from 'fastify'

const MAX_DROPPED_BYTES = 128 * 1024 * 1024
const LINGER_MS = 5000

/**
 * Reads what is left of a refused request's body, and drops it: up to 128 MiB, for as long as a request
 * may take. Where the client asks for more on the same connection, that is answered as ever.
 */
export function dropBody({ raw }: FastifyRequest, reply: FastifyReply): void {
  if (raw.complete) return
  // Fastify would hang up after a body that is too large.
  reply.removeHeader('connection')
  raw.on(
    'data',
    countDown(() => raw.destroy()),
  )
  // What Node does to a connection that the reply closes.
  raw.socket.destroySoon = () => linger(raw.socket)
}

/** Ends a connection whose bytes can no longer be parsed, and gives its peer time to read the last reply. */
export function hangUp(socket: Socket): void {
  // Node's own would hand what still comes to the parser, which has given up.
  socket.removeAllListeners('data')
  socket.on(
    'data',
    countDown(() => socket.destroy()),
  )
  socket.resume()
  linger(socket)
}

/** Says that nothing more is sent, and gives the peer time to hang up. */
function linger(socket: Socket): void {
  const timer = setTimeout(() => socket.destroy(), LINGER_MS).unref()
  socket.once('close', () => clearTimeout(timer))
  socket.end()
}

function countDown(giveUp: () => void): (chunk: Buffer) => void {
  let left = MAX_DROPPED_BYTES
  return ({ length }) => {
    left -= length
    if (left < 0) giveUp()
  }
}
