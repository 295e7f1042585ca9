// The preset `devise`: Devise's users as its generator makes them. Its login hashes a password as it
// was typed, and its sessions carry a part of the hash, so they end with it.

import type { Preset } from './preset.ts'

export const devise: Preset = {
  variables: {
    USERS_TABLE: 'users',
    USERS_ID_COLUMN: 'id',
    USERS_EMAIL_COLUMN: 'email',
    USERS_PASSWORD_COLUMN: 'encrypted_password',
    USERS_CHANGED_AT_COLUMN: 'updated_at',
  },
  addressesAreLower: true,
  afterResetSql:
    'UPDATE users SET reset_password_token = NULL, reset_password_sent_at = NULL, remember_created_at = NULL WHERE id = :user_id',
}
