// `rekey/client`: what a browser needs to reset or change a password. Takes the link out of the address
// bar and calls the service. One file without dependencies, so that it can be copied as well as installed.

/** A mailed link as the service reads it. Its values are posted exactly as they were mailed. */
export type Link =
  | { readonly user_id: string; readonly timestamp: string; readonly signature: string }
  | { readonly token: string }

const KNOWN_CODES = [
  'invalid_request',
  'link_invalid',
  'link_expired',
  'link_superseded',
  'password_rejected',
  'old_password_incorrect',
  'not_authenticated',
  'account_unknown',
  'throttled',
  'unavailable',
] as const

/**
 * `network`: no answer that can be read. `aborted`: by the signal that was given. In both cases the
 * service may have done all the same what was asked.
 */
export type FailureCode = (typeof KNOWN_CODES)[number] | 'network' | 'aborted'

/** One fault of one field; `field` is `non_field_errors` when it is nobody's alone. */
export interface FieldError {
  readonly field: string
  readonly code: string
  readonly detail: string
}

/** An expected outcome that is not success. `detail` is English, or empty. */
export interface Failure {
  readonly ok: false
  readonly code: FailureCode
  readonly detail: string
  readonly fieldErrors: readonly FieldError[]
  readonly retryAfterSeconds?: number
}

/** What every call resolves to. `body` is the service's JSON. */
export type Result<Body> = { readonly ok: true; readonly body: Body } | Failure

/** Lengths are in code points; `max_bytes` counts UTF-8. Further rules may be present. */
export interface PasswordRules {
  readonly min_length: number
  readonly max_length: number
  readonly max_bytes?: number | null
  readonly edge_spaces?: 'keep' | 'refuse'
}

/** What a call can be given besides what it sends. */
export interface CallOptions {
  /** Ends the call before its 30 seconds are over. */
  readonly signal?: AbortSignal
}

/** Calls that never reject: whatever happens to them is their result. */
export interface Client {
  /** Asks for a mail. Success looks the same whether or not there is such an account. */
  requestLink(
    to: { email: string } | { login: string },
    options?: CallOptions,
  ): Promise<Result<{ detail: string }>>
  /** Says whether a link would work, and until when (RFC 3339). Does not spend it. */
  checkLink(
    link: Link,
    options?: CallOptions,
  ): Promise<Result<{ detail: string; expires_at: string }>>
  /** Sets the password and spends the link. Signs nobody in. */
  resetPassword(
    link: Link,
    password: string,
    passwordConfirm?: string,
    options?: CallOptions,
  ): Promise<Result<{ detail: string }>>
  /** Changes the password of whoever is signed in, by the JWT that the application gave them. */
  changePassword(
    accessToken: string,
    oldPassword: string,
    password: string,
    passwordConfirm?: string,
    options?: CallOptions,
  ): Promise<Result<{ detail: string }>>
  /** Reads the rules that hold for every account. */
  passwordRules(options?: CallOptions): Promise<Result<PasswordRules>>
}

