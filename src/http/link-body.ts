// How a link stands in a body: as its three values, or as one token.

import { type Static, type TObject, Type } from '@sinclair/typebox'
import type { FastifyRequest } from 'fastify'
import type { Link } from '../core/link.ts'
import { parseToken } from '../core/token.ts'
import type { Accounts } from '../ports.ts'

// A JSON integer is taken; a float or an unsafe integer has other spellings.
const TextOrInteger = Type.Unsafe<string | number>({
  type: ['string', 'integer'],
  minimum: Number.MIN_SAFE_INTEGER,
  maximum: Number.MAX_SAFE_INTEGER,
})

/** The fields of a link, for a body's properties. */
export const linkFields = {
  user_id: Type.Optional(Type.String()),
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
 * A hook that takes a JSON integer for the id where ids are integers, by making it a text. Elsewhere it
 * stays what it is, and the schema refuses it together with every other faulty field.
 */
export function takeIntegerIds(accounts: Accounts) {
  return (request: FastifyRequest, _reply: unknown, done: () => void): void => {
    const body = request.body as { user_id?: unknown } | null
    if (Number.isSafeInteger(body?.user_id) && accounts.takesIntegerIds()) {
      request.body = { ...body, user_id: String(body?.user_id) }
    }
    done()
  }
}

/**
 * Reads the link of a body. It proves nothing.
 *
 * @throws RekeyError `link_invalid` for a token that no link has
 */
export function readLink(body: LinkBody): Link {
  if (body.token !== undefined) return parseToken(body.token)
  const { user_id, timestamp, signature } = body
  return { userId: String(user_id), timestamp: String(timestamp), signature: String(signature) }
}
