// The ways in which the stand-in of Resend can meet a request, beside doing its work.

import { failure, type ResendAnswer } from './resend-rules.ts'

export type ResendBehaviour =
  | { kind: 'accept' }
  | {
      kind: 'status'
      status: number
      name: string
      message?: string
      headers?: Record<string, string>
    }
  /** Says that the same idempotency key is still being worked on. */
  | { kind: 'concurrent' }
  /** Accepts after a while. */
  | { kind: 'slow'; delayMs: number }
  /** Reads the request and never answers. */
  | { kind: 'hang' }
  /** Cuts the connection: on seeing the request, after reading it, or after accepting the mail. */
  | { kind: 'drop'; after: 'headers' | 'body' | 'acceptance' }
  | { kind: 'redirect'; to: string }
  /** Claims success, a byte a second. */
  | { kind: 'drip' }
  /** Claims success in so many bytes. */
  | { kind: 'flood'; bytes: number }
  /** Claims success in something other than JSON, and sends nothing. */
  | { kind: 'garbage' }

/** @returns The answer of a behaviour that does not depend on the request, else undefined. */
export function scriptedAnswer(behaviour: ResendBehaviour): ResendAnswer | undefined {
  switch (behaviour.kind) {
    case 'status': {
      const { status, name, message = name, headers = {} } = behaviour
      return { ...failure(status, name, message), headers }
    }
    case 'concurrent':
      return failure(409, 'concurrent_idempotent_requests', 'The original request is in progress.')
    case 'redirect':
      return { status: 302, headers: { location: behaviour.to }, body: '' }
    case 'garbage':
      return { status: 200, body: '<html>OK</html>' }
    default:
      return undefined
  }
}
