// HTTP/1.1 by hand, as far as the load needs it: requests as text, replies cut out of what arrives.

export interface Reply {
  readonly status: number
  readonly body: string
}

/** @param body ASCII only, so that its length is its size */
export function formatRequest(path: string, body: string): string {
  return `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\naccept: application/json\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`
}

/**
 * Reads the reply that a text begins and ends with.
 *
 * @returns undefined as long as some of it is missing
 * @throws Error for anything that is not one reply with a Content-Length
 */
export function parseReply(text: string): Reply | undefined {
  const headEnd = text.indexOf('\r\n\r\n')
  if (headEnd === -1) return undefined
  const head = text.slice(0, headEnd)
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
  if (!head.startsWith('HTTP/1.1 ') || length === undefined) throw new Error('not a reply we read')
  const body = text.slice(headEnd + 4)
  if (body.length > Number(length)) throw new Error('more than one reply to one request')
  return body.length < Number(length) ? undefined : { status: Number(head.slice(9, 12)), body }
}
