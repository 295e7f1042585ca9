// What every route that is asked for a link does with who asks: a note for the log, the intake line.

import type { FastifyRequest } from 'fastify'
import { foldAsciiCase } from '../core/email-address.ts'
import { macFields } from '../core/message.ts'
import { RekeyError } from '../errors.ts'
import type { Identifier, ResetRequest } from '../ports.ts'
import type { AppDeps } from './options.ts'
import { noteOutcome } from './request-log.ts'

const RETRY_AFTER_SECONDS = 5

/** Dates a request for a link, and lets an operator find it in the log without an address in it. */
export function noteLinkRequest(
  deps: AppDeps,
  request: FastifyRequest,
  identifier: Identifier,
): ResetRequest {
  const fingerprint = macFields(deps.keyRing[0].log, [
    'rekey-log-v1',
    'identifier',
    foldAsciiCase(identifier.text),
  ])
  noteOutcome(request, { identifierHash: fingerprint.toString('base64url', 0, 9) })
  return { identifier, receivedAt: deps.clock() }
}

/**
 * Leaves a request for after the reply, with all that concerns an account.
 *
 * @throws RekeyError `unavailable` when the intake line is full
 */
export function queueLinkRequest(deps: AppDeps, resetRequest: ResetRequest): void {
  if (deps.intakeLine.add(resetRequest)) return
  const options = { retryAfterSeconds: RETRY_AFTER_SECONDS }
  throw new RekeyError('unavailable', 'the intake line is full', options)
}
