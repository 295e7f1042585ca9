// Judges by what a browser says of a request (Fetch Metadata, else Origin) whether a page of another
// origin has sent it. Such a page may not spend what its visitor, and all behind the same address, may
// still ask for.

import type { FastifyRequest } from 'fastify'
import { RekeyError } from '../errors.ts'

/**
 * Finds out whether a page that may not call sent a request. Clients that are no browsers send neither
 * header, and are none of its concern.
 *
 * @param origins those that may call
 */
export function findForeignFault(
  request: FastifyRequest,
  origins: readonly string[],
): RekeyError | undefined {
  const { origin, 'sec-fetch-site': site, 'sec-purpose': purpose } = request.headers
  if (origin === undefined && site === undefined) return undefined
  if (origin !== undefined && origins.includes(origin)) return undefined
  if (isOfOwnPage(request)) return undefined
  // `none` is the reader: an address that was typed, a bookmark, a mail program. Chrome also says so of
  // what a page has it prefetch, which no reader asked for.
  if (purpose === undefined && (site === 'none' || isLedHere(request))) return undefined
  return new RekeyError('cross_origin', 'sent by a page whose origin is not in CORS_ORIGINS')
}

/**
 * A hook that refuses what a browser does not say to come from a page of the same origin, before it
 * counts for any limit: for the forms of those pages.
 */
export function requireOwnPage(
  request: FastifyRequest,
  _reply: unknown,
  done: (error?: Error) => void,
): void {
  if (isOfOwnPage(request)) done()
  else done(new RekeyError('cross_origin', 'a form from another origin, or from none'))
}

/**
 * Browsers have set `Sec-Fetch-Site` since 2023 at the latest, whatever a proxy makes of Host; but not
 * over plain HTTP. An `Origin` counts where it is missing, though the pages' own `no-referrer` hides it.
 */
function isOfOwnPage({ headers, host }: FastifyRequest): boolean {
  const { origin = '', 'sec-fetch-site': site } = headers
  if (site !== undefined) return site === 'same-origin'
  if (!URL.canParse(origin)) return false
  const { protocol, host: ownHost } = new URL(origin)
  // Some proxies write the port into Host that browsers leave out of it.
  const asked = `${protocol}//${host}`
  return URL.canParse(asked) && new URL(asked).host === ownHost
}

/**
 * Says whether a page of another origin led the reader's whole window here: by a link in a webmail, or
 * by a script, which can do so many times before the first page appears.
 */
export function isLedHere({ method, headers }: FastifyRequest): boolean {
  const { 'sec-fetch-site': site, 'sec-fetch-dest': destination } = headers
  const isOther = site !== undefined && site !== 'same-origin' && site !== 'none'
  return isOther && destination === 'document' && method !== 'POST'
}
