// The preset `rekey`: the table that `rekey migrate` makes.

import type { Preset } from './preset.ts'

export const rekey = {
  variables: {
    USERS_TABLE: 'users',
    USERS_ID_COLUMN: 'id',
    USERS_EMAIL_COLUMN: 'email',
    USERS_PASSWORD_COLUMN: 'password_hash',
  },
} as const satisfies Preset
