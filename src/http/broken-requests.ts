// Answers requests that never reach a route: broken HTTP, a request that did not arrive in time, or one
// with an expectation that Rekey does not meet.

import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { apiHeaders } from './security-headers.ts'
import { statusTexts } from './status-texts.ts'
import { hangUp } from './unread-bytes.ts'

type Status = keyof typeof statusTexts

const STATUSES: Readonly<Record<string, Status>> = {
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  HPE_HEADER_OVERFLOW: 431,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
}

/** Fastify's `clientErrorHandler`: answers and hangs up. What has arrived is neither repeated nor logged. */
export function replyToBrokenRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return
  // The peer has had its reply.
  if (!socket.writable) {
    socket.destroy()
    return
  }
  const status = STATUSES[error.code ?? ''] ?? 400
  const { headers, body } = describe(status)
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.write(`HTTP/1.1 ${status} ${statusTexts[status]}\r\n${lines.join('')}\r\n${body}`)
  hangUp(socket)
}

/** Node's `checkExpectation`: refuses whatever a request expects but `100-continue`, and hangs up. */
export function refuseExpectation({ socket }: IncomingMessage, response: ServerResponse): void {
  const { headers, body } = describe(417)
  socket.destroySoon = () => hangUp(socket)
  response.writeHead(417, headers).end(body)
}

function describe(status: Status) {
  const body = JSON.stringify({ detail: `${statusTexts[status]}.` })
  const headers = {
    ...apiHeaders,
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  }
  return { headers, body }
}
