// Refuses a body by what its headers say of it, before it is read and before it counts for any limit.

import type { FastifyRequest } from 'fastify'
import { RekeyError } from '../errors.ts'

const OTHER_CHARSET = /;\s*charset\s*=\s*(?!(?:utf-?8|"utf-?8")\s*(?:;|$))/i

const TYPES = ['application/json', 'application/x-www-form-urlencoded']

/**
 * Makes the rule for the routes of one Fastify instance: which types it has parsers for.
 *
 * @returns finds the refusal of a body that is not plain UTF-8 of a type that the instance takes
 */
export function createTypeRule(): (request: FastifyRequest) => RekeyError | undefined {
  // Found once: Fastify parses each type that it is asked about.
  let taken: readonly string[] | undefined
  return (request) => {
    const { headers, server } = request
    const type = headers['content-type']
    if (type === undefined) {
      const isEmpty =
        headers['transfer-encoding'] === undefined && !Number(headers['content-length'])
      return isEmpty ? undefined : refuse('a body without a type')
    }
    taken ??= TYPES.filter((each) => server.hasContentTypeParser(each))
    if (!taken.includes(type)) {
      // With parameters, or in other letters.
      if (!taken.includes(request.mediaType ?? '')) return refuse('a body of another type')
      if (OTHER_CHARSET.test(type)) return refuse('a body in another charset')
    }
    if (headers['content-encoding'] === undefined) return undefined
    return refuse('a body with a Content-Encoding')
  }
}

function refuse(cause: string): RekeyError {
  return new RekeyError('unsupported_media_type', cause)
}