const PART_START = /(?=[?&#]|%23[!/]*(?:user_id|timestamp|signature|token|uid)=)/
const LINK_VALUE = /^([?&#]|%23)[!/]*(?:amp;)?(user_id|timestamp|signature|token|uid)=(.*)$/s
/** Punctuation of the sentence around it, which a mail program may take for the end of a link. */
const PUNCTUATION_BEHIND = /(?<![^\w-])[^\w-]+$/
const PLAIN_ID = /^(?:-?\d+|[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12})$/i

/**
 * Finds a link in a URL: in the query, in the fragment, in the query of a hash route, or in the path
 * where a mail scanner has turned `#` into `%23`. A template that puts a value into the path itself,
 * as in `#/reset/{token}`, is left to the application's router.
 *
 * @returns the link, with `''` for a value that got lost on the way (the service then says which),
 *   or undefined where there is none of its values; and the URL without them, else unchanged
 */
export function parseLink(href: string): { link: Link | undefined; cleanHref: string } {
  const values = new Map<string, string>()
  let cleanHref = ''
  let opener = ''
  for (const part of href.split(PART_START)) {
    const [, separator, name, text] = LINK_VALUE.exec(part) ?? []
    if (name) {
      const value = new URLSearchParams(`_=${text}`).get('_') ?? ''
      const trimmed = value.replace(PUNCTUATION_BEHIND, '')
      // Nothing of a link ends in punctuation, but an id that is a text may.
      const isText = name === 'user_id' && !PLAIN_ID.test(trimmed)
      values.set(name, isText ? value : trimmed)
      if (separator !== '&') opener = separator ?? ''
    } else {
      cleanHref += opener && part.startsWith('&') ? opener + part.slice(1) : part
      opener = ''
    }
  }
  if (values.size === 0) return { link: undefined, cleanHref }
  const value = (name: string) => values.get(name) ?? ''
  const isToken = values.has('token') || (values.size === 1 && values.has('uid'))
  const link =
    isToken && !values.has('signature')
      ? { token: value('token') }
      : { user_id: value('user_id'), timestamp: value('timestamp'), signature: value('signature') }
  return { link, cleanHref }
}

/**
 * Reads the link and takes it out of the address bar at once, so that it reaches no history, no
 * analytics and no `Referer`. Call it before anything else runs, and keep the result in memory only.
 *
 * @returns undefined where the URL has none, as after a reload
 */
export function takeLink(
  location: { readonly href: string },
  history: {
    readonly state: unknown
    replaceState(state: unknown, unused: string, url: string): void
  },
): Link | undefined {
  const { link, cleanHref } = parseLink(location.href)
  if (link) history.replaceState(history.state, '', cleanHref)
  return link
}

/**
 * Makes the calls to one service.
 *
 * @param options.baseUrl the service's address with its BASE_PATH, such as `/api/v1/accounts`
 */
export function createClient(options: {
  baseUrl: string
  fetch?: typeof globalThis.fetch
}): Client {
  const { baseUrl, fetch = globalThis.fetch } = options
  const base = baseUrl.replace(/\/+$/, '')

  async function call<Body>(
    path: string,
    { signal }: CallOptions = {},
    data?: object,
    headers?: Record<string, string>,
  ): Promise<Result<Body>> {
    // Not AbortSignal.any(), which Safari has only had since 17.4.
    const ending = new AbortController()
    const end = () => ending.abort()
    const timer = setTimeout(end, 30_000)
    signal?.addEventListener('abort', end)
    if (signal?.aborted) end()
    try {
      const response = await fetch(`${base}/${path}`, {
        method: data ? 'POST' : 'GET',
        headers: {
          accept: 'application/json, application/problem+json',
          ...(data && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(data && { body: JSON.stringify(data) }),
        credentials: 'omit',
        referrerPolicy: 'no-referrer',
        cache: 'no-store',
        redirect: 'error',
        signal: ending.signal,
      })
      if (response.ok) return { ok: true, body: (await response.json()) as Body }
      return readFailure(response, await response.json().catch(() => undefined))
    } catch {
      return {
        ok: false,
        code: signal?.aborted ? 'aborted' : 'network',
        detail: '',
        fieldErrors: [],
      }
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', end)
    }
  }

  return {
    requestLink: (to, options) => call('send-reset-password-link', options, to),
    checkLink: (link, options) => call('check-reset-link', options, link),
    // What is undefined is not sent.
    resetPassword: (link, password, passwordConfirm, options) =>
      call('reset-password', options, { ...link, password, password_confirm: passwordConfirm }),
    changePassword: (accessToken, oldPassword, password, passwordConfirm, options) =>
      call(
        'change-password',
        options,
        { old_password: oldPassword, password, password_confirm: passwordConfirm },
        { authorization: `Bearer ${accessToken}` },
      ),
    passwordRules: (options) => call('password-rules', options),
  }
}

function readFailure(response: Response, body: unknown): Failure {
  const problem = (body ?? {}) as { code?: unknown; detail?: unknown; errors?: unknown }
  const retryAfterSeconds = Number(response.headers.get('retry-after') ?? Number.NaN)
  return {
    ok: false,
    code: KNOWN_CODES.find((code) => code === problem.code) ?? codeOfStatus(response.status),
    detail: typeof problem.detail === 'string' ? problem.detail : '',
    fieldErrors: Array.isArray(problem.errors) ? problem.errors.filter(isFieldError) : [],
    ...(retryAfterSeconds >= 0 && { retryAfterSeconds }),
  }
}

function isFieldError(error: Partial<FieldError> | null): boolean {
  return typeof error?.field === 'string' && typeof error.detail === 'string'
}

// For what answers in the service's place: a proxy, a firewall, a wrong address.
function codeOfStatus(status: number): FailureCode {
  if (status === 401) return 'not_authenticated'
  if (status === 429) return 'throttled'
  if (status === 503) return 'unavailable'
  return status >= 400 && status < 500 ? 'invalid_request' : 'network'
}
