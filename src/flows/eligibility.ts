// Which accounts may be reset at all. Asked when a link is requested, mailed and used.

import { isMailbox } from '../core/email-address.ts'
import { isUsableHash } from '../core/usable-hash.ts'
import type { Account, Hasher, IgnoredReason } from '../ports.ts'

/** Says why an account gets no link, if it gets none. */
export function reasonAgainst(account: Account, hasher: Hasher): IgnoredReason | undefined {
  if (!account.isEligible) return 'not_eligible'
  if (!hasher.canReplace(account.passwordHash)) {
    return isUsableHash(account.passwordHash) ? 'unknown_hash_format' : 'no_usable_password'
  }
  if (!isMailbox(account.emailAddress)) return 'no_mailbox'
  return undefined
}
