// The link as one word: signature (43), timestamp (10) and uid in a row; a uid is base64url of the
// user id.

import { RekeyError } from '../errors.ts'
import type { Link } from './link.ts'

const SIGNATURE_END = 43
const TIMESTAMP_END = 53

/** The link as one word. */
export function formatToken(link: Link): string {
  return link.signature + link.timestamp + encodeUid(link.userId)
}

/**
 * Takes a token apart. It proves nothing: the parts go to `openLink`.
 *
 * @throws RekeyError `link_invalid` when it is not the one spelling of any link
 */
export function parseToken(token: string): Link {
  const uid = token.slice(TIMESTAMP_END)
  const bytes = Buffer.from(uid, 'base64url')
  const userId = bytes.toString()
  if (token.length <= TIMESTAMP_END || encodeUid(userId) !== uid) {
    throw new RekeyError('link_invalid', 'not a token that this service makes')
  }
  return {
    userId,
    timestamp: token.slice(SIGNATURE_END, TIMESTAMP_END),
    signature: token.slice(0, SIGNATURE_END),
  }
}

/** The user id as base64url without padding. */
export function encodeUid(userId: string): string {
  return Buffer.from(userId).toString('base64url')
}
