// Judges the environment as a whole, and makes the configuration of it.

import { isIP } from 'node:net'
import type { DatabaseSettings } from '../accounts/database.ts'
import { type PasswordFormatFacts, passwordFormats } from '../core/password-formats.ts'
import type { Config } from './config.ts'
import { createJudge } from './judge.ts'
import type { Preset } from './presets/preset.ts'
import { presets } from './presets/presets.ts'
import { readDatabase } from './read-database.ts'
import { readEnvironment } from './read-environment.ts'
import { readHttp } from './read-http.ts'
import { readJwt } from './read-jwt.ts'
import { readLinks } from './read-links.ts'
import { readContent, readMail } from './read-mail.ts'
import { readMapping } from './read-mapping.ts'
import { readWebhooks } from './read-webhooks.ts'
import { judgeSecrets } from './shared-secrets.ts'

const TABLE_VARIABLES = /^(?:DATABASE_.*|USERS_.*|PASSWORD_HASH|AFTER_RESET_SQL|ALLOW_SEQ_SCAN)$/
const CONTENT_VARIABLES =
  /^(?:APP_NAME|SUPPORT_EMAIL|BRAND_COLOR|DEFAULT_LOCALE|MAIL_TEMPLATES_DIR|LINK_TTL_SECONDS|REQUEST_PAGE_URL)$/

type Variables = Readonly<Record<string, string | undefined>>

/** The configuration, or every fault by name, never by value. */
export type ConfigReading<T = Config> =
  | {
      readonly config: T
      readonly warnings: readonly string[]
      /** Names of variables that are present but empty, and so count as not set. */
      readonly empty: readonly string[]
    }
  | { readonly faults: readonly string[]; readonly warnings: readonly string[] }

/**
 * Reads the configuration from the variables of a process. DEFAULT_LOCALE and MAIL_TEMPLATES_DIR are
 * judged by whoever reads the templates.
 *
 * @param isNeeded says of which variables faults count; the slices that the others make are never used
 */
export function readConfig(
  env: Variables,
  isNeeded: (name: string) => boolean = () => true,
): ConfigReading {
  const { config, faults, warnings, empty } = read(env)
  const ours = [...faults].filter(([name]) => isNeeded(name))
  return ours.length > 0
    ? { faults: listFaults(ours), warnings }
    : { config: deepFreeze(config), warnings, empty }
}

/** The database's part of the configuration; faults of other variables do not count. */
export function readDatabaseConfig(env: Variables): ConfigReading<DatabaseSettings> {
  const reading = readConfig(env, (name) => name.startsWith('DATABASE_'))
  return 'faults' in reading ? reading : { ...reading, config: reading.config.database }
}

/** The part that it takes to reach the accounts; faults of other variables do not count. */
export function readTableConfig(env: Variables): ConfigReading<Pick<Config, 'database' | 'users'>> {
  return readConfig(env, (name) => TABLE_VARIABLES.test(name))
}

/**
 * What mails and pages show. It is complete whatever the faults, a variable with one being as if it
 * were not set, so that templates can be judged beside the variables.
 */
export function readContentConfig(env: Variables): Pick<Config, 'content'> & {
  readonly ttlSeconds: number
  /** Without an origin where neither REQUEST_PAGE_URL nor RESET_PAGE_URL gives it one. */
  readonly requestPageUrl: string
  readonly faults: readonly string[]
  readonly warnings: readonly string[]
} {
  const { config, faults, warnings } = read(env)
  const ours = [...faults].filter(([name]) => CONTENT_VARIABLES.test(name))
  return {
    content: config.content,
    ttlSeconds: config.links.rules.ttlSeconds,
    requestPageUrl: config.links.requestPageUrl,
    faults: listFaults(ours),
    warnings,
  }
}

function listFaults(faults: readonly (readonly [string, string])[]): string[] {
  return faults.map(([name, fault]) => `${name}: ${fault}`)
}

function read(variables: Variables) {
  const { environment: env, ...known } = readEnvironment(variables)
  const faults = new Map(known.faults)
  const judge = createJudge(faults)
  const { check } = judge

  const { links, resetPage } = readLinks(env, judge)
  const database = readDatabase(env, judge)
  const isMinimumPossible = env.PASSWORD_MIN_LENGTH <= env.PASSWORD_MAX_LENGTH
  check(
    ['PASSWORD_MIN_LENGTH', 'PASSWORD_MAX_LENGTH'],
    isMinimumPossible,
    'must not be more than PASSWORD_MAX_LENGTH',
  )
  const named: PasswordFormatFacts | undefined =
    env.PASSWORD_HASH === 'auto' ? undefined : passwordFormats[env.PASSWORD_HASH]
  check(
    'PASSWORD_HASH',
    named !== undefined || env.REQUIRE_USABLE_PASSWORD,
    'must name a format when REQUIRE_USABLE_PASSWORD is false: no hash says which one to keep',
  )
  check(
    ['PASSWORD_PEPPER', 'PASSWORD_HASH'],
    env.PASSWORD_PEPPER === undefined || named === undefined || named.takesPepper === true,
    'the format that PASSWORD_HASH names has no pepper',
  )
  const isHostAddress = isIP(env.HOST) !== 0 || env.HOST === 'localhost'
  check('HOST', isHostAddress, 'must be an IP address or localhost')
  const http = readHttp(env, judge, resetPage)
  const preset: Preset = presets[env.USERS_PRESET]

  const config: Config = {
    database: database.settings,
    users: readMapping(env, judge, named, preset),
    preset: { name: env.USERS_PRESET, afterResetSql: preset.afterResetSql },
    links,
    mail: readMail(env, judge),
    webhooks: readWebhooks(env, judge),
    content: readContent(env, judge),
    jwt: readJwt(env, judge),
    passwords: {
      minLength: env.PASSWORD_MIN_LENGTH,
      maxLength: env.PASSWORD_MAX_LENGTH,
      edgeSpaces: env.PASSWORD_EDGE_SPACES,
    },
    hashing: {
      format: env.PASSWORD_HASH,
      pepper: env.PASSWORD_PEPPER,
      requireUsable: env.REQUIRE_USABLE_PASSWORD,
    },
    http: http.settings,
    process: {
      host: env.HOST,
      port: env.PORT,
      logLevel: env.LOG_LEVEL,
      shutdownGraceSeconds: env.SHUTDOWN_GRACE_SECONDS,
    },
  }
  judgeSecrets(env, judge)
  const warnings = [...known.warnings, ...database.warnings, ...http.warnings]
  return { config, faults, warnings, empty: known.empty }
}

function deepFreeze<T extends object>(value: T): T {
  for (const part of Object.values(value)) {
    // What has methods, such as a KeyObject, cannot be frozen and needs not.
    if (Array.isArray(part) || part?.constructor === Object) deepFreeze(part)
  }
  return Object.freeze(value)
}
