// Every environment variable: its type, default and meaning.

import { type Static, Type } from '@sinclair/typebox'
import { listPasswordFormatNames } from '../core/password-formats.ts'
import { presetNames } from './presets/presets.ts'
import { rekey } from './presets/rekey.ts'
import type { Spelling } from './spelling.ts'

const text = (description: string, spelling: Spelling = 'line') =>
  Type.String({ description, minLength: 1, spelling })
const textOr = (byDefault: string, description: string, spelling: Spelling = 'line') =>
  Type.String({ description, minLength: 1, default: byDefault, spelling })
const list = (description: string) => Type.Array(text(description), { description, minItems: 1 })
const flag = (byDefault: boolean, description: string) =>
  Type.Boolean({ description, default: byDefault })
const whole = (minimum: number, maximum: number, byDefault: number, description: string) =>
  Type.Integer({ description, minimum, maximum, default: byDefault })
const rate = (byDefault: string, description: string) =>
  Type.String({
    description,
    pattern: '^[1-9]\\d{0,5}/[1-9]\\d{0,5}[smhd]$',
    expected: 'a number per period of s, m, h or d, such as 30/15m, each number at most 999999',
    default: byDefault,
  })
const oneOf = <const T extends readonly string[]>(
  byDefault: T[number],
  values: T,
  description: string,
) =>
  Type.Unsafe<T[number]>(
    Type.Union(
      values.map((value) => Type.Literal(value)),
      { description, default: byDefault },
    ),
  )
const wholeIfSet = (minimum: number, maximum: number, description: string) =>
  Type.Optional(Type.Integer({ description, minimum, maximum }))

