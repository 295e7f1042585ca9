// What the HTTP side is given: parts of Rekey, and the operator's decisions.

import type { SpokenDialect } from '../core/dialects.ts'
import type { ChangePasswordDeps } from '../flows/change-password.ts'
import type { ConfirmResetDeps } from '../flows/confirm-reset.ts'
import type { RequestResetDeps } from '../flows/request-reset.ts'
import type { IntakeLine, JwtVerifier, Limits } from '../ports.ts'
import type { HostedPage } from './hosted-page.ts'
import type { OutboxMails } from './outbox-page.ts'

/** What the routes need from the rest of Rekey. */
export interface AppDeps extends ConfirmResetDeps, ChangePasswordDeps, RequestResetDeps {
  readonly intakeLine: IntakeLine
  readonly limits: Limits
  /** Undefined where nobody may change a password by the old one. */
  readonly jwtVerifier: JwtVerifier | undefined
  /** @returns unix milliseconds */
  readonly clock: () => number
  /** @throws RekeyError `unavailable` when the accounts cannot be used */
  readonly assertReady: () => Promise<void>
}

/** What the operator decides about the HTTP side. */
export interface AppSettings {
  readonly basePath: string
  readonly corsOrigins: readonly string[]
  readonly trustedProxies: readonly string[]
  readonly revealUnknownUsers: boolean
  readonly requirePasswordConfirm: boolean
  readonly dialects: readonly SpokenDialect[]
  /** Rekey's own pages, for those without a frontend. */
  readonly hostedPage: HostedPage | undefined
  /** Mails to show instead of sending them. */
  readonly outbox: OutboxMails | undefined
}

/** What every route is registered with. */
export interface AppOptions {
  readonly deps: AppDeps
  readonly settings: AppSettings
}
