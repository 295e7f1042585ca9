// Refuses a client address over its limit.

import type { FastifyRequest } from 'fastify'
import { RekeyError } from '../errors.ts'
import type { Limiter } from '../ports.ts'
import { clientOf } from './client-address.ts'

/** A hook that refuses a client over its limit, before the body is read. */
export function limitRequests(limiter: Limiter, clock: () => number) {
  return (request: FastifyRequest, _reply: unknown, done: (error?: Error) => void): void => {
    const wait = limiter.count(clientOf(request.ip), clock())
    if (wait === 0) done()
    else done(new RekeyError('throttled', 'too many requests', { retryAfterSeconds: wait }))
  }
}
