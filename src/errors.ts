// The one error class, the closed list of its codes, and what anything thrown has to say.

/**
 * Every outcome that a client or an operator handles differently. The finer cause belongs in the
 * log, not in a new code. `http/errors.ts` gives each one its status, so a code without a status
 * does not compile.
 */
export type ErrorCode =
  | 'invalid_request'
  | 'link_invalid'
  | 'link_expired'
  | 'link_superseded'
  | 'password_rejected'
  | 'old_password_incorrect'
  | 'account_unknown'
  | 'not_authenticated'
  | 'cross_origin'
  | 'not_found'
  | 'method_not_allowed'
  | 'payload_too_large'
  | 'unsupported_media_type'
  | 'throttled'
  | 'unavailable'
  | 'internal'

/**
 * One fault of one field of a request. `field` is `non_field_errors` when it is nobody's alone; after
 * a dot stands a field within it.
 */
export interface FieldFault {
  readonly field: string
  readonly code: string
  readonly detail: string
}

interface RekeyErrorOptions {
  readonly faults?: readonly FieldFault[]
  readonly retryAfterSeconds?: number
  readonly cause?: unknown
}

/**
 * An outcome that is not success. Its message is for the log; what a client reads is decided by
 * `http/errors.ts` from the code and the faults. Neither may hold anything secret.
 */
export class RekeyError extends Error {
  readonly code: ErrorCode
  readonly faults: readonly FieldFault[]
  readonly retryAfterSeconds: number | undefined

  constructor(code: ErrorCode, message: string, options: RekeyErrorOptions = {}) {
    // An outcome, not a fault in the code: its stack would say nothing, and cost more than all else
    // that refusing a forged link does.
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = 0
    super(message, options)
    Error.stackTraceLimit = stackTraceLimit
    this.name = 'RekeyError'
    this.code = code
    this.faults = options.faults ?? []
    this.retryAfterSeconds = options.retryAfterSeconds
  }
}

/** What something that was thrown says. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
