// Judges the environment as a whole, and makes the configuration of it.

import { isIP } from 'node:net'
import { pathToFileURL } from 'node:url'
import type { DatabaseSettings } from '../accounts/database.ts'
import { isMailbox, isPrintable } from '../core/email-address.ts'
import { compileLinkUrl } from '../core/link-url.ts'
import { type PasswordFormatFacts, passwordFormats } from '../core/password-formats.ts'
import { readTlsMode } from '../core/tls-mode.ts'
import type { Config } from './config.ts'
import { type Environment, type EnvironmentReading, readEnvironment } from './environment.ts'
import type { Preset } from './presets/preset.ts'
import { presets } from './presets/presets.ts'
import { readMapping } from './read-mapping.ts'
import {
  isLocal,
  isLoopback,
  isSender,
  parseBasePath,
  parseDatabaseUrl,
  parseOrigin,
  parsePageUrl,
  parseProviderUrl,
  parseProxy,
  parseRate,
  parseSecrets,
  parseSmtpUrl,
  parseTime,
} from './values.ts'

type Variables = Readonly<Record<string, string | undefined>>

/** The configuration, or every fault by name, never by value. */
export type ConfigReading<T = Config> =
  | { readonly config: T; readonly warnings: readonly string[] }
  | { readonly faults: readonly string[]; readonly warnings: readonly string[] }

/**
 * Reads the configuration from the variables of a process. DEFAULT_LOCALE and MAIL_TEMPLATES_DIR are
 * judged by whoever reads the templates.
 */
export function readConfig(env: Variables): ConfigReading {
  const { config, faults, warnings } = judge(readEnvironment(env))
  return faults.size > 0
    ? { faults: listFaults([...faults]), warnings }
    : { config: deepFreeze(config), warnings }
}

/** The database's part of the configuration; faults of other variables do not count. */
export function readDatabaseConfig(env: Variables): ConfigReading<DatabaseSettings> {
  const reading = readPart(env, /^DATABASE_/)
  const { warnings } = reading
  return 'faults' in reading ? reading : { config: reading.config.database, warnings }
}

/** The part that it takes to reach the accounts; faults of other variables do not count. */
export function readTableConfig(env: Variables): ConfigReading<Pick<Config, 'database' | 'users'>> {
  return readPart(env, /^(?:DATABASE_|USERS_|PASSWORD_HASH$|AFTER_RESET_SQL$|ALLOW_SEQ_SCAN$)/)
}

/** @returns a configuration of which only the slices count that the named variables make */
function readPart(env: Variables, names: RegExp): ConfigReading {
  const { config, faults, warnings } = judge(readEnvironment(env))
  const ours = [...faults].filter(([name]) => names.test(name))
  return ours.length > 0 ? { faults: listFaults(ours), warnings } : { config, warnings }
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
  const { config, faults, warnings } = judge(readEnvironment(env))
  const ours = [...faults].filter(([name]) => CONTENT_VARIABLES.includes(name))
  return {
    content: config.content,
    ttlSeconds: config.links.rules.ttlSeconds,
    requestPageUrl: config.links.requestPageUrl,
    faults: listFaults(ours),
    warnings,
  }
}

const CONTENT_VARIABLES = [
  'APP_NAME',
  'SUPPORT_EMAIL',
  'BRAND_COLOR',
  'DEFAULT_LOCALE',
  'MAIL_TEMPLATES_DIR',
  'LINK_TTL_SECONDS',
  'REQUEST_PAGE_URL',
]

function listFaults(faults: readonly (readonly [string, string])[]): string[] {
  return faults.map(([name, fault]) => `${name}: ${fault}`)
}

