// Why an account gets no mail, in an operator's words.

import type { IgnoredReason } from '../ports.ts'

/** Each goes on after a colon, and ends with what can be done, where anything can. */
export const ignoredReasons: Readonly<Record<IgnoredReason, string>> = {
  no_account: 'there is no such account',
  not_eligible:
    'it is not eligible: USERS_ELIGIBLE_SQL does not hold for its row, or USERS_PASSWORD_TABLE has not exactly one row for it',
  no_usable_password:
    'it has no password to reset; REQUIRE_USABLE_PASSWORD=false would let it set a first one',
  unknown_hash_format:
    'its password hash is in no format that Rekey can keep; PASSWORD_HASH names one to write instead',
  no_mailbox: 'its address is not one plain mailbox',
  has_password_now: 'it has got a password meanwhile',
  too_late: 'LINKS_NOT_BEFORE voids the links of this moment',
  already_mailed: 'the same mail was sent already',
  capped:
    'its address has had RATE_LIMIT_PER_ACCOUNT mails, and a link in one of them still works, or ten within 24 hours, and one of them within the hour',
  cannot_be_rendered: 'a template fails for its values',
  mail_line_full: 'too many mails wait already',
  look_up_too_slow:
    'the database takes too long to find it: `rekey doctor` says whether an index is missing',
}
