// The dialect of dj-rest-auth: ask for a link, use it by uid and token, or change the password.

import { isUtf8 } from 'node:buffer'
import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { isDjangoToken, parseDjangoToken } from '../../core/django-token.ts'
import { MAX_IDENTIFIER_LENGTH } from '../../core/email-address.ts'
import type { Link } from '../../core/link.ts'
import { parseToken } from '../../core/token.ts'
import { type FieldFault, RekeyError } from '../../errors.ts'
import { changePassword } from '../../flows/change-password.ts'
import { admissionOf, requireJwt } from '../bearer.ts'
import { confirmLink } from '../confirm-link.ts'
import { answerPreflights } from '../cross-origin.ts'
import { replyWithErrors } from '../errors.ts'
import { acceptForms } from '../form-body.ts'
import { takeLinkRequest } from '../link-requests.ts'
import type { AppOptions } from '../options.ts'
import { limitRequests } from '../rate-limit.ts'
import { AddressSchema, readTexts, TextSchema } from './text-fields.ts'

const ResetBodySchema = Type.Object({ email: AddressSchema })
const response = { 200: Type.Object({ detail: Type.String() }) }

const SENT = { detail: 'Password reset e-mail has been sent.' }
const RESET = { detail: 'Password has been reset with the new password.' }
const CHANGED = { detail: 'New password has been saved.' }
const newPasswords = ['new_password1', 'new_password2']

const faultOf = (field: string, detail: string, code = 'invalid') => ({ field, code, detail })
const BAD_TOKEN = {
  status: 400,
  detail: 'Invalid value',
  retell: () => [faultOf('token', 'Invalid value')],
} as const
const REJECTED = {
  status: 400,
  detail: 'The password breaks a rule.',
  retell: (faults: readonly FieldFault[]) =>
    faults.map((fault) => ({ ...fault, field: 'new_password2' })),
} as const

const WRONG_OLD_PASSWORD = {
  status: 400,
  detail: 'Your old password was entered incorrectly. Please enter it again.',
  // What else is wrong is not said to somebody who does not know it.
  retell: () => [faultOf('old_password', WRONG_OLD_PASSWORD.detail, 'old_password_incorrect')],
} as const

export const djRestAuth: FastifyPluginCallbackTypebox<AppOptions> = (app, options, done) => {
  const { deps } = options
  acceptForms(app)
  const NewPasswordSchema = Type.String({
    ...TextSchema,
    maxLength: deps.passwordRules.maxLength,
  })
  const ConfirmBodySchema = Type.Object({
    new_password1: NewPasswordSchema,
    new_password2: NewPasswordSchema,
    uid: TextSchema,
    token: TextSchema,
  })
  // The package's own limit, unless longer passwords can be set here.
  const mostOfOld = Math.max(deps.passwordRules.maxLength, 128)
  const ChangeBodySchema = Type.Object({
    old_password: Type.String({ ...TextSchema, maxLength: mostOfOld }),
    new_password1: NewPasswordSchema,
    new_password2: NewPasswordSchema,
  })
  app.setErrorHandler(
    replyWithErrors({
      link_invalid: BAD_TOKEN,
      link_expired: BAD_TOKEN,
      link_superseded: BAD_TOKEN,
      password_rejected: REJECTED,
      old_password_incorrect: WRONG_OLD_PASSWORD,
    }),
  )

  app.post(
    '/password/reset',
    {
      schema: { body: ResetBodySchema, response },
      onRequest: limitRequests(options, 'requests'),
      preValidation: readTexts({ trimmed: ['email'] }),
    },
    async (request) => {
      const { email } = request.body
      refuseLongAddress(email)
      // Never tells who is unknown, as the package does not.
      await takeLinkRequest(deps, request, { text: email, kind: 'address' }, false)
      return SENT
    },
  )

  app.post(
    '/password/reset/confirm',
    {
      schema: { body: ConfirmBodySchema, response },
      onRequest: limitRequests(options, 'confirms'),
      preValidation: readTexts({ trimmed: ['uid', 'token'], asTyped: newPasswords }),
    },
    async (request) => {
      const { new_password1, new_password2, uid, token } = request.body
      const newPassword = { password: new_password1, repeated: new_password2 }
      await confirmLink(deps, request, readLink(uid, token), newPassword)
      return RESET
    },
  )

  if (deps.jwtVerifier) {
    app.post(
      '/password/change',
      {
        schema: { body: ChangeBodySchema, response },
        onRequest: requireJwt(options, deps.jwtVerifier),
        preValidation: readTexts({ asTyped: ['old_password', ...newPasswords] }),
      },
      async (request) => {
        const { old_password: oldPassword, new_password1, new_password2 } = request.body
        const change = { oldPassword, password: new_password1, repeated: new_password2 }
        const { jwt, deadline } = admissionOf(request)
        await changePassword(deps, jwt, change, deps.clock(), deadline)
        return CHANGED
      },
    )
  }
  answerPreflights(app, ['POST'])
  done()
}

/** Its form refuses what its serializer takes, one level deeper. */
function refuseLongAddress(email: string): void {
  const length = [...email].length
  if (length <= MAX_IDENTIFIER_LENGTH) return
  const limit = `${MAX_IDENTIFIER_LENGTH} characters (it has ${length})`
  throw refuse(faultOf('email.email', `Ensure this value has at most ${limit}.`, 'max_length'))
}

/** @throws RekeyError `invalid_request` for a uid that is none, `link_invalid` */
function readLink(uid: string, token: string): Link {
  const userId = decodeUid(uid)
  if (userId === undefined) throw refuse(faultOf('uid', 'Invalid value'))
  const link = isDjangoToken(token) ? parseDjangoToken(token, userId) : parseToken(token)
  if (link.userId !== userId) throw new RekeyError('link_invalid', 'the uid is of another account')
  return link
}

/** As Python decodes base64: what is not of its alphabet is passed over. */
function decodeUid(uid: string): string | undefined {
  const letters = uid.replace(/[^A-Za-z0-9_+/-]/g, '')
  const bytes = Buffer.from(letters, 'base64url')
  const isDecodable = letters !== '' && letters.length % 4 !== 1 && isUtf8(bytes)
  return isDecodable ? bytes.toString() : undefined
}

function refuse(fault: FieldFault): RekeyError {
  return new RekeyError('invalid_request', 'not what the dialect takes', { faults: [fault] })
}
