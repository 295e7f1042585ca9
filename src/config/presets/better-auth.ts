// The preset `better-auth`: Better Auth's tables, as of version 1. The hash stands in `account`. Its
// login hashes the NFKC form of a password. Sessions are rows, so they are deleted.

import type { Preset } from './preset.ts'

export const betterAuth: Preset = {
  variables: {
    USERS_TABLE: 'user',
    USERS_ID_COLUMN: 'id',
    USERS_EMAIL_COLUMN: 'email',
    USERS_NAME_COLUMN: 'name',
    USERS_PASSWORD_TABLE: 'account',
    USERS_PASSWORD_USER_COLUMN: 'userId',
    USERS_PASSWORD_COLUMN: 'password',
    USERS_PASSWORD_FILTER_SQL: `"providerId" = 'credential'`,
  },
  addressesAreLower: true,
  afterResetSql: 'DELETE FROM session WHERE "userId" = :user_id',
}
