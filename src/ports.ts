// The shapes that flows and routes need from the world. Types only; the adapters are in the folders
// beside it.

import type { AccountFacts } from './core/link.ts'
import type { HashableForm, PersonalValue } from './core/password-policy.ts'
import type { ErrorCode } from './errors.ts'

/** A row of the host's table as Rekey sees it, at the moment it was read. */
export interface Account extends AccountFacts {
  readonly id: string
  /** What USERS_ELIGIBLE_SQL says of the row. */
  readonly isEligible: boolean
  /** What the password must not resemble: the address, the name, the login names. */
  readonly personal: readonly PersonalValue[]
  readonly name: string | undefined
  readonly locale: string | undefined
  /**
   * When the password was last changed, in unix seconds. Undefined where it never was, and where
   * nobody needs to know.
   */
  readonly changedAt: number | undefined
}

/** What somebody typed to say who they are, trimmed. */
export interface Identifier {
  readonly text: string
  /** `address` is looked up as an address only, `login` in the login columns too. */
  readonly kind: 'address' | 'login'
}

/** How long the reply to a request may still take. */
export interface Deadline {
  /** @returns milliseconds, which are less than 0 once the time is over */
  leftMs(): number
  /** Waits for work whose time does not count, because it does not depend on the database. */
  exempt<T>(work: Promise<T>): Promise<T>
}

/** The host's users table. What asks it throws RekeyError `unavailable` when it cannot answer. */
export interface Accounts {
  /**
   * Finds the accounts of many identifiers at once.
   *
   * @returns for each identifier its accounts, eligible or not: the exact spelling first, then the
   * order of ids, at most five
   */
  find(identifiers: readonly Identifier[]): Promise<readonly (readonly Account[])[]>
  /** Reads accounts by id. Ids without a row are left out. */
  read(ids: readonly string[], deadline?: Deadline): Promise<readonly Account[]>
  /**
   * Writes a new hash if the row still is what `account` says: id, hash, address, eligibility and
   * last login, in one statement. Keeps it only if the row then holds exactly that.
   *
   * @returns whether it did; where the answer was lost, the write whose outcome is open
   * @throws RekeyError `unavailable` when certainly nothing is written
   */
  replacePassword(
    account: Account,
    newHash: string,
    deadline?: Deadline,
  ): Promise<boolean | OpenWrite>
  /** Says whether ids are integers. True as long as the database has not been reached. */
  takesIntegerIds(): boolean
}

/** A write that was sent and not answered: it may have been made, and may yet be. */
export interface OpenWrite {
  /**
   * Asks what became of it.
   *
   * @returns whether it was made; undefined as long as it may yet be
   * @throws RekeyError `unavailable` when there is no answer
   */
  ask(): Promise<boolean | undefined>
}

/** Asks for the outcomes of open writes until they are known, after the replies. */
export interface OpenWrites {
  /** @param announce runs once, if the write was made. It never rejects */
  follow(write: OpenWrite, announce: () => Promise<void>): void
}

/** Makes and compares password hashes in the formats that the host application reads. */
export interface Hasher {
  /** The most UTF-8 bytes of any new password, when PASSWORD_HASH names a format that has a limit. */
  readonly maxBytes: number | undefined
  /**
   * Says whether what a row holds may be replaced: a hash in a format that would be kept, or any
   * when PASSWORD_HASH names one; no hash at all only with REQUIRE_USABLE_PASSWORD=false.
   */
  canReplace(passwordHash: string | null): boolean
  /**
   * Says what the format of the new hash would make of a password, for the rules to judge.
   *
   * @param currentHash the row's own, one that `canReplace` takes
   */
  prepare(password: string, currentHash: string | null): HashableForm
  /**
   * Hashes a password, as typed, that the rules have accepted.
   *
   * @param currentHash the row's own, whose format is kept when PASSWORD_HASH is `auto`
   * @throws RekeyError `unavailable` when too many hashes wait already
   */
  hash(password: string, currentHash: string | null): Promise<string>
  /**
   * Compares a password, as typed, with what a row holds, in whichever format that is.
   *
   * @returns false also for what is no hash in a known format, at once
   * @throws RekeyError `unavailable` when too many hashes wait already
   */
  verify(password: string, currentHash: string | null): Promise<boolean>
}

