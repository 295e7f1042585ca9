// Judges the variables of the HTTP side, and makes the settings of it.

import { parseRate } from '../core/rate.ts'
import type { Config } from './config.ts'
import type { Environment } from './environment.ts'
import type { Judge } from './judge.ts'
import { isPrivateOrigin, originOf, parseOrigin } from './page-urls.ts'
import { findMissingPlaceholder, hasUntakenToken, parseDialects } from './read-dialects.ts'
import { parseBasePath, parseProxy } from './values.ts'

/** @param resetPage undefined where it is at fault */
export function readHttp(
  env: Environment,
  { attempt }: Judge,
  resetPage: URL | undefined,
): { readonly settings: Config['http']; readonly warnings: readonly string[] } {
  const warnings: string[] = []
  const basePath = attempt('BASE_PATH', () => parseBasePath(env.BASE_PATH))
  const dialects = attempt('DIALECTS', () => parseDialects(env.DIALECTS ?? [], basePath))
  const placeholder = resetPage && findMissingPlaceholder(dialects ?? [], env.RESET_PAGE_URL)
  if (placeholder !== undefined) {
    warnings.push(`RESET_PAGE_URL: has no ${placeholder}, which a frontend of DIALECTS looks for`)
  }
  if (resetPage && hasUntakenToken(dialects ?? [], env.HOSTED_PAGE, env.RESET_PAGE_URL)) {
    warnings.push('RESET_PAGE_URL: has {django_token}, which only dj-rest-auth of DIALECTS takes')
  }
  const corsOrigins = attempt(
    'CORS_ORIGINS',
    () => env.CORS_ORIGINS?.map(parseOrigin) ?? [resetPage ? originOf(resetPage) : ''],
  )
  if (env.CORS_ORIGINS && corsOrigins?.some(isPrivateOrigin)) {
    warnings.push(
      'CORS_ORIGINS: http on a private address is for development: anybody on that network can change such a page',
    )
  }
  const settings = {
    basePath,
    corsOrigins,
    trustedProxies: attempt('TRUST_PROXY', () => (env.TRUST_PROXY ?? []).map(parseProxy)),
    revealUnknownUsers: env.REVEAL_UNKNOWN_USERS,
    requirePasswordConfirm: env.REQUIRE_PASSWORD_CONFIRM,
    dialects,
    requestRate: parseRate(env.RATE_LIMIT_REQUESTS),
    confirmRate: parseRate(env.RATE_LIMIT_CONFIRMS),
    servesPages: env.HOSTED_PAGE,
  }
  return { settings, warnings }
}
