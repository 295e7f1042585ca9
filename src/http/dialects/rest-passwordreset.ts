// The dialect of django-rest-passwordreset: ask for a token, check it, use it.

import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { parseToken } from '../../core/token.ts'
import { RekeyError } from '../../errors.ts'
import { checkLink } from '../../flows/check-link.ts'
import { confirmLink } from '../confirm-link.ts'
import { answerPreflights } from '../cross-origin.ts'
import { replyWithErrors } from '../errors.ts'
import { acceptForms } from '../form-body.ts'
import { takeLinkRequest } from '../link-requests.ts'
import type { AppOptions } from '../options.ts'
import { limitRequests } from '../rate-limit.ts'
import { AddressSchema, readTexts, TextSchema } from './text-fields.ts'

const RequestBodySchema = Type.Object({ email: AddressSchema })
const ValidateBodySchema = Type.Object({ token: TextSchema })
const ConfirmBodySchema = Type.Object({ password: TextSchema, token: TextSchema })
const response = { 200: Type.Object({ status: Type.String() }) }

const OK = { status: 'OK' }
const BAD_TOKEN = {
  status: 404,
  detail: 'The OTP password entered is not valid. Please check and try again.',
} as const
const NO_ACCOUNT = {
  field: 'email',
  code: 'invalid',
  detail:
    "We couldn't find an account associated with that email. Please try a different e-mail address.",
}

export const restPasswordreset: FastifyPluginCallbackTypebox<AppOptions> = (app, options, done) => {
  const { deps, settings } = options
  const limitConfirms = limitRequests(options, 'confirms')
  acceptForms(app)
  app.setErrorHandler(
    replyWithErrors({
      link_invalid: BAD_TOKEN,
      link_expired: BAD_TOKEN,
      link_superseded: BAD_TOKEN,
      account_unknown: { status: 400, detail: NO_ACCOUNT.detail, retell: () => [NO_ACCOUNT] },
    }),
  )

  app.post(
    '',
    {
      schema: { body: RequestBodySchema, response },
      onRequest: limitRequests(options, 'requests'),
      preValidation: readTexts({ trimmed: ['email'] }),
    },
    async (request) => {
      // USERS_LOGIN_COLUMNS is what DJANGO_REST_LOOKUP_FIELD was.
      const identifier = { text: request.body.email, kind: 'login' } as const
      const outcome = await takeLinkRequest(deps, request, identifier, settings.revealUnknownUsers)
      if (outcome === 'no_account' || outcome === 'no_link') {
        throw new RekeyError('account_unknown', 'no such account, or none that gets a link')
      }
      return OK
    },
  )

  app.post(
    '/validate_token',
    {
      schema: { body: ValidateBodySchema, response },
      onRequest: limitConfirms,
      preValidation: readTexts({ trimmed: ['token'] }),
    },
    async (request) => {
      await checkLink(deps, parseToken(request.body.token), deps.clock())
      return OK
    },
  )

  app.post(
    '/confirm',
    {
      schema: { body: ConfirmBodySchema, response },
      onRequest: limitConfirms,
      preValidation: readTexts({ trimmed: ['token'], asTyped: ['password'] }),
    },
    async (request) => {
      const { password, token } = request.body
      await confirmLink(deps, request, parseToken(token), { password })
      return OK
    },
  )
  answerPreflights(app, ['POST'], ['', '/*'])
  done()
}
