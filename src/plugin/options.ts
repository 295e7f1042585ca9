// What a Fastify application registers Rekey with.

import type { Transport } from '../mail/transports/transport.ts'
import type { Accounts, Hasher, PasswordWrite } from '../ports.ts'

/**
 * The variables of the service, and in place of what they would make, parts of the application's own.
 * Each part answers within ten seconds. What it throws is logged without its message, and comes to a
 * 503 where nothing else is said here.
 */
export interface RekeyOptions {
  /**
   * The variables that configure the service, such as `process.env`. HOST, PORT and LOG_LEVEL are the
   * application's own and not looked at; nor are those that a part replaces.
   */
  readonly env: Readonly<Record<string, string | undefined>>
  /** Finds, reads and writes the accounts, in place of DATABASE_URL, USERS_* and AFTER_RESET_SQL. */
  readonly accounts?: Accounts | undefined
  /**
   * Sends what is to be mailed, by mail or otherwise, in place of MAIL_TRANSPORT. An attempt that
   * throws, or takes too long, may have been delivered.
   */
  readonly transport?: Transport | undefined
  /**
   * Makes and compares hashes, in place of PASSWORD_HASH and PASSWORD_PEPPER. Rekey asks for a few at
   * a time, as it does of its own. A row for whose hash `canReplace` throws is left alone.
   */
  readonly hasher?: Hasher | undefined
  /** What is counted per client address; wrong old passwords and changes, per account. */
  readonly limits?: RekeyLimits | undefined
  /**
   * Is asked before a password is written by a reset or a change, once Rekey's own rules are kept;
   * perhaps twice. The link stays usable when it refuses.
   *
   * @param password as typed
   * @returns what the reader is told as a fault of the password, or nothing to let it be written
   */
  readonly beforeReset?:
    | ((write: PasswordWrite, password: string) => MaybeLater<string | undefined>)
    | undefined
  /**
   * Is told of a password that is set, before the reader is. When it fails, the reply is the same.
   * Whatever must not be missed belongs in AFTER_RESET_SQL, which is in the transaction of the write.
   */
  readonly afterReset?: ((write: PasswordWrite) => unknown) | undefined
}

/** Counts what somebody does within a period, in this process. It answers at once. */
export interface OwnLimiter {
  /**
   * Counts once more, unless the limit is reached.
   *
   * @param who a client address, an account, or a link that a client was led to
   * @param now unix milliseconds, by a monotonic clock
   * @returns seconds to wait; 0 when it was within the limit
   */
  count(who: string, now: number): number
  /** Says what `count` would, and counts nothing. */
  waitFor(who: string, now: number): number
}

/** Limiters of the application's own, each in place of one of Rekey's. */
export interface RekeyLimits {
  /** Link requests, in place of RATE_LIMIT_REQUESTS. */
  readonly requests?: OwnLimiter | undefined
  /** Checks, resets and changes, in place of RATE_LIMIT_CONFIRMS. */
  readonly confirms?: OwnLimiter | undefined
  /** Wrong old passwords for one account. */
  readonly wrongOldPasswords?: OwnLimiter | undefined
  /** Passwords changed by the old one, for one account. */
  readonly changes?: OwnLimiter | undefined
}

type MaybeLater<T> = T | PromiseLike<T>
