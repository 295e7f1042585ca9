// Judges the variables of links and of the pages that they lead to, and makes the settings of them.

import { spellOutReferences } from '../core/character-references.ts'
import { compileLinkUrl } from '../core/link-url.ts'
import type { Config } from './config.ts'
import type { Environment } from './environment.ts'
import type { Judge } from './judge.ts'
import { isOfApp, originOf, parsePageUrl } from './page-urls.ts'
import { parseSecrets, parseTime } from './values.ts'

/** @returns the settings, and the page that links lead to, unless it is at fault */
export function readLinks(
  env: Environment,
  { attempt, check }: Judge,
): { readonly links: Config['links']; readonly resetPage: URL | undefined } {
  const resetPage: URL | undefined = attempt('RESET_PAGE_URL', () =>
    parsePageUrl(env.RESET_PAGE_URL),
  )
  const origin = resetPage ? originOf(resetPage) : ''
  const bucketSeconds =
    env.LINK_BUCKET_SECONDS ?? Math.min(60, Math.floor(env.LINK_TTL_SECONDS / 10))
  check(
    ['LINK_BUCKET_SECONDS', 'LINK_TTL_SECONDS'],
    bucketSeconds * 10 <= env.LINK_TTL_SECONDS,
    'must be at most a tenth of LINK_TTL_SECONDS',
  )
  const isHostKnown = !env.HOSTED_PAGE || !resetPage || !isOfApp(resetPage)
  check(
    'REQUEST_PAGE_URL',
    env.REQUEST_PAGE_URL !== undefined || isHostKnown,
    "is required with HOSTED_PAGE where RESET_PAGE_URL has an application's own scheme",
  )
  const links = {
    keyRing: attempt('LINK_SECRETS', () => parseSecrets(env.LINK_SECRETS)),
    rules: {
      audience: env.LINK_AUDIENCE ?? origin,
      ttlSeconds: env.LINK_TTL_SECONDS,
      bucketSeconds,
      opensFirstPasswords: !env.REQUIRE_USABLE_PASSWORD,
      notBefore: attempt('LINKS_NOT_BEFORE', () => parseTime(env.LINKS_NOT_BEFORE)),
    },
    url: attempt('RESET_PAGE_URL', () => compileLinkUrl(env.RESET_PAGE_URL)),
    requestPageUrl: attempt('REQUEST_PAGE_URL', () =>
      env.REQUEST_PAGE_URL === undefined
        ? `${origin}${env.HOSTED_PAGE ? '/reset/request' : ''}`
        : spellOutReferences(parsePageUrl(env.REQUEST_PAGE_URL).href),
    ),
  }
  return { links, resetPage }
}