/** A test compares this with `.env.example` and with the README's table. */
export const EnvironmentSchema = Type.Object({
  DATABASE_URL: text(
    'PostgreSQL 13 or newer, as postgres://user:password@host:port/database; several hosts with commas between them',
  ),
  DATABASE_CA: Type.Optional(
    text(
      "Certificate of the CA that signed the database server's, as PEM text; for a path use DATABASE_CA_FILE",
      'free',
    ),
  ),
  DATABASE_POOL_MAX: whole(
    1,
    1000,
    10,
    'The most connections for requests; checks of the database take up to four more',
  ),
  DATABASE_PREPARE: flag(true, 'Prepared statements; false behind a transaction pooler'),

  LINK_SECRETS: list('What `rekey keygen` prints; the first signs, all verify'),
  LINK_TTL_SECONDS: whole(300, 86_400, 3600, 'How long a link works'),
  LINK_BUCKET_SECONDS: wholeIfSet(
    1,
    60,
    'Requests within so many seconds mail the same link; at most a tenth of LINK_TTL_SECONDS',
  ),
  LINKS_NOT_BEFORE: Type.Optional(text('RFC 3339 time; links of earlier buckets are void')),
  LINK_AUDIENCE: Type.Optional(
    text('Who the links are for; by default the origin of RESET_PAGE_URL'),
  ),

  RESET_PAGE_URL: text(
    "The frontend's reset page; https, http on localhost, or an application's own scheme",
  ),
  REQUEST_PAGE_URL: Type.Optional(
    text('Where a reader asks for a new link; by default the origin of RESET_PAGE_URL'),
  ),
  HOSTED_PAGE: flag(false, "Serve Rekey's own pages at /reset/, for those without a frontend"),

  MAIL_FROM: text('Sender, as Name <address>'),
  MAIL_REPLY_TO: Type.Optional(text('Where replies go, as Name <address>')),
  MAIL_TRANSPORT: Type.Array(
    Type.Union([Type.Literal('resend'), Type.Literal('smtp'), Type.Literal('outbox')]),
    {
      description:
        'resend, smtp, or a list such as resend,smtp that is tried in order; outbox keeps mails in memory, for development',
      minItems: 1,
      uniqueItems: true,
      expected: 'resend or smtp, both in the order to try them, or outbox alone',
      default: ['resend'],
    },
  ),
  RESEND_API_KEY: Type.Optional(text('Key of the Resend account')),
  RESEND_BASE_URL: textOr(
    'https://api.resend.com',
    "Base of Resend's API; https, or http on localhost",
  ),
  SMTP_URL: Type.Optional(
    text('Mail server, as smtp://user:password@host:587, or smtps:// for TLS from the start'),
  ),
  MAIL_RATE_PER_SECOND: wholeIfSet(
    1,
    1000,
    'At most so many mails a second, as the provider allows; unset, as fast as it goes',
  ),
  MAIL_DAILY_BUDGET: wholeIfSet(
    1,
    10_000_000,
    'At most so many mails that anybody can ask for a day (UTC), spread over it; unset, no such limit',
  ),
  MAIL_TEMPLATES_DIR: Type.Optional(
    text('A directory whose templates and locales/*.json count in place of ours, file by file'),
  ),
  MAIL_NO_PASSWORD_NOTICE: flag(
    false,
    'Tell the owner of an account without a password, who asks for a link, that there is none',
  ),
  APP_NAME: textOr('Rekey', 'What mails and pages call the application'),
  SUPPORT_EMAIL: Type.Optional(text('Where a reader can turn to')),
  BRAND_COLOR: Type.String({
    description: 'Colour of the button, as rrggbb or #rrggbb',
    pattern: '^#?[0-9a-fA-F]{6}$',
    expected: 'a colour such as 1a73e8',
    default: '2f6bd6',
  }),
  DEFAULT_LOCALE: textOr('en', 'Language of mails to accounts that name none'),

  WEBHOOK_URL: Type.Optional(
    text('Where events go, signed as Standard Webhooks; https, or http on localhost'),
  ),
  WEBHOOK_SECRETS: Type.Optional(
    list('whsec_ and the base64 of 24 to 64 random bytes; every one signs'),
  ),

  HOST: textOr('0.0.0.0', 'Address to listen on'),
  PORT: whole(0, 65_535, 3000, 'Port to listen on'),
  BASE_PATH: textOr('/api/v1/accounts', 'Where the API routes hang'),
  DIALECTS: Type.Optional(
    list(
      'Routes for frontends of rest-passwordreset, dj-rest-auth or both; dj-rest-auth=/prefix says where, each time that it is named',
    ),
  ),
  CORS_ORIGINS: Type.Optional(
    list('Exact origins of frontends, those of app shells too; by default that of RESET_PAGE_URL'),
  ),
  TRUST_PROXY: Type.Optional(list('Addresses or CIDRs of proxies whose forwarding headers count')),
  LOG_LEVEL: oneOf(
    'info',
    ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
    'Lowest level that is logged',
  ),
  SHUTDOWN_GRACE_SECONDS: whole(0, 600, 10, 'How long accepted work may take at SIGTERM'),

  REVEAL_UNKNOWN_USERS: flag(false, 'Tell askers whether an account exists'),
  REQUIRE_PASSWORD_CONFIRM: flag(false, 'password_confirm must be sent'),
  PASSWORD_MIN_LENGTH: whole(
    1,
    1024,
    8,
    'Fewest code points; set 15 where the password is the only factor',
  ),
  PASSWORD_MAX_LENGTH: whole(64, 1024, 128, 'Most code points'),
  PASSWORD_EDGE_SPACES: oneOf(
    'keep',
    ['keep', 'refuse'],
    'refuse for hosts whose login trims passwords',
  ),
  PASSWORD_HASH: oneOf(
    'auto',
    ['auto', ...listPasswordFormatNames()],
    "The format written; auto keeps the row's own",
  ),
  PASSWORD_PEPPER: Type.Optional(text('What Devise appends to a password before bcrypt', 'opaque')),
  REQUIRE_USABLE_PASSWORD: flag(
    true,
    'false lets an account without a password set its first; needs a named PASSWORD_HASH',
  ),

  JWKS_URL: Type.Optional(
    text(
      'Where your application publishes the public keys of its JWTs, which then may change passwords; https, or http on localhost',
    ),
  ),
  JWT_SECRET: Type.Optional(
    text(
      'What your application signs its JWTs with, in place of JWKS_URL; at least 32 bytes, counted in UTF-8 as it stands here',
      'opaque',
    ),
  ),
  JWT_ISSUER: Type.Optional(text("The JWTs' `iss`; required with JWKS_URL or JWT_SECRET")),
  JWT_AUDIENCE: Type.Optional(
    text("What the JWTs' `aud` is or lists; required with JWKS_URL or JWT_SECRET"),
  ),
  JWT_ALGORITHMS: Type.Optional(
    list(
      'What the JWTs are signed with; by default ES256,RS256,EdDSA with JWKS_URL, HS256 with JWT_SECRET',
    ),
  ),
  JWT_USER_ID_CLAIM: textOr('sub', "The JWTs' claim that holds the account's id"),

  RATE_LIMIT_REQUESTS: rate('30/15m', 'Link requests per client address'),
  RATE_LIMIT_CONFIRMS: rate('100/15m', 'Checks, resets and changes per client address'),
  RATE_LIMIT_PER_ACCOUNT: rate('3/1h', 'Reset links mailed to one address while one of them works'),

  USERS_PRESET: oneOf('rekey', presetNames, 'Whose tables they are: what USERS_* are when unset'),
  USERS_TABLE: textOr(rekey.variables.USERS_TABLE, 'The table, or schema.table', 'table'),
  USERS_ID_COLUMN: textOr(
    rekey.variables.USERS_ID_COLUMN,
    'Column of the id: uuid, bigint, integer, smallint or text',
  ),
  USERS_EMAIL_COLUMN: textOr(rekey.variables.USERS_EMAIL_COLUMN, 'Column of the address'),
  USERS_PASSWORD_COLUMN: textOr(
    rekey.variables.USERS_PASSWORD_COLUMN,
    'Column of the password hash',
  ),
  USERS_PASSWORD_TABLE: Type.Optional(
    text(
      'Second table, or schema.table, if the hashes are in one; USERS_PASSWORD_COLUMN is then a column of it',
      'table',
    ),
  ),
  USERS_PASSWORD_USER_COLUMN: Type.Optional(
    text("Column of USERS_PASSWORD_TABLE that holds the account's id"),
  ),
  USERS_PASSWORD_FILTER_SQL: Type.Optional(
    text(
      "Boolean expression over the rows of USERS_PASSWORD_TABLE that says which hold passwords, such as provider = 'password'",
      'free',
    ),
  ),
  USERS_ELIGIBLE_SQL: Type.Optional(
    text('Boolean expression over the row, such as is_active', 'free'),
  ),
  USERS_LOGIN_COLUMNS: Type.Optional(list('Further columns that `login` matches exactly')),
  USERS_NAME_COLUMN: Type.Optional(text('Column of the name that mails greet')),
  USERS_LOCALE_COLUMN: Type.Optional(text('Column of the mail language')),
  USERS_LAST_LOGIN_COLUMN: Type.Optional(text('Column of the last login; a sign-in voids links')),
  USERS_CHANGED_AT_COLUMN: Type.Optional(text('Column set to the time of the change')),
  USERS_EPOCH_COLUMN: Type.Optional(text('Column incremented at a change, to end sessions')),
  AFTER_RESET_SQL: Type.Optional(
    text('One statement in the same transaction as the password, with :user_id', 'free'),
  ),
  ALLOW_SEQ_SCAN: flag(false, 'Start although no index serves a look-up in a large table'),
})

/** The variables, typed and with their defaults. */
export type Environment = Static<typeof EnvironmentSchema>
