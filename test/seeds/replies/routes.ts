// The routes of the packages, what a frontend sends there, and how a request to one is written down.

/** What has happened to the user since its link was mailed; `expired` is a link of 30 days ago. */
export type Situation = 'fresh' | 'expired' | 'used' | 'moved' | 'signed in since' | 'disabled'

/** Settings of the packages that are not their defaults; test/interop/drivers has what they mean. */
export type Setting =
  | 'confirmed'
  | 'silent'
  | 'by email'
  | 'one-time'
  | 'revealing'
  | 'details'
  | 'default throttle'
  | 'old password optional'

export interface SeedRequest {
  readonly name: string
  readonly path: string
  readonly method: string
  readonly type: string
  /** JSON, or a text that is sent as it stands. */
  readonly body: unknown
  readonly situation?: Situation
  readonly setting?: Setting
  readonly signedIn?: true
  /** How often it is sent; the last reply counts. */
  readonly times?: number
}

/** A body as an object of JSON. */
export type Body = Readonly<Record<string, unknown>>

export interface Route {
  readonly name: string
  readonly path: string
  /** What a frontend sends when everything is right. */
  readonly good: Body
  readonly hasLink?: true
  readonly signedIn?: true
}

export const NEW_PASSWORD = 'a new passphrase'
const link = { user_id: '$user_id$', timestamp: '$timestamp$', signature: '$signature$' }
export const newPasswords = { new_password1: NEW_PASSWORD, new_password2: NEW_PASSWORD }

export const resetBody = { ...link, password: NEW_PASSWORD }
export const confirmBody = { ...newPasswords, uid: '$uid$', token: '$token$' }

export const routes: readonly Route[] = [
  {
    name: 'send-reset-password-link',
    path: '/api/v1/accounts/send-reset-password-link/',
    good: { login: '$username$' },
  },
  {
    name: 'reset-password',
    path: '/api/v1/accounts/reset-password/',
    good: resetBody,
    hasLink: true,
  },
  {
    name: 'change-password',
    path: '/api/v1/accounts/change-password/',
    good: { old_password: '$old_password$', password: NEW_PASSWORD },
    signedIn: true,
  },
  {
    name: 'password_reset',
    path: '/api/password_reset/',
    good: { email: '$email$' },
  },
  {
    name: 'password_reset/validate_token',
    path: '/api/password_reset/validate_token/',
    good: { token: '$key$' },
    hasLink: true,
  },
  {
    name: 'password_reset/confirm',
    path: '/api/password_reset/confirm/',
    good: { password: NEW_PASSWORD, token: '$key$' },
    hasLink: true,
  },
  {
    name: 'password/reset',
    path: '/api/auth/password/reset/',
    good: { email: '$email$' },
  },
  {
    name: 'password/reset/confirm',
    path: '/api/auth/password/reset/confirm/',
    good: confirmBody,
    hasLink: true,
  },
  {
    name: 'password/change',
    path: '/api/auth/password/change/',
    good: { old_password: '$old_password$', ...newPasswords },
    signedIn: true,
  },
]

/** A request of what a frontend sends when everything is right, but for what is said. */
export function request(route: Route, what: string, more: Partial<SeedRequest> = {}): SeedRequest {
  const { name, path, good, hasLink, signedIn } = route
  return {
    name: `${name}: ${what}`,
    path,
    method: 'POST',
    type: 'application/json',
    body: good,
    ...(hasLink && { situation: 'fresh' as const }),
    ...(signedIn && { signedIn }),
    ...more,
  }
}
