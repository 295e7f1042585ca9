// POST send-reset-password-link: takes who wants a link, and answers before looking anything up.

import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import type { FastifyRequest } from 'fastify'
import { judgeCharacters } from '../core/characters.ts'
import {
  isPrintable,
  looksLikeAddress,
  MAX_IDENTIFIER_LENGTH,
  trimIdentifier,
} from '../core/email-address.ts'
import { type FieldFault, RekeyError } from '../errors.ts'
import type { Identifier } from '../ports.ts'
import { requiredFault } from './field-faults.ts'
import { takeLinkRequest } from './link-requests.ts'
import type { AppOptions } from './options.ts'
import { limitRequests } from './rate-limit.ts'

const SendLinkBodySchema = Type.Object({
  email: Type.Optional(Type.String()),
  login: Type.Optional(Type.String()),
})
const SendLinkReplySchema = Type.Object({ detail: Type.String() })

/** Who wants a link: exactly one of the two. */
interface LinkRequestBody {
  readonly email?: string | undefined
  readonly login?: string | undefined
}

const ACCEPTED = { detail: 'Reset link sent if the user exists in database' }
const REVEALED = { detail: 'Reset link sent' }

export const sendResetPasswordLink: FastifyPluginCallbackTypebox<AppOptions> = (
  app,
  options,
  done,
) => {
  const schema = { body: SendLinkBodySchema, response: { 200: SendLinkReplySchema } }
  const onRequest = limitRequests(options, 'requests')

  app.post('/send-reset-password-link', { schema, onRequest }, (request) =>
    acceptLinkRequest(options, request, request.body),
  )
  done()
}

/**
 * Takes who wants a link, from a body of JSON or of a form.
 *
 * @throws RekeyError `invalid_request`, `unavailable`, `account_unknown` where unknown users are revealed
 */
export async function acceptLinkRequest(
  { deps, settings }: AppOptions,
  request: FastifyRequest,
  body: LinkRequestBody,
): Promise<{ detail: string }> {
  const identifier = readIdentifier(body)
  const outcome = await takeLinkRequest(deps, request, identifier, settings.revealUnknownUsers)
  if (outcome === 'no_account') throw new RekeyError('account_unknown', 'no such account')
  return outcome === 'queued' ? ACCEPTED : REVEALED
}

/** @throws RekeyError `invalid_request` */
function readIdentifier({ email, login }: LinkRequestBody): Identifier {
  if (email !== undefined && login !== undefined) {
    const detail = 'Send either email or login, not both.'
    throw refuse({ field: 'non_field_errors', code: 'invalid', detail })
  }
  // Of neither, django-rest-registration asks for the one that it takes by default.
  const field = email === undefined ? 'login' : 'email'
  const typed = login ?? email
  if (typed === undefined) throw refuse(requiredFault(field))

  const text = trimIdentifier(typed)
  if (text === '') {
    throw refuse({ field, code: 'blank', detail: 'This field may not be blank.' })
  }
  // Before any pattern is tried: a pattern takes time in proportion to what was typed.
  if ([...text].length > MAX_IDENTIFIER_LENGTH) {
    const detail = `Ensure this field has no more than ${MAX_IDENTIFIER_LENGTH} characters.`
    throw refuse({ field, code: 'max_length', detail })
  }
  if (!text.isWellFormed()) {
    throw refuse(...judgeCharacters(text).map((fault) => ({ field, ...fault })))
  }
  if (!(field === 'email' ? looksLikeAddress(text) : isPrintable(text))) {
    throw refuse({ field, code: 'invalid', detail: 'Enter a valid email address.' })
  }
  return { text, kind: field === 'email' ? 'address' : 'login' }
}

function refuse(...faults: FieldFault[]): RekeyError {
  return new RekeyError('invalid_request', 'not an identifier', { faults })
}