/** A new password for an account. */
export interface PasswordWrite {
  readonly accountId: string
  /** Whether a link has allowed it, or the old password. */
  readonly occasion: 'reset' | 'change'
}

/** What the host application does around the write of a password, in no transaction with it. */
export interface ResetHooks {
  /**
   * Is asked once every rule is kept and before anything is written. It may be asked again for the
   * same write.
   *
   * @param password as typed
   * @returns what the reader is told where the password is refused
   * @throws RekeyError `unavailable`
   */
  beforeReset(write: PasswordWrite, password: string): Promise<string | undefined>
  /** Is told of a password that is set, whatever comes of it. The reply waits. It never rejects. */
  afterReset(write: PasswordWrite): Promise<void>
}

/** What a JWT of the host application says, once it is proven. */
export interface VerifiedJwt {
  /** The id that it names: a text, or a safe integer. No account need have it. */
  readonly subject: string | number
  /** Unix seconds; undefined only where no change of a password is held against it. */
  readonly issuedAt: number | undefined
}

/** Verifies the JWTs by which the host application lets its users call others. */
export interface JwtVerifier {
  /**
   * @param now unix milliseconds
   * @throws RekeyError `not_authenticated` for whatever is not such a JWT, or not any more
   * @throws RekeyError `unavailable` when the host's keys cannot be had
   */
  verify(jwt: string, now: number): Promise<VerifiedJwt>
}

/** Counts what somebody does within a period. Not shared between processes. */
export interface Limiter {
  /**
   * Counts once more, unless the limit is reached.
   *
   * @param who a client address, an account, or a link that a client was led to
   * @returns seconds to wait; 0 when it was within the limit
   */
  count(who: string): number
  /** Says what `count` would, and counts nothing. */
  waitFor(who: string): number
}

/** What is counted, each by a limiter of its own. */
export interface Limits {
  /** Link requests, per client address. */
  readonly requests: Limiter
  /** Checks, resets and changes, per client address. */
  readonly confirms: Limiter
  /** Wrong old passwords, per account, so that a stolen JWT does not let anybody guess. */
  readonly wrongOldPasswords: Limiter
  /** Passwords changed by the old one, per account: each is a mail to its owner. */
  readonly changes: Limiter
}

/** A mail to be sent. No link or hash: they are read when it is composed. */
export type MailOrder = RequestedMailOrder | NoticeOrder

/** A mail that somebody has asked for. It goes to the address that the row has when it is composed. */
export interface RequestedMailOrder {
  readonly kind: Exclude<MailMessage['kind'], 'password-changed'>
  readonly accountId: string
  /** Unix seconds: the timestamp of the link asked for. */
  readonly timestamp: string
  /** Who asked for it, by a name that cannot be read back; undefined where support staff did. */
  readonly client?: string | undefined
}

/** The notice of a change. It goes to the address that the row had when the password was written. */
export interface NoticeOrder {
  readonly kind: 'password-changed'
  readonly accountId: string
  /** Unix seconds: when the password was changed. */
  readonly timestamp: string
  readonly emailAddress: string
  /** Nobody asks for it. */
  readonly client?: undefined
}

/** The bounded line of mails to be sent. */
export interface MailLine {
  /** Takes an order. A full line drops it, or one whose turn comes later, which only an event says. */
  add(order: MailOrder): void
}

/** What a mail says, before it is put into words. */
export type MailMessage =
  | {
      readonly kind: 'reset-link'
      /** Mailed as it stands. */
      readonly link: string
      readonly ttlSeconds: number
      readonly name: string | undefined
    }
  | {
      readonly kind: 'password-changed'
      readonly changedAt: Date
      /** Without anything secret in it. */
      readonly requestPageUrl: string
      readonly name: string | undefined
    }
  | {
      /** For whoever asked for a link to an account that signs in elsewhere. It carries none. */
      readonly kind: 'no-password'
      readonly name: string | undefined
    }

