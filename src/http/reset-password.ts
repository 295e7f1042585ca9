// POST reset-password: sets a new password for whoever holds a link. It signs nobody in.

import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { type Static, Type } from '@sinclair/typebox'
import type { FastifyRequest } from 'fastify'
import { confirmLink } from './confirm-link.ts'
import { linkFields, linkFieldsRule, readLink, takeIntegerIds } from './link-body.ts'
import type { AppDeps, AppOptions, AppSettings } from './options.ts'
import { confirmedPasswordFields, passwordFields, readPassword } from './password-body.ts'
import { limitRequests } from './rate-limit.ts'

/** Also what the benchmark's floor takes. */
export const ResetPasswordBodySchema = Type.Object(
  { ...linkFields, ...passwordFields },
  linkFieldsRule,
)
const ConfirmedBodySchema = Type.Object(
  { ...linkFields, ...confirmedPasswordFields },
  linkFieldsRule,
)
const ResetPasswordReplySchema = Type.Object({ detail: Type.String() })

export const resetPassword: FastifyPluginCallbackTypebox<AppOptions> = (app, options, done) => {
  const { deps, settings } = options
  const schema = { body: resetBodySchema(settings), response: { 200: ResetPasswordReplySchema } }
  const onRequest = limitRequests(options, 'confirms')
  const preValidation = takeIntegerIds(deps.accounts)

  // Not async: a forged link is refused without a promise.
  app.post('/reset-password', { schema, onRequest, preValidation }, (request) =>
    acceptNewPassword(deps, request, request.body).then(() => ({
      detail: 'Reset password successful',
    })),
  )
  done()
}

/** The body that a reset takes, of JSON or of a form. */
export function resetBodySchema({ requirePasswordConfirm }: AppSettings) {
  return requirePasswordConfirm ? ConfirmedBodySchema : ResetPasswordBodySchema
}

/**
 * Sets a new password by a body that the schema has accepted. Throws, rather than rejects, for a
 * link that is not genuine.
 *
 * @throws RekeyError `invalid_request` for two different passwords, and what `confirmLink` throws
 */
export function acceptNewPassword(
  deps: AppDeps,
  request: FastifyRequest,
  body: Static<typeof ResetPasswordBodySchema>,
): Promise<void> {
  const password = readPassword(body)
  return confirmLink(deps, request, readLink(body), { password })
}
