// How a link stands in a body: as its three values, or as one token.

import { type Static, type TObject, Type } from '@sinclair/typebox'
import type { Link } from '../core/link.ts'
import { parseToken } from '../core/token.ts'
import { RekeyError } from '../errors.ts'

// JSON integers are taken where the value is one; a float or an unsafe integer has other spellings.
const TextOrInteger = Type.Unsafe<string | number>({
  type: ['string', 'integer'],
  minimum: Number.MIN_SAFE_INTEGER,
  maximum: Number.MAX_SAFE_INTEGER,
})

/** The fields of a link, for a body's properties. */
export const linkFields = {
  user_id: Type.Optional(TextOrInteger),
  timestamp: Type.Optional(TextOrInteger),
  signature: Type.Optional(Type.String()),
  token: Type.Optional(Type.String()),
}

/** Which of the fields must be there, for a body's options. */
export const linkFieldsRule = {
  if: { required: ['token'] },
  // biome-ignore lint/suspicious/noThenProperty: JSON Schema's keyword.
  then: {
    not: {
      anyOf: [{ required: ['user_id'] }, { required: ['timestamp'] }, { required: ['signature'] }],
    },
  },
  else: { required: ['user_id', 'timestamp', 'signature'] },
}

/** A body that the schema has accepted. */
export type LinkBody = Static<TObject<typeof linkFields>>

/**
 * Reads the link of a body. It proves nothing.
 *
 * @throws RekeyError `invalid_request` for an integer id where ids are no integers
 * @throws RekeyError `link_invalid` for a token that no link has
 */
export function readLink(body: LinkBody, takesIntegerIds: boolean): Link {
  if (body.token !== undefined) return parseToken(body.token)
  const { user_id, timestamp, signature } = body
  if (typeof user_id === 'number' && !takesIntegerIds) {
    const fault = { field: 'user_id', code: 'invalid', detail: 'Not a valid string.' }
    throw new RekeyError('invalid_request', 'ids are no integers here', { faults: [fault] })
  }
  return { userId: String(user_id), timestamp: String(timestamp), signature: String(signature) }
}
