// Lets those pass who hold a JWT of the host application (RFC 6750): in the header, and nowhere else.

import type { FastifyRequest, onRequestAsyncHookHandler, onRequestHookHandler } from 'fastify'
import { startDeadline } from '../deadline.ts'
import { RekeyError } from '../errors.ts'
import { admitJwtSubject } from '../flows/change-password.ts'
import type { Deadline, JwtVerifier, VerifiedJwt } from '../ports.ts'
import type { AppOptions } from './options.ts'
import { limitRequests } from './rate-limit.ts'
import { noteOutcome } from './request-log.ts'

const BEARER = /^Bearer(?: +(.*))?$/i
const JWT = Symbol('jwt')

type JwtRequest = FastifyRequest & { [JWT]?: Admission }

interface Admission {
  readonly jwt: VerifiedJwt
  /** What it has left of the time for the reply, in which a slow body does not count. */
  readonly leftMs: number
}

/** Says whether a request comes with a JWT, good or bad. */
export function presentsJwt({ headers }: FastifyRequest): boolean {
  return BEARER.test(headers.authorization ?? '')
}

/**
 * The hooks of a route for those who hold a JWT, before the body is read: whether there is one at
 * all, the limit of the client address, the JWT and its account, and that account's limit.
 */
export function requireJwt(
  options: AppOptions,
  jwtVerifier: JwtVerifier,
): (onRequestHookHandler | onRequestAsyncHookHandler)[] {
  const { deps } = options
  const requirePresence: onRequestHookHandler = (request, _reply, done) => {
    if (presentsJwt(request)) done()
    else done(new RekeyError('not_authenticated', 'no bearer token'))
  }
  const authenticate: onRequestAsyncHookHandler = async (request: JwtRequest) => {
    const deadline = startDeadline()
    const jwt = await jwtVerifier.verify(readJwt(request), deps.clock())
    const account = await admitJwtSubject(deps, jwt, deadline)
    noteOutcome(request, { accountId: account.id })
    request[JWT] = { jwt, leftMs: deadline.leftMs() }
  }
  return [requirePresence, limitRequests(options, 'confirms'), authenticate]
}

/** The JWT of a request that has passed the hooks, and the time that is left for the reply. */
export function admissionOf(request: JwtRequest): { jwt: VerifiedJwt; deadline: Deadline } {
  const admission = request[JWT]
  if (!admission) throw new TypeError('the route does not require a JWT')
  return { jwt: admission.jwt, deadline: startDeadline(admission.leftMs) }
}

/** @throws RekeyError `not_authenticated` for two headers, of which Node would show the first */
function readJwt({ headers, raw }: FastifyRequest): string {
  const names = raw.rawHeaders.filter((_, index) => index % 2 === 0)
  if (names.filter((name) => name.toLowerCase() === 'authorization').length > 1) {
    throw new RekeyError('not_authenticated', 'two Authorization headers')
  }
  return BEARER.exec(headers.authorization ?? '')?.[1] ?? ''
}
