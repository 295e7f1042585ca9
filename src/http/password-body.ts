// How a new password stands in a body: once, or twice.

import { Type } from '@sinclair/typebox'
import { RekeyError } from '../errors.ts'

/** A text that was not left empty. */
const filledIn = Type.String({ minLength: 1 })

/** The fields of a new password, for a body's properties. */
export const passwordFields = { password: filledIn, password_confirm: Type.Optional(filledIn) }

/** The same with REQUIRE_PASSWORD_CONFIRM. */
export const confirmedPasswordFields = { password: filledIn, password_confirm: filledIn }

/**
 * Reads the new password of a body.
 *
 * @throws RekeyError `invalid_request` when it was typed differently the second time
 */
export function readPassword(body: { password: string; password_confirm?: string }): string {
  const { password, password_confirm } = body
  if (password_confirm !== undefined && password_confirm !== password) {
    const detail = "Passwords don't match"
    const fault = { field: 'password_confirm', code: 'invalid', detail }
    throw new RekeyError('invalid_request', 'two different passwords', { faults: [fault] })
  }
  return password
}
