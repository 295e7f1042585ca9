// Lets those pass who hold a token of the host application (RFC 6750): in the header, and nowhere else.

import type { FastifyRequest, onRequestAsyncHookHandler, onRequestHookHandler } from 'fastify'
import { RekeyError } from '../errors.ts'
import { admitTokenHolder } from '../flows/change-password.ts'
import type { TokenVerifier, VerifiedToken } from '../ports.ts'
import type { AppDeps } from './options.ts'
import { limitRequests } from './rate-limit.ts'
import { noteOutcome } from './request-log.ts'

const BEARER = /^Bearer(?: +(.*))?$/i
const TOKEN = Symbol('token')

type TokenRequest = FastifyRequest & { [TOKEN]?: VerifiedToken }

/** Says whether a request comes with a token, good or bad. */
export function presentsToken({ headers }: FastifyRequest): boolean {
  return BEARER.test(headers.authorization ?? '')
}

/**
 * The hooks of a route for those who hold a token, before the body is read: whether there is one at
 * all, the limit of the client address, the token and its account, and that account's limit.
 */
export function requireToken(
  deps: AppDeps,
  tokenVerifier: TokenVerifier,
): (onRequestHookHandler | onRequestAsyncHookHandler)[] {
  const requirePresence: onRequestHookHandler = (request, _reply, done) => {
    if (presentsToken(request)) done()
    else done(new RekeyError('not_authenticated', 'no bearer token'))
  }
  const authenticate: onRequestAsyncHookHandler = async (request: TokenRequest) => {
    const token = await tokenVerifier.verify(readToken(request), deps.clock())
    const account = await admitTokenHolder(deps, token, deps.clock())
    noteOutcome(request, { accountId: account.id })
    request[TOKEN] = token
  }
  return [requirePresence, limitRequests(deps.limits.confirms, deps.clock), authenticate]
}

/** The token of a request that has passed the hooks. */
export function tokenOf(request: TokenRequest): VerifiedToken {
  const token = request[TOKEN]
  if (!token) throw new TypeError('the route does not require a token')
  return token
}

/** @throws RekeyError `not_authenticated` for two headers, of which Node would show the first */
function readToken({ headers, raw }: FastifyRequest): string {
  const names = raw.rawHeaders.filter((_, index) => index % 2 === 0)
  if (names.filter((name) => name.toLowerCase() === 'authorization').length > 1) {
    throw new RekeyError('not_authenticated', 'two Authorization headers')
  }
  return BEARER.exec(headers.authorization ?? '')?.[1] ?? ''
}