function judge({ environment: env, ...known }: EnvironmentReading) {
  const faults = new Map(known.faults)
  const warnings = [...known.warnings]
  /** Gathers the fault of one variable; what it returns then is never used. */
  const attempt = <T>(name: keyof Environment, make: () => T): T => {
    try {
      if (!faults.has(name)) return make()
    } catch (error) {
      faults.set(name, error instanceof Error ? error.message : 'cannot be read')
    }
    return undefined as T
  }
  const check = (name: keyof Environment, isRight: boolean, expected: string) =>
    attempt(name, () => {
      if (!isRight) throw new TypeError(expected)
    })

  const resetPage = attempt('RESET_PAGE_URL', () => parsePageUrl(env.RESET_PAGE_URL))
  const origin = resetPage?.origin ?? ''
  const database = attempt('DATABASE_URL', () => parseDatabaseUrl(env.DATABASE_URL))
  const tls = database && readTlsMode(env.DATABASE_URL, env.DATABASE_CA)
  if (database && !isLocal(database.hostname) && (tls === 'none' || tls === 'if-offered')) {
    warnings.push('DATABASE_URL: no TLS to a remote host; add ?sslmode=verify-full')
  }
  const isPem = env.DATABASE_CA?.includes('BEGIN CERTIFICATE') ?? true
  check('DATABASE_CA', isPem, 'must be PEM text, not a path')
  const bucketSeconds =
    env.LINK_BUCKET_SECONDS ?? Math.min(60, Math.floor(env.LINK_TTL_SECONDS / 10))
  const isBucketShort = bucketSeconds * 10 <= env.LINK_TTL_SECONDS
  check('LINK_BUCKET_SECONDS', isBucketShort, 'at most a tenth of LINK_TTL_SECONDS')
  const uses = (transport: Environment['MAIL_TRANSPORT'][number]) =>
    env.MAIL_TRANSPORT.includes(transport)
  const hasKey = !uses('resend') || /^[\x21-\x7e]+$/.test(env.RESEND_API_KEY ?? '')
  check('RESEND_API_KEY', hasKey, 'is required for MAIL_TRANSPORT=resend, without blanks')
  const hasServer = !uses('smtp') || env.SMTP_URL !== undefined
  check('SMTP_URL', hasServer, 'is required for MAIL_TRANSPORT=smtp')
  const isOutboxAlone = !uses('outbox') || env.MAIL_TRANSPORT.length === 1
  check('MAIL_TRANSPORT', isOutboxAlone, 'outbox sends nothing, so it stands alone')
  const isOutboxPrivate = !uses('outbox') || isLoopback(env.HOST)
  check(
    'MAIL_TRANSPORT',
    isOutboxPrivate,
    'outbox shows every mail to anybody who can reach it, so HOST must be a loopback address',
  )
  check('MAIL_FROM', isSender(env.MAIL_FROM ?? ''), 'must be Name <address>')
  const isReplyTo = env.MAIL_REPLY_TO === undefined || isSender(env.MAIL_REPLY_TO)
  check('MAIL_REPLY_TO', isReplyTo, 'must be Name <address>')
  const isPlainName = isPrintable(env.APP_NAME) && env.APP_NAME.length <= 64
  check('APP_NAME', isPlainName, 'at most 64 plain characters')
  const isSupportMailbox = env.SUPPORT_EMAIL === undefined || isMailbox(env.SUPPORT_EMAIL)
  check('SUPPORT_EMAIL', isSupportMailbox, 'must be an address')
  const isMinimumPossible = env.PASSWORD_MIN_LENGTH <= env.PASSWORD_MAX_LENGTH
  check('PASSWORD_MIN_LENGTH', isMinimumPossible, 'must not be more than PASSWORD_MAX_LENGTH')
  const named: PasswordFormatFacts | undefined =
    env.PASSWORD_HASH === 'auto' ? undefined : passwordFormats[env.PASSWORD_HASH]
  check(
    'PASSWORD_HASH',
    named !== undefined || env.REQUIRE_USABLE_PASSWORD,
    'must name a format when REQUIRE_USABLE_PASSWORD is false: no hash says which one to keep',
  )
  check(
    'MAIL_NO_PASSWORD_NOTICE',
    env.REQUIRE_USABLE_PASSWORD || !env.MAIL_NO_PASSWORD_NOTICE,
    'an account without a password gets a link when REQUIRE_USABLE_PASSWORD is false: set one of them',
  )
  check(
    'PASSWORD_PEPPER',
    env.PASSWORD_PEPPER === undefined || named === undefined || named.takesPepper === true,
    'the format that PASSWORD_HASH names has no pepper',
  )
  const isHostAddress = isIP(env.HOST) !== 0 || env.HOST === 'localhost'
  check('HOST', isHostAddress, 'must be an IP address or localhost')
  const users = readMapping(env, { attempt, check }, named)
  const preset: Preset = presets[env.USERS_PRESET]

  const config: Config = {
    database: {
      url: env.DATABASE_URL,
      ca: env.DATABASE_CA,
      poolMax: env.DATABASE_POOL_MAX,
      prepare: env.DATABASE_PREPARE,
    },
    users,
    preset: { name: env.USERS_PRESET, afterResetSql: preset.afterResetSql },
    links: {
      keyRing: attempt('LINK_SECRETS', () => parseSecrets(env.LINK_SECRETS)),
      rules: {
        audience: env.LINK_AUDIENCE ?? origin,
        ttlSeconds: env.LINK_TTL_SECONDS,
        bucketSeconds,
        opensFirstPasswords: !env.REQUIRE_USABLE_PASSWORD,
        notBefore: attempt('LINKS_NOT_BEFORE', () => parseTime(env.LINKS_NOT_BEFORE)),
      },
      url: attempt('RESET_PAGE_URL', () => compileLinkUrl(env.RESET_PAGE_URL)),
      requestPageUrl: attempt('REQUEST_PAGE_URL', () =>
        env.REQUEST_PAGE_URL === undefined
          ? `${origin}${env.HOSTED_PAGE ? '/reset/request' : ''}`
          : parsePageUrl(env.REQUEST_PAGE_URL).href,
      ),
    },
    mail: {
      from: env.MAIL_FROM,
      replyTo: env.MAIL_REPLY_TO,
      transports: env.MAIL_TRANSPORT,
      resend: {
        apiKey: env.RESEND_API_KEY ?? '',
        baseUrl: attempt('RESEND_BASE_URL', () => parseProviderUrl(env.RESEND_BASE_URL)),
      },
      smtp: attempt('SMTP_URL', () =>
        env.SMTP_URL === undefined ? undefined : parseSmtpUrl(env.SMTP_URL),
      ),
      ratePerAccount: parseRate(env.RATE_LIMIT_PER_ACCOUNT),
      sendsNoPasswordNotice: env.MAIL_NO_PASSWORD_NOTICE,
      ratePerSecond: env.MAIL_RATE_PER_SECOND,
      dailyBudget: env.MAIL_DAILY_BUDGET,
    },
    content: {
      appName: env.APP_NAME,
      supportEmail: env.SUPPORT_EMAIL,
      brandColor: env.BRAND_COLOR,
      defaultLocale: env.DEFAULT_LOCALE,
      templatesDirectory:
        env.MAIL_TEMPLATES_DIR === undefined
          ? undefined
          : pathToFileURL(`${env.MAIL_TEMPLATES_DIR}/`),
    },
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
    http: {
      basePath: attempt('BASE_PATH', () => parseBasePath(env.BASE_PATH)),
      corsOrigins: attempt('CORS_ORIGINS', () => env.CORS_ORIGINS?.map(parseOrigin) ?? [origin]),
      trustedProxies: attempt('TRUST_PROXY', () => (env.TRUST_PROXY ?? []).map(parseProxy)),
      revealUnknownUsers: env.REVEAL_UNKNOWN_USERS,
      requirePasswordConfirm: env.REQUIRE_PASSWORD_CONFIRM,
      requestRate: parseRate(env.RATE_LIMIT_REQUESTS),
      confirmRate: parseRate(env.RATE_LIMIT_CONFIRMS),
      servesPages: env.HOSTED_PAGE,
    },
    process: {
      host: env.HOST,
      port: env.PORT,
      logLevel: env.LOG_LEVEL,
      shutdownGraceSeconds: env.SHUTDOWN_GRACE_SECONDS,
    },
  }
  return { config, faults, warnings }
}

function deepFreeze<T extends object>(value: T): T {
  for (const part of Object.values(value)) {
    // Keys and compiled templates are frozen by nature; a KeyObject cannot be.
    if (Array.isArray(part) || part?.constructor === Object) deepFreeze(part)
  }
  return Object.freeze(value)
}
