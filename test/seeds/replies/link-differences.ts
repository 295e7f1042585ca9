// Replies that differ by what a link is worth, and by how a new password is judged.

import { detail, fault, nativeRules, type ReplyDifference } from './reply-difference.ts'

const INVALID = detail(400, 'Invalid signature')
const NO_OTP = detail(404, 'The OTP password entered is not valid. Please check and try again.')
const REQUIRED = 'This field is required.'
const SHORT = 'This password is too short. It must contain at least 8 characters.'
const COMMON = 'This password is too common.'
const NUMERIC = 'This password is entirely numeric.'
const SURROGATE = 'Surrogate characters are not allowed: U+D83D.'
const DIFFERENT = "Passwords don't match"
const DIFFERENT_FIELDS = 'The two password fields didn’t match.'

const ofLinks: readonly ReplyDifference[] = [
  {
    rule: 'links are single use',
    routes: ['reset-password'],
    requests: ['link used', 'link used, sent again and again'],
    reply: INVALID,
  },
  {
    rule: "Tokens and uids are Rekey's",
    routes: ['reset-password'],
    requests: ['link moved'],
    reply: INVALID,
  },
  {
    rule: "Tokens and uids are Rekey's",
    routes: ['password_reset/validate_token', 'password_reset/confirm'],
    requests: ['link moved', 'link signed in since'],
    reply: NO_OTP,
  },
  {
    rule: 'the order of checks of 2.2, so unknown and forged look alike',
    routes: ['password_reset/validate_token'],
    requests: ['link disabled'],
    reply: NO_OTP,
  },
  {
    rule: 'the order of checks of 2.2, so unknown and forged look alike',
    routes: ['password/reset/confirm'],
    requests: ['link disabled'],
    reply: fault('token', 'Invalid value'),
  },
  {
    rule: 'the order of checks of 2.2, so unknown and forged look alike',
    routes: ['reset-password'],
    requests: [
      'user_id of nobody',
      'user_id of letters',
      'user_id huge',
      'user_id of 300 characters',
    ],
    reply: INVALID,
  },
  {
    rule: 'a uid that disagrees with the id in the token is a token error',
    routes: ['password/reset/confirm'],
    requests: ['uid of nobody'],
    reply: fault('token', 'Invalid value'),
  },
  {
    rule: 'strength is judged after the link',
    routes: ['reset-password'],
    requests: ['weak password and no good link'],
    reply: INVALID,
  },
  {
    rule: 'a timestamp that is no integer is an invalid signature',
    routes: ['reset-password'],
    requests: [
      'timestamp of letters',
      'timestamp blank',
      'timestamp blanks alone',
      'timestamp with NUL',
      'timestamp with a lone surrogate',
      'timestamp of 300 characters',
    ],
    reply: INVALID,
  },
  {
    rule: nativeRules.spelling,
    routes: ['reset-password'],
    requests: ['user_id', 'signature'].flatMap((field) =>
      ['blank', 'blanks alone', 'with NUL', 'with a lone surrogate'].map(
        (what) => `${field} ${what}`,
      ),
    ),
    reply: INVALID,
  },
  {
    rule: 'no user details from validate_token',
    routes: ['password_reset/validate_token'],
    requests: ['details'],
    reply: { status: 200, body: { status: 'OK' } },
  },
]

const ofPasswords: readonly ReplyDifference[] = [
  ...[
    ['too short', SHORT],
    ['entirely numeric', NUMERIC],
    ['too common', COMMON],
    ['too short, common and numeric', SHORT, COMMON, NUMERIC],
    ['the user name', 'The password is too similar to the username.'],
    ['the address', 'The password is too similar to the email address.'],
  ].map(
    ([what = '', ...texts]): ReplyDifference => ({
      rule: 'no `non_field_errors: []` beside a field error',
      routes: ['reset-password'],
      requests: [`password ${what}`],
      reply: fault('password', ...texts),
    }),
  ),
  {
    rule: 'no `non_field_errors: []` beside a field error',
    routes: ['reset-password'],
    requests: ['password repeated otherwise'],
    reply: fault('password_confirm', DIFFERENT),
  },
  {
    rule: 'the order of checks of 2.2, so unknown and forged look alike',
    routes: ['reset-password', 'change-password'],
    requests: ['password weak and repeated otherwise'],
    reply: fault('password_confirm', DIFFERENT),
  },
  {
    rule: 'the order of checks of 2.2, so unknown and forged look alike',
    routes: ['change-password'],
    requests: ['no old password and a weak one'],
    reply: fault('old_password', REQUIRED),
  },
  {
    rule: 'the order of checks of 2.2, so unknown and forged look alike',
    routes: ['change-password'],
    requests: ['a wrong old password and none'],
    reply: fault('password', REQUIRED),
  },
  {
    rule: 'the order of checks of 2.2, so unknown and forged look alike',
    routes: ['password/change'],
    requests: ['a wrong old password and none'],
    reply: { status: 400, body: { new_password1: [REQUIRED], new_password2: [REQUIRED] } },
  },
  {
    rule: 'a `password_confirm` that is sent counts',
    routes: ['reset-password', 'change-password'],
    requests: ['password repeated otherwise, as nobody asked'],
    reply: fault('password_confirm', DIFFERENT),
  },
  {
    rule: nativeRules.everyRule,
    routes: ['reset-password', 'change-password'],
    requests: ['password with a lone surrogate'],
    reply: fault('password', SURROGATE, SHORT),
  },
  {
    rule: 'passwords are never trimmed',
    routes: ['reset-password', 'change-password', 'password_reset/confirm'],
    requests: ['password blanks alone'],
    reply: fault('password', SHORT),
  },
  {
    rule: 'passwords are never trimmed',
    routes: ['password/reset/confirm', 'password/change'],
    requests: ['new_password1 blanks alone', 'new_password2 blanks alone'],
    reply: fault('new_password2', DIFFERENT_FIELDS),
  },
  {
    rule: 'passwords are never trimmed',
    routes: ['change-password'],
    requests: ['old_password blanks alone'],
    reply: fault('old_password', 'Old password is not correct'),
  },
  {
    rule: 'passwords are never trimmed',
    routes: ['password/change'],
    requests: ['old_password blanks alone'],
    reply: fault(
      'old_password',
      'Your old password was entered incorrectly. Please enter it again.',
    ),
  },
  {
    rule: 'password/change always wants the old password',
    routes: ['password/change'],
    requests: ['old password optional, and missing'],
    reply: fault('old_password', REQUIRED),
  },
]

export const linkDifferences: readonly ReplyDifference[] = [...ofLinks, ...ofPasswords]
