// Rekey as django-rest-registration behaves by default: it tells unknown users, and asks of a user
// neither whether it is active nor when it last signed in.

import { django } from '../../../src/config/presets/django.ts'
import { createWorld } from '../world.ts'

const { USERS_ELIGIBLE_SQL: _, USERS_LAST_LOGIN_COLUMN: __, ...mapping } = django.variables

export const world = createWorld({
  ...mapping,
  REVEAL_UNKNOWN_USERS: 'true',
  RESET_PAGE_URL: 'https://app.example/reset-password/',
  MAIL_FROM: 'no-reply@example.com',
  // So that a link has the very second in which it was asked for.
  LINK_BUCKET_SECONDS: '1',
})
/** RESET_PASSWORD_FAIL_WHEN_USER_NOT_FOUND=False. */
export const silent = { REVEAL_UNKNOWN_USERS: 'false' }
export const NOBODY = '400 {"detail":"User not found"}'
