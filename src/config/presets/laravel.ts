// The preset `laravel`: the users of Laravel's own migrations, as of Laravel 12. Its middleware leaves
// passwords as they were typed. Its sessions outlive a change of the hash unless AuthenticateSession
// is on, so they are deleted.

import type { Preset } from './preset.ts'

export const laravel: Preset = {
  variables: {
    USERS_TABLE: 'users',
    USERS_ID_COLUMN: 'id',
    USERS_EMAIL_COLUMN: 'email',
    USERS_PASSWORD_COLUMN: 'password',
    USERS_NAME_COLUMN: 'name',
    USERS_CHANGED_AT_COLUMN: 'updated_at',
  },
  afterResetSql:
    'WITH ended AS (DELETE FROM sessions WHERE user_id = :user_id) UPDATE users SET remember_token = NULL WHERE id = :user_id',
}
