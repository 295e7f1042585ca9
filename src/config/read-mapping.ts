// Judges the variables of the users table, and makes the mapping of them.

import type { UsersMapping } from '../accounts/mapping.ts'
import { type PasswordFormatFacts, passwordFormats } from '../core/password-formats.ts'
import { parseAfterResetSql } from './after-reset-sql.ts'
import type { Environment } from './environment.ts'
import type { Judge } from './judge.ts'
import type { Preset } from './presets/preset.ts'
import { checkSqlName, parseTable } from './values.ts'

/**
 * @param named what is known of the format that PASSWORD_HASH names, unless it is `auto`
 * @param preset what is known of the framework whose tables they are
 */
export function readMapping(
  env: Environment,
  { attempt, check }: Judge,
  named: PasswordFormatFacts | undefined,
  preset: Pick<Preset, 'addressesAreLower'>,
): UsersMapping {
  const columns = Object.entries(env).filter(([name]) => /^USERS_.*_COLUMNS?$/.test(name))
  for (const [name, value] of columns) {
    attempt(name as keyof Environment, () => [value].flat().map(String).map(checkSqlName))
  }
  const written = [
    'USERS_ID_COLUMN',
    'USERS_EMAIL_COLUMN',
    'USERS_PASSWORD_COLUMN',
    'USERS_CHANGED_AT_COLUMN',
    'USERS_EPOCH_COLUMN',
  ] as const
  for (const [index, name] of written.entries()) {
    const isElsewhere = name === 'USERS_PASSWORD_COLUMN' && env.USERS_PASSWORD_TABLE !== undefined
    const other = written.slice(0, index).find((earlier) => env[earlier] === env[name])
    const isOther = env[name] === undefined || isElsewhere || other === undefined
    check([name, other ?? name], isOther, `must be another column than ${other}`)
  }
  const table = attempt('USERS_TABLE', () => parseTable(env.USERS_TABLE))
  const passwordTable = attempt('USERS_PASSWORD_TABLE', () =>
    env.USERS_PASSWORD_TABLE === undefined ? undefined : parseTable(env.USERS_PASSWORD_TABLE),
  )
  const hasBoth =
    (env.USERS_PASSWORD_TABLE === undefined) === (env.USERS_PASSWORD_USER_COLUMN === undefined)
  check(
    ['USERS_PASSWORD_USER_COLUMN', 'USERS_PASSWORD_TABLE'],
    hasBoth,
    'goes with USERS_PASSWORD_TABLE: set both or neither',
  )
  check(
    ['USERS_PASSWORD_USER_COLUMN', 'USERS_PASSWORD_COLUMN'],
    env.USERS_PASSWORD_USER_COLUMN !== env.USERS_PASSWORD_COLUMN,
    'must be another column than USERS_PASSWORD_COLUMN',
  )
  const isFilterUsed =
    env.USERS_PASSWORD_FILTER_SQL === undefined || env.USERS_PASSWORD_TABLE !== undefined
  check(
    ['USERS_PASSWORD_FILTER_SQL', 'USERS_PASSWORD_TABLE'],
    isFilterUsed,
    'needs USERS_PASSWORD_TABLE',
  )

  return {
    schema: table?.schema,
    table: table?.table ?? '',
    id: env.USERS_ID_COLUMN,
    emailAddress: env.USERS_EMAIL_COLUMN,
    passwordHash: env.USERS_PASSWORD_COLUMN,
    passwordTable: passwordTable && {
      ...passwordTable,
      userColumn: env.USERS_PASSWORD_USER_COLUMN ?? '',
      filterSql: env.USERS_PASSWORD_FILTER_SQL,
    },
    // With `auto` a column that holds no format at all is a fault, and only that.
    hashLength: named?.hashLength ?? shortestHashLength(),
    eligibleSql: env.USERS_ELIGIBLE_SQL,
    addressesAreLower: preset.addressesAreLower === true,
    loginColumns: env.USERS_LOGIN_COLUMNS ?? [],
    name: env.USERS_NAME_COLUMN,
    locale: env.USERS_LOCALE_COLUMN,
    lastLogin: env.USERS_LAST_LOGIN_COLUMN,
    changedAt: env.USERS_CHANGED_AT_COLUMN,
    readsChangedAt: env.JWKS_URL !== undefined || env.JWT_SECRET !== undefined,
    epoch: env.USERS_EPOCH_COLUMN,
    afterReset: attempt('AFTER_RESET_SQL', () =>
      env.AFTER_RESET_SQL === undefined ? undefined : parseAfterResetSql(env.AFTER_RESET_SQL),
    ),
    allowSeqScan: env.ALLOW_SEQ_SCAN,
  }
}

function shortestHashLength(): number {
  return Math.min(...Object.values(passwordFormats).map(({ hashLength }) => hashLength))
}