/** A mail without its envelope. */
export interface RenderedMail {
  readonly subject: string
  readonly text: string
  /** Empty in a mail of text alone. */
  readonly html: string
}

/** Puts messages into words. */
export interface Templates {
  /** The languages that there are. */
  readonly locales: readonly string[]
  /** Names the language that a row's locale is answered in. */
  languageFor(locale: string): string
  /**
   * Renders a message. The same values give the same bytes.
   *
   * @param locale as a row spells it; the closest language there is, else the default
   */
  render(message: MailMessage, locale: string): RenderedMail
}

/** A mail as a provider gets it. */
export interface OutgoingMail extends RenderedMail {
  /** `Name <address>` or an address. */
  readonly from: string
  readonly to: string
  readonly replyTo?: string | undefined
  /** Further header fields, by name. */
  readonly headers: Readonly<Record<string, string>>
  readonly accountId: string
  /** What subject, text and HTML say. */
  readonly message: MailMessage
  /** The same for the same mail, and for no other. */
  readonly idempotencyKey: string
}

/** A link request as it was submitted. */
export interface ResetRequest {
  readonly identifier: Identifier
  /** Unix milliseconds. */
  readonly receivedAt: number
  /** As the limits count it. */
  readonly client: string
}

/** The bounded line of link requests, between the reply and anything that concerns an account. */
export interface IntakeLine {
  /** Takes a request. @returns false when the line is full */
  add(request: ResetRequest): boolean
}

/** What happened, for those who watch over the service. Nothing secret in it. */
export type RekeyEvent =
  /** Of an account that may have a link: one is ordered. */
  | { readonly type: 'password_reset.requested'; readonly accountId: string }
  | { readonly type: 'password_reset.ignored'; readonly reason: IgnoredReason }
  | {
      readonly type: 'password_reset.mailed'
      readonly accountId: string
      readonly kind: MailOrder['kind']
    }
  | {
      readonly type: 'password_reset.mail_failed'
      readonly accountId: string
      readonly kind: MailOrder['kind']
      readonly reason: string
    }
  /** Sent, but not heard of: it is tried again as the same mail. */
  | {
      readonly type: 'password_reset.mail_unconfirmed'
      readonly accountId: string
      readonly kind: MailOrder['kind']
      readonly reason: string
    }
  /** By an operator, who got the link instead of a mail. */
  | { readonly type: 'password_reset.link_printed'; readonly accountId: string }
  | { readonly type: 'password_reset.completed'; readonly accountId: string }
  /** By somebody who is signed in and knew the old one. */
  | { readonly type: 'password.changed'; readonly accountId: string }
  /** By whoever held a link that this service made for the account. */
  | {
      readonly type: 'password_reset.refused'
      readonly accountId: string
      readonly reason: RefusedReason
    }

/** Why a genuine link did not set a password: the code that its holder was answered with. */
export type RefusedReason = Extract<ErrorCode, 'link_superseded' | 'password_rejected'>

/** Why a request or an order led to no mail. */
export type IgnoredReason =
  | 'no_account'
  | 'not_eligible'
  /** NULL, empty, or marked as no password. */
  | 'no_usable_password'
  /** Its host application could not read what Rekey would write. */
  | 'unknown_hash_format'
  | 'no_mailbox'
  /** Since it was asked for, so that a notice of having none would be wrong. */
  | 'has_password_now'
  | 'too_late'
  /** The same mail, by another request within one bucket. */
  | 'already_mailed'
  | 'capped'
  /** A template of the operator's fails for its values. */
  | 'cannot_be_rendered'
  | 'mail_line_full'
  /** By itself, while the database answers for others. */
  | 'look_up_too_slow'

/** Takes events. It never throws and never waits. */
export interface Events {
  record(event: RekeyEvent): void
}
