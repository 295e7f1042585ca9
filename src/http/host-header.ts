// Refuses a request without a Host, or with a malformed one, as every server has to (RFC 9112 section
// 3.2). Rekey does not use the Host; a proxy in front of it may read another one in such a text.

import type { FastifyRequest } from 'fastify'
import { RekeyError } from '../errors.ts'

/** RFC 3986 section 3.2.2 and 3.2.3: a name, an address or `[...]`, then perhaps a port. */
const HOST =
  /^(?:\[(?:[\da-f:.]+|v[\da-f]+\.[\w.~!$&'()*+,;=:-]+)\]|(?:[\w.~!$&'()*+,;=-]|%[\da-f]{2})*)(?::\d*)?$/i

/** @returns the refusal for a Host that is none, or missing; HTTP/1.0 may leave it out */
export function findHostFault({ headers, raw }: FastifyRequest): RekeyError | undefined {
  if (headers.host === undefined) {
    return raw.httpVersion === '1.0' ? undefined : refuse('The Host header is missing.', 'no Host')
  }
  if (HOST.test(headers.host)) return undefined
  return refuse('The Host header is not a host.', 'the Host is none')
}

function refuse(detail: string, cause: string): RekeyError {
  const faults = [{ field: 'non_field_errors', code: 'invalid', detail }]
  return new RekeyError('invalid_request', cause, { faults })
}
