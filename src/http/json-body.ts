// Takes bodies that are JSON in UTF-8, and nothing else.

import { isUtf8 } from 'node:buffer'
import type { FastifyInstance } from 'fastify'
import { RekeyError } from '../errors.ts'

/** Replaces Fastify's parsers. An empty body counts as `{}`, as in Django REST framework. */
export function acceptJsonOnly(app: FastifyInstance): void {
  const parseJson = app.getDefaultJsonParser('error', 'error')
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer' },
    (request, body: Buffer, done) => {
      if (!isUtf8(body)) done(new RekeyError('invalid_request', 'the body is not UTF-8'))
      else if (body.length === 0) done(null, {})
      else void parseJson(request, body.toString(), done)
    },
  )
}
