// Takes bodies that are HTML forms in UTF-8.

import { isUtf8 } from 'node:buffer'
import type { FastifyInstance } from 'fastify'
import { RekeyError } from '../errors.ts'

const NOT_UTF8 = {
  field: 'non_field_errors',
  code: 'invalid',
  detail: 'The form is not percent-encoded UTF-8.',
}

/** Adds a parser to those of an app's routes. Fields are texts; of those with one name the last counts. */
export function acceptForms(app: FastifyInstance): void {
  app.addContentTypeParser(
    'application/x-www-form-urlencoded',
    { parseAs: 'buffer' },
    (_request, body: Buffer, done) => {
      // Else a password would be set that is not the one that was typed.
      if (isEncoded(body)) done(null, Object.fromEntries(new URLSearchParams(body.toString())))
      else
        done(new RekeyError('invalid_request', 'the form is not in UTF-8', { faults: [NOT_UTF8] }))
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
