// Refuses a client address over its limit, and before anything counts, what the client itself may not
// have asked for.

import type { FastifyRequest } from 'fastify'
import { RekeyError } from '../errors.ts'
import type { Limits } from '../ports.ts'
import { createTypeRule } from './body-types.ts'
import { nameClient } from './client-address.ts'
import { findForeignFault } from './cross-site.ts'
import type { AppOptions } from './options.ts'

/**
 * A hook that refuses a client over its limit, before the body is read. A body of a wrong type, and
 * whatever a page of another origin sends, is refused as well, and counts for nothing.
 *
 * @param nameWho whom a request counts for: by default its client, whatever it asks for
 */
export function limitRequests(
  { deps, settings }: AppOptions,
  name: keyof Pick<Limits, 'requests' | 'confirms'>,
  nameWho = nameClient,
) {
  const limiter = deps.limits[name]
  const findTypeFault = createTypeRule()
  const findFault = (request: FastifyRequest): RekeyError | undefined => {
    const typeFault = request.method === 'POST' ? findTypeFault(request) : undefined
    return typeFault ?? findForeignFault(request, settings.corsOrigins)
  }
  const count = (request: FastifyRequest): RekeyError | undefined => {
    const retryAfterSeconds = limiter.count(nameWho(request))
    if (retryAfterSeconds === 0) return undefined
    return new RekeyError('throttled', 'too many requests', { retryAfterSeconds })
  }
  return (request: FastifyRequest, _reply: unknown, done: (error?: Error) => void): void =>
    done(findFault(request) ?? count(request))
}
