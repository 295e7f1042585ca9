// Takes bodies that are JSON in UTF-8, and nothing else.

import { isUtf8 } from 'node:buffer'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { RekeyError } from '../errors.ts'

const OTHER_CHARSET = /;\s*charset\s*=\s*(?!(?:utf-?8|"utf-?8")\s*(?:;|$))/i

/** Replaces Fastify's parsers. An empty body counts as `{}`, as in Django REST framework. */
export function acceptJsonOnly(app: FastifyInstance): void {
  const parseJson = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer' },
    (request: FastifyRequest, body: Buffer, done) => {
      const { headers } = request
      if (headers['content-encoding'] !== undefined) {
        done(new RekeyError('unsupported_media_type', 'a body with a Content-Encoding'))
      } else if (OTHER_CHARSET.test(headers['content-type'] ?? '')) {
        done(new RekeyError('unsupported_media_type', 'a body in another charset'))
      } else if (!isUtf8(body)) {
        done(new RekeyError('invalid_request', 'the body is not UTF-8'))
      } else if (body.length === 0) {
        done(null, {})
      } else {
        void parseJson(request, body.toString(), done)
      }
    },
  )
}
