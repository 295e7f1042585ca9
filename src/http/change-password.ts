// POST change-password: sets a new password for whoever is signed in to the host application and knows
// the old one.

import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { GOOD_CHARACTERS } from '../core/characters.ts'
import { changePassword as change } from '../flows/change-password.ts'
import type { JwtVerifier } from '../ports.ts'
import { admissionOf, requireJwt } from './bearer.ts'
import type { AppOptions } from './options.ts'
import { confirmedPasswordFields, passwordFields, readPassword } from './password-body.ts'

const OldPasswordSchema = Type.String({ minLength: 1, pattern: GOOD_CHARACTERS })
const ChangePasswordBodySchema = Type.Object({
  old_password: OldPasswordSchema,
  ...passwordFields,
})
const ConfirmedBodySchema = Type.Object({
  old_password: OldPasswordSchema,
  ...confirmedPasswordFields,
})
const ChangePasswordReplySchema = Type.Object({ detail: Type.String() })

export interface ChangePasswordOptions extends AppOptions {
  readonly jwtVerifier: JwtVerifier
}

export const changePassword: FastifyPluginCallbackTypebox<ChangePasswordOptions> = (
  app,
  options,
  done,
) => {
  const { deps, settings } = options
  const body = settings.requirePasswordConfirm ? ConfirmedBodySchema : ChangePasswordBodySchema
  const schema = { body, response: { 200: ChangePasswordReplySchema } }
  const onRequest = requireJwt(options, options.jwtVerifier)

  app.post('/change-password', { schema, onRequest }, async (request) => {
    const oldPassword = request.body.old_password
    const password = readPassword(request.body)
    const { jwt, deadline } = admissionOf(request)
    await change(deps, jwt, { oldPassword, password }, deps.clock(), deadline)
    return { detail: 'Password changed successfully' }
  })
  done()
}
