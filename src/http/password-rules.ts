// GET password-rules: what every new password must satisfy, from the configuration alone.

import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import type { AppDeps, AppOptions } from './options.ts'

const PasswordRulesReplySchema = Type.Object({
  min_length: Type.Integer({ description: 'In code points' }),
  max_length: Type.Integer({ description: 'In code points' }),
  max_bytes: Type.Union([Type.Integer(), Type.Null()], { description: 'In UTF-8; null: no limit' }),
  edge_spaces: Type.Union([Type.Literal('keep'), Type.Literal('refuse')]),
  common_passwords: Type.Literal('refuse'),
  entirely_numeric: Type.Literal('refuse'),
  similar_to_account: Type.Literal('refuse'),
})

export const passwordRules: FastifyPluginCallbackTypebox<AppOptions> = (app, { deps }, done) => {
  const rules = describeRules(deps)
  app.get(
    '/password-rules',
    { schema: { response: { 200: PasswordRulesReplySchema } } },
    () => rules,
  )
  done()
}

/** The rules as a frontend reads them. */
export function describeRules(deps: AppDeps) {
  const { minLength, maxLength, edgeSpaces } = deps.passwordRules
  return {
    min_length: minLength,
    max_length: maxLength,
    max_bytes: deps.hasher.maxBytes ?? null,
    edge_spaces: edgeSpaces,
    common_passwords: 'refuse',
    entirely_numeric: 'refuse',
    similar_to_account: 'refuse',
  } as const
}
