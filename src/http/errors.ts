// What a client reads of an error: one table of statuses and texts, in both body forms.

import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { type ErrorCode, type FieldFault, RekeyError } from '../errors.ts'
import { presentsJwt } from './bearer.ts'
import { toFaults } from './field-faults.ts'
import { noteOutcome } from './request-log.ts'
import { statusTexts } from './status-texts.ts'
import { dropBody } from './unread-bytes.ts'

interface ErrorReply {
  readonly status: keyof typeof statusTexts
  /**
   * Sent where there are no faults of fields. Never sent with `password_rejected` and
   * `old_password_incorrect`, which always have some, nor with `throttled`, which says how long to wait.
   */
  readonly detail: string
  /** What becomes of the faults that a flow has found; without it, they stay what they are. */
  readonly retell?: (faults: readonly FieldFault[]) => readonly FieldFault[]
}

/** Of every outcome its reply. */
export type ErrorReplies = Readonly<Record<ErrorCode, ErrorReply>>

const drfReplies: ErrorReplies = {
  invalid_request: { status: 400, detail: 'JSON parse error' },
  link_invalid: { status: 400, detail: 'Invalid signature' },
  link_expired: { status: 400, detail: 'Signature expired' },
  link_superseded: { status: 400, detail: 'Invalid signature' },
  password_rejected: { status: 400, detail: 'The password breaks a rule.' },
  old_password_incorrect: { status: 400, detail: 'Old password is not correct' },
  account_unknown: { status: 400, detail: 'User not found' },
  not_authenticated: { status: 401, detail: 'Invalid token.' },
  cross_origin: { status: 403, detail: 'Requests from this origin are not allowed.' },
  not_found: { status: 404, detail: 'Not found.' },
  method_not_allowed: { status: 405, detail: 'Method not allowed.' },
  payload_too_large: { status: 413, detail: 'Request body is too large.' },
  unsupported_media_type: { status: 415, detail: 'Unsupported media type in request.' },
  throttled: { status: 429, detail: 'Request was throttled.' },
  unavailable: { status: 503, detail: 'Service temporarily unavailable.' },
  internal: { status: 500, detail: 'Internal server error.' },
}

const PROBLEM_TYPE = 'application/problem+json'

/**
 * Makes an error handler: RFC 9457 problem details where the client names them, else as DRF does.
 *
 * @param differences what a dialect answers otherwise
 */
export function replyWithErrors(differences: Partial<ErrorReplies> = {}) {
  const replies: ErrorReplies = { ...drfReplies, ...differences }
  return (thrown: unknown, request: FastifyRequest, reply: FastifyReply): void => {
    const error = startErrorReply(thrown, request, reply, replies)
    const { code } = error
    const { status, retell } = replies[code]
    const faults = retell ? retell(error.faults) : error.faults
    const detail = faults[0]?.detail ?? detailOf(error, replies[code], request)
    if (request.headers.accept?.includes(PROBLEM_TYPE)) {
      const problem = { type: 'about:blank', title: statusTexts[status], status, detail, code }
      reply.type(PROBLEM_TYPE).send(faults.length > 0 ? { ...problem, errors: faults } : problem)
    } else {
      reply.send(faults.length > 0 ? groupByField(faults) : { detail })
    }
  }
}

/** Sets what a reply says of an error beside its body, which the caller sends, and notes it in the log. */
export function startErrorReply(
  thrown: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
  replies = drfReplies,
): RekeyError {
  const error = toRekeyError(thrown, request)
  const { code, retryAfterSeconds } = error
  noteOutcome(request, { code, cause: error.message })
  const { status } = replies[code]
  reply.code(status)
  dropBody(request, reply)
  if (status === 401) reply.header('www-authenticate', 'Bearer')
  if (retryAfterSeconds !== undefined) reply.header('retry-after', String(retryAfterSeconds))
  return error
}

function detailOf(
  { code, retryAfterSeconds: seconds }: RekeyError,
  { detail }: ErrorReply,
  request: FastifyRequest,
): string {
  if (code === 'not_authenticated' && !presentsJwt(request)) {
    return 'Authentication credentials were not provided.'
  }
  if (code !== 'throttled') return detail
  const wait = `${seconds} second${seconds === 1 ? '' : 's'}`
  return `Request was throttled. Expected available in ${wait}.`
}

/** A dot in the name of a field leads into it. */
function groupByField(faults: readonly FieldFault[]): Record<string, unknown> {
  const body: Record<string, unknown> = {}
  for (const field of new Set(faults.map((fault) => fault.field))) {
    const details = faults.filter((fault) => fault.field === field).map(({ detail }) => detail)
    const [name = '', inner] = field.split('.')
    body[name] = inner === undefined ? details : { [inner]: details }
  }
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
