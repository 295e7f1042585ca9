// How many reset links an account is mailed while one of them still works.
//
// It cannot lock anybody out: once every link that was mailed is dead, by age or because the
// account has changed, the cap no longer binds. To know that without storing a link, it keeps a MAC
// of each one's signature and seals the account anew to compare.

import type { SecretKeys } from '../core/key-ring.ts'
import { isTooOld, type LinkRules } from '../core/link.ts'
import { macFields } from '../core/message.ts'
import type { MailOrder } from '../ports.ts'

export interface AccountCap {
  /**
   * Counts a reset link about to be mailed. A retry is not counted. Requests within one bucket share
   * a link and count as one. No more of them than the limit are mailed, because a provider that
   * ignores idempotency keys would deliver every one.
   *
   * @param seal the signature that a link of the account would have now, for a timestamp
   * @param now unix milliseconds
   * @returns false when the mail must not go out
   */
  admit(order: MailOrder, seal: (timestamp: string) => string, now: number): boolean
  /** Takes back the count of a link that never arrived. */
  forget(order: MailOrder): void
}

/** One link, however often it was mailed. */
interface Mailed {
  readonly timestamp: string
  /** Unix milliseconds. */
  readonly at: number
  readonly fingerprint: string
  /** To tell a retry from another request within the same bucket. */
  readonly orders: readonly MailOrder[]
}

const MAX_ACCOUNTS = 100_000

/** Makes a cap that has counted nothing yet. Each process counts its own. */
export function createAccountCap(
  keys: SecretKeys,
  rate: { readonly limit: number; readonly seconds: number },
  linkRules: LinkRules,
): AccountCap {
  const mailed = new Map<string, readonly Mailed[]>()
  const fingerprint = (signature: string) =>
    macFields(keys.accountCap, ['rekey-account-cap-v1', signature]).toString('base64url')

  const forgetOldest = (now: number) => {
    for (const [accountId, mails] of mailed) {
      const isOver = (mails.at(-1)?.at ?? 0) < now - rate.seconds * 1000
      if (!isOver && mailed.size < MAX_ACCOUNTS) return
      mailed.delete(accountId)
    }
  }

  return {
    admit(order, seal, now) {
      const { accountId, timestamp } = order
      const isAlive = (mail: Mailed) =>
        !isTooOld(mail.timestamp, linkRules, now) &&
        mail.fingerprint === fingerprint(seal(mail.timestamp))
      const recent = (mailed.get(accountId) ?? []).filter(
        (mail) => mail.at > now - rate.seconds * 1000,
      )
      const same = recent.find((mail) => mail.timestamp === timestamp && isAlive(mail))
      if (same?.orders.includes(order)) return true
      const count = same ? same.orders.length : recent.length
      if (count >= rate.limit && recent.some(isAlive)) return false

      forgetOldest(now)
      const others = recent.filter((mail) => mail !== same)
      const orders = [...(same?.orders ?? []), order]
      const mail = { timestamp, at: now, fingerprint: fingerprint(seal(timestamp)), orders }
      // Deleted first, so that the map stays in the order of the last mail.
      mailed.delete(accountId)
      mailed.set(accountId, [...others, mail].slice(-rate.limit))
      return true
    },

    forget({ accountId, timestamp }) {
      const others = mailed.get(accountId)?.filter((mail) => mail.timestamp !== timestamp)
      if (others && others.length > 0) mailed.set(accountId, others)
      else mailed.delete(accountId)
    },
  }
}
