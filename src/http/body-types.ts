// Refuses a body by what its headers say of it, before it is read and before it counts for any limit.

import type { FastifyRequest } from 'fastify'
import { RekeyError } from '../errors.ts'

const OTHER_CHARSET = /;\s*charset\s*=\s*(?!(?:utf-?8|"utf-?8")\s*(?:;|$))/i

/** @returns the refusal of a body that is not plain UTF-8 of a type that the request's route takes */
export function findTypeFault(request: FastifyRequest): RekeyError | undefined {
  const { headers, mediaType, server } = request
  const type = headers['content-type']
  if (type === undefined) {
    const isEmpty = headers['transfer-encoding'] === undefined && !Number(headers['content-length'])
    return isEmpty ? undefined : refuse('a body without a type')
  }
  if (mediaType === undefined || !server.hasContentTypeParser(mediaType)) {
    return refuse('a body of another type')
  }
  if (headers['content-encoding'] !== undefined) return refuse('a body with a Content-Encoding')
  return OTHER_CHARSET.test(type) ? refuse('a body in another charset') : undefined
}

function refuse(cause: string): RekeyError {
  return new RekeyError('unsupported_media_type', cause)
}
