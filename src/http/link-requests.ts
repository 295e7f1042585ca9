// What every route that is asked for a link does with who asks.

import type { FastifyRequest } from 'fastify'
import { foldAddress } from '../core/email-address.ts'
import { macFields } from '../core/message.ts'
import { RekeyError } from '../errors.ts'
import { type RequestOutcome, requestReset } from '../flows/request-reset.ts'
import type { Identifier } from '../ports.ts'
import { nameClient } from './client-address.ts'
import type { AppDeps } from './options.ts'
import { noteOutcome } from './request-log.ts'

const RETRY_AFTER_SECONDS = 5

/**
 * Takes a request for a link, and lets an operator find it in the log without an address in it. All that
 * concerns an account comes after the reply, unless the reply is to tell of it.
 *
 * @param reveals whether the reply says who is unknown
 * @throws RekeyError `unavailable` when the intake line is full, or the accounts cannot be read
 */
export async function takeLinkRequest(
  deps: AppDeps,
  request: FastifyRequest,
  identifier: Identifier,
  reveals: boolean,
): Promise<RequestOutcome | 'queued'> {
  const fingerprint = macFields(deps.keyRing[0].log, [
    'rekey-log-v1',
    'identifier',
    foldAddress(identifier.text),
  ])
  noteOutcome(request, { identifierHash: fingerprint.toString('base64url', 0, 9) })
  const resetRequest = { identifier, receivedAt: deps.clock(), client: nameClient(request) }
  if (reveals) {
    const [outcome = 'no_account'] = await requestReset(deps, [resetRequest])
    return outcome
  }
  if (deps.intakeLine.add(resetRequest)) return 'queued'
  const options = { retryAfterSeconds: RETRY_AFTER_SECONDS }
  throw new RekeyError('unavailable', 'the intake line is full', options)
}
