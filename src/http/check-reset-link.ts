// POST check-reset-link: says whether a link would work, and until when. It never spends the link.

import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import { checkLink } from '../flows/check-link.ts'
import { linkFields, linkFieldsRule, readLink, takeIntegerIds } from './link-body.ts'
import type { AppOptions } from './options.ts'
import { limitRequests } from './rate-limit.ts'

const CheckLinkBodySchema = Type.Object(linkFields, linkFieldsRule)
const CheckLinkReplySchema = Type.Object({ detail: Type.String(), expires_at: Type.String() })

export const checkResetLink: FastifyPluginCallbackTypebox<AppOptions> = (app, options, done) => {
  const { deps } = options
  const schema = { body: CheckLinkBodySchema, response: { 200: CheckLinkReplySchema } }
  const onRequest = limitRequests(options, 'confirms')
  const preValidation = takeIntegerIds(deps.accounts)

  app.post('/check-reset-link', { schema, onRequest, preValidation }, async (request) => {
    const link = readLink(request.body)
    const expiresAt = await checkLink(deps, link, deps.clock())
    const expires_at = new Date(expiresAt * 1000).toISOString().replace('.000Z', 'Z')
    return { detail: 'Link is valid', expires_at }
  })
  done()
}
