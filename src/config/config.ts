// The configuration, in the slices that the parts need.

import type { DatabaseSettings } from '../accounts/database.ts'
import type { UsersMapping } from '../accounts/mapping.ts'
import type { SpokenDialect } from '../core/dialects.ts'
import type { KeyRing } from '../core/key-ring.ts'
import type { LinkRules } from '../core/link.ts'
import type { LinkUrl } from '../core/link-url.ts'
import type { Rate } from '../core/rate.ts'
import type { WebhookReceiver } from '../events/post-webhook.ts'
import type { JwtSettings } from '../jwt/jwt-verifier.ts'
import type { ResendAccount } from '../mail/transports/resend.ts'
import type { SmtpServer } from '../mail/transports/smtp.ts'
import type { Environment } from './environment.ts'
import type { PresetName } from './presets/presets.ts'

/** A way for mails to leave. */
export type TransportSettings =
  | { readonly name: 'resend'; readonly account: ResendAccount }
  | { readonly name: 'smtp'; readonly server: SmtpServer }
  | { readonly name: 'outbox' }

export interface Config {
  readonly database: DatabaseSettings
  readonly users: UsersMapping
  readonly preset: { readonly name: PresetName; readonly afterResetSql: string | undefined }
  readonly links: {
    readonly keyRing: KeyRing
    readonly rules: LinkRules
    readonly url: LinkUrl
    readonly requestPageUrl: string
  }
  readonly mail: {
    readonly from: string
    readonly replyTo: string | undefined
    /** The preferred one first; the outbox stands alone. */
    readonly transports: readonly TransportSettings[]
    readonly ratePerAccount: Rate
    readonly sendsNoPasswordNotice: boolean
    readonly ratePerSecond: number | undefined
    readonly dailyBudget: number | undefined
  }
  /** Who hears of events, if anybody does. */
  readonly webhooks: WebhookReceiver | undefined
  readonly content: {
    readonly appName: string
    readonly supportEmail: string | undefined
    readonly brandColor: string
    readonly defaultLocale: string
    /** With a slash at its end. */
    readonly templatesDirectory: URL | undefined
  }
  /** Whose JWTs let change a password; undefined where none do. */
  readonly jwt: JwtSettings | undefined
  readonly passwords: {
    readonly minLength: number
    readonly maxLength: number
    readonly edgeSpaces: 'keep' | 'refuse'
  }
  readonly hashing: {
    readonly format: Environment['PASSWORD_HASH']
    readonly pepper: string | undefined
    readonly requireUsable: boolean
  }
  readonly http: {
    readonly basePath: string
    readonly corsOrigins: readonly string[]
    readonly trustedProxies: readonly string[]
    readonly revealUnknownUsers: boolean
    readonly requirePasswordConfirm: boolean
    readonly dialects: readonly SpokenDialect[]
    readonly requestRate: Rate
    readonly confirmRate: Rate
    readonly servesPages: boolean
  }
  readonly process: {
    readonly host: string
    readonly port: number
    readonly logLevel: Environment['LOG_LEVEL']
    readonly shutdownGraceSeconds: number
  }
}
