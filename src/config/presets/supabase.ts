// The preset `supabase`: the users of Supabase Auth. Its login hashes a password as it was typed.
// Sessions are rows, so they are deleted; access tokens live on until they expire.

import type { Preset } from './preset.ts'

export const supabase: Preset = {
  variables: {
    USERS_TABLE: 'auth.users',
    USERS_ID_COLUMN: 'id',
    USERS_EMAIL_COLUMN: 'email',
    USERS_PASSWORD_COLUMN: 'encrypted_password',
    USERS_ELIGIBLE_SQL:
      'deleted_at IS NULL AND (banned_until IS NULL OR banned_until < now()) AND NOT is_sso_user AND NOT is_anonymous',
    USERS_LAST_LOGIN_COLUMN: 'last_sign_in_at',
    USERS_CHANGED_AT_COLUMN: 'updated_at',
  },
  addressesAreLower: true,
  afterResetSql: 'DELETE FROM auth.sessions WHERE user_id = :user_id',
}
