// POST reset-password: sets a new password for whoever holds a link. It signs nobody in.

import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { RekeyError } from '../errors.ts'
import { confirmReset } from '../flows/confirm-reset.ts'
import { linkFields, linkFieldsRule, readLink, takeIntegerIds } from './link-body.ts'
import type { AppOptions } from './options.ts'
import { limitRequests } from './rate-limit.ts'
import { noteOutcome } from './request-log.ts'

const filledIn = Type.String({ minLength: 1 })

/** Also what the benchmark's floor takes. */
export const ResetPasswordBodySchema = Type.Object(
  { ...linkFields, password: filledIn, password_confirm: Type.Optional(filledIn) },
  linkFieldsRule,
)
const ConfirmedBodySchema = Type.Object(
  { ...linkFields, password: filledIn, password_confirm: filledIn },
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
    const { password, password_confirm } = request.body
    if (password_confirm !== undefined && password_confirm !== password) {
      const detail = "Passwords don't match"
      const fault = { field: 'password_confirm', code: 'invalid', detail }
      throw new RekeyError('invalid_request', 'two different passwords', { faults: [fault] })
    }
    const link = readLink(request.body)
    return confirmReset(deps, link, password, deps.clock()).then(() => {
      noteOutcome(request, { accountId: link.userId })
      return { detail: 'Password reset successful' }
    })
  })
  done()
}
