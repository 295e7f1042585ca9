// POST reset-password: sets a new password for whoever holds a link. It signs nobody in.

import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { confirmReset } from '../flows/confirm-reset.ts'
import { linkFields, linkFieldsRule, readLink, takeIntegerIds } from './link-body.ts'
import type { AppOptions } from './options.ts'
import { confirmedPasswordFields, passwordFields, readPassword } from './password-body.ts'
import { limitRequests } from './rate-limit.ts'
import { noteOutcome } from './request-log.ts'

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

export const resetPassword: FastifyPluginCallbackTypebox<AppOptions> = (
  app,
  { deps, settings },
  done,
) => {
  const body = settings.requirePasswordConfirm ? ConfirmedBodySchema : ResetPasswordBodySchema
  const schema = { body, response: { 200: ResetPasswordReplySchema } }
  const onRequest = limitRequests(deps.confirmLimiter, deps.clock)
  const preValidation = takeIntegerIds(deps.accounts)

  // Not async: a forged link is refused without a promise.
  app.post('/reset-password', { schema, onRequest, preValidation }, (request) => {
    const password = readPassword(request.body)
    const link = readLink(request.body)
    return confirmReset(deps, link, password, deps.clock()).then(() => {
      noteOutcome(request, { accountId: link.userId })
      return { detail: 'Password reset successful' }
    })
  })
  done()
}
