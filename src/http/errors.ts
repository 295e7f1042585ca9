// What a client reads of an error: one table of statuses and texts, in both body forms.

import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { type ErrorCode, type FieldFault, RekeyError } from '../errors.ts'
import { toFaults } from './field-faults.ts'
import { noteOutcome } from './request-log.ts'
import { statusTexts } from './status-texts.ts'

interface ErrorReply {
  readonly status: keyof typeof statusTexts
  /**
   * Sent where there are no faults of fields. Never sent with `password_rejected`, which always has
   * some, nor with `throttled`, which says how long to wait.
   */
  readonly detail: string
}

const replies: Readonly<Record<ErrorCode, ErrorReply>> = {
  invalid_request: { status: 400, detail: 'JSON parse error' },
  link_invalid: { status: 400, detail: 'Invalid signature' },
  link_expired: { status: 400, detail: 'Signature expired' },
  link_superseded: { status: 400, detail: 'Invalid signature' },
  password_rejected: { status: 400, detail: 'The password breaks a rule.' },
  account_unknown: { status: 400, detail: 'User not found' },
  cross_origin: { status: 403, detail: 'The form was not sent from its own page.' },
  not_found: { status: 404, detail: 'Not found.' },
  method_not_allowed: { status: 405, detail: 'Method not allowed.' },
  payload_too_large: { status: 413, detail: 'Request body is too large.' },
  unsupported_media_type: { status: 415, detail: 'Unsupported media type in request.' },
  throttled: { status: 429, detail: 'Request was throttled.' },
  unavailable: { status: 503, detail: 'Service temporarily unavailable.' },
  internal: { status: 500, detail: 'Internal server error.' },
}

const PROBLEM_TYPE = 'application/problem+json'

/** Answers with an error: RFC 9457 problem details where the client names them, else as DRF does. */
export function replyWithError(
  thrown: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  const error = startErrorReply(thrown, request, reply)
  const { code, faults } = error
  const { status } = replies[code]
  const detail = detailOf(error)
  if (request.headers.accept?.includes(PROBLEM_TYPE)) {
    const problem = { type: 'about:blank', title: statusTexts[status], status, detail, code }
    reply.type(PROBLEM_TYPE).send(faults.length > 0 ? { ...problem, errors: faults } : problem)
  } else {
    reply.send(faults.length > 0 ? groupByField(faults) : { detail })
  }
}

/** Sets what a reply says of an error beside its body, which the caller sends, and notes it in the log. */
export function startErrorReply(
  thrown: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): RekeyError {
  const error = toRekeyError(thrown, request)
  const { code, retryAfterSeconds } = error
  noteOutcome(request, { code, cause: error.message })
  reply.code(replies[code].status)
  if (retryAfterSeconds !== undefined) reply.header('retry-after', String(retryAfterSeconds))
  return error
}

function detailOf({ code, faults, retryAfterSeconds: seconds }: RekeyError): string {
  if (code === 'throttled') {
    const wait = `${seconds} second${seconds === 1 ? '' : 's'}`
    return `Request was throttled. Expected available in ${wait}.`
  }
  return faults[0]?.detail ?? replies[code].detail
}

function groupByField(faults: readonly FieldFault[]): Record<string, string[]> {
  const body: Record<string, string[]> = {}
  for (const { field, detail } of faults) body[field] = [...(body[field] ?? []), detail]
  return body
}

function toRekeyError(thrown: unknown, request: FastifyRequest): RekeyError {
  if (thrown instanceof RekeyError) return thrown
  const { validation, code, statusCode } = thrown as Partial<FastifyError>
  if (validation) {
    const faults = toFaults(validation, request)
    return new RekeyError('invalid_request', 'the body has another shape', { faults })
  }
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new RekeyError('payload_too_large', code)
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
    return new RekeyError('unsupported_media_type', code)
  }
  if (code === 'FST_ERR_BAD_URL') return new RekeyError('not_found', code)
  if (statusCode !== undefined && statusCode < 500) {
    return new RekeyError('invalid_request', code ?? 'refused by the HTTP layer')
  }
  request.log.error({ err: thrown }, 'unexpected error: this is a bug in Rekey, please report it')
  return new RekeyError('internal', 'unexpected error')
}
