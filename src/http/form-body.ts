// Takes bodies that are HTML forms in UTF-8, from pages of the same origin and nothing else.

import { isUtf8 } from 'node:buffer'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { RekeyError } from '../errors.ts'

/** Replaces the parsers of an app's routes. Of fields with one name the last counts. */
export function acceptFormsOnly(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'buffer' },
    (request: FastifyRequest, body: Buffer, done) => {
      if (request.headers['content-encoding'] !== undefined) {
        done(new RekeyError('unsupported_media_type', 'a body with a Content-Encoding'))
      } else if (!isEncoded(body)) {
        // Else a password would be set that is not the one that was typed.
        done(new RekeyError('invalid_request', 'the form is not in UTF-8'))
      } else {
        done(null, Object.fromEntries(new URLSearchParams(body.toString())))
      }
    },
  )
}

/** Whether its bytes, and those that it writes as %xx, are UTF-8. */
function isEncoded(body: Buffer): boolean {
  try {
    decodeURIComponent(body.toString())
    return isUtf8(body)
  } catch {
    return false
  }
}

/**
 * A hook that refuses a post from a page of another origin, and one that does not say where it comes
 * from, before it counts for any limit. Browsers have set `Sec-Fetch-Site` themselves since 2023 at the
 * latest. An `Origin` counts for those that do not, but most of them hide it: the pages say `no-referrer`.
 */
export function refuseOtherOrigins(
  request: FastifyRequest,
  _reply: unknown,
  done: (error?: Error) => void,
): void {
  const { origin = '', 'sec-fetch-site': site } = request.headers
  const isOurs =
    site === undefined
      ? URL.canParse(origin) && new URL(origin).host === request.host
      : site === 'same-origin'
  if (isOurs) done()
  else done(new RekeyError('cross_origin', 'a form from another origin, or from none'))
}
