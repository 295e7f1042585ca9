// The dialects that can be turned on: other packages' wire formats, and where they hang.

interface Dialect {
  /** Where it hangs unless told otherwise. */
  readonly prefix: string
  /** What it answers under its prefix. */
  readonly paths: readonly string[]
  /** What its frontends read from the link. */
  readonly placeholders: readonly string[]
}

/** By the name that turns one on. */
export const dialects = {
  'rest-passwordreset': {
    prefix: '/api/password_reset',
    paths: ['', '/validate_token', '/confirm'],
    placeholders: ['{token}'],
  },
  'dj-rest-auth': {
    prefix: '/api/auth',
    paths: ['/password/reset', '/password/reset/confirm', '/password/change'],
    placeholders: ['{uid}', '{token}'],
  },
} as const satisfies Readonly<Record<string, Dialect>>

export type DialectName = keyof typeof dialects

/** A dialect that is turned on. */
export interface SpokenDialect {
  readonly name: DialectName
  /** Begins with a slash, and ends without one. */
  readonly prefix: string
}
