// The preset `django`: django.contrib.auth's user, as of Django 5. Its login hashes a password as it
// was typed, and its sessions carry a MAC of the hash, so they end with it.

import type { Preset } from './preset.ts'

export const django: Preset = {
  variables: {
    USERS_TABLE: 'auth_user',
    USERS_ID_COLUMN: 'id',
    USERS_EMAIL_COLUMN: 'email',
    USERS_PASSWORD_COLUMN: 'password',
    USERS_ELIGIBLE_SQL: 'is_active',
    USERS_LOGIN_COLUMNS: 'username',
    USERS_NAME_COLUMN: 'first_name',
    USERS_LAST_LOGIN_COLUMN: 'last_login',
  },
}
