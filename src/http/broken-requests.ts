// Answers what is no HTTP request, or did not arrive in time, and then hangs up.

import type { Socket } from 'node:net'
import { apiHeaders } from './security-headers.ts'
import { statusTexts } from './status-texts.ts'

const STATUSES: Readonly<Record<string, keyof typeof statusTexts>> = {
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  HPE_HEADER_OVERFLOW: 431,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
}

/** Fastify's `clientErrorHandler`. Whatever has arrived is neither repeated nor logged. */
export function replyToBrokenRequest(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed) return
  if (socket.writable) {
    const status = STATUSES[error.code ?? ''] ?? 400
    const body = JSON.stringify({ detail: `${statusTexts[status]}.` })
    const headers = {
      ...apiHeaders,
      'content-type': 'application/json; charset=utf-8',
      'content-length': Buffer.byteLength(body),
      connection: 'close',
    }
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    socket.write(`HTTP/1.1 ${status} ${statusTexts[status]}\r\n${lines.join('')}\r\n${body}`)
  }
  socket.destroy(error)
}
