// Where the routes are: the native ones, and those of the dialects that can be turned on, which are other
// packages' wire formats.

/** What is answered under BASE_PATH. */
export const nativePaths = [
  '/send-reset-password-link',
  '/check-reset-link',
  '/reset-password',
  '/change-password',
  '/password-rules',
]

interface Dialect {
  /** Where it hangs unless told otherwise. */
  readonly prefix: string
  /** What it answers under its prefix. */
  readonly paths: readonly string[]
  /** What its frontends read from the link, each in one of the forms that its routes take. */
  readonly placeholders: readonly (readonly string[])[]
}

/** By the name that turns one on. */
export const dialects = {
  'rest-passwordreset': {
    prefix: '/api/password_reset',
    paths: ['', '/validate_token', '/confirm'],
    placeholders: [['{token}']],
  },
  'dj-rest-auth': {
    prefix: '/api/auth',
    paths: ['/password/reset', '/password/reset/confirm', '/password/change'],
    placeholders: [['{uid}'], ['{token}', '{django_token}']],
  },
} as const satisfies Readonly<Record<string, Dialect>>

export type DialectName = keyof typeof dialects

/** A dialect that is turned on. */
export interface SpokenDialect {
  readonly name: DialectName
  /** Begins with a slash, and ends without one. */
  readonly prefix: string
}
