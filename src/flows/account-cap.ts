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
   * Counts a reset link about to be mailed. An order that was admitted once is admitted again.
   *
   * @param seal the signature that a link of the account would have now, for a timestamp
   * @param now unix milliseconds
   * @returns false when the mail must not go out
   */
  admit(order: MailOrder, seal: (timestamp: string) => string, now: number): boolean
}

interface Mailed {
  readonly order: MailOrder
  readonly at: number
  readonly fingerprint: string
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
    macFields(keys.log, ['rekey-log-v1', 'mailed-link', signature]).toString('base64url')

  const forgetOldest = (now: number) => {
    for (const [accountId, mails] of mailed) {
      const isOver = (mails.at(-1)?.at ?? 0) < now - rate.seconds * 1000
      if (!isOver && mailed.size < MAX_ACCOUNTS) return
      mailed.delete(accountId)
    }
  }

  return {
    admit(order, seal, now) {
      const isAlive = ({ order: { timestamp }, fingerprint: before }: Mailed) =>
        !isTooOld(timestamp, linkRules, now) && before === fingerprint(seal(timestamp))
      const recent = (mailed.get(order.accountId) ?? []).filter(
        (mail) => mail.at > now - rate.seconds * 1000,
      )
      if (recent.some((mail) => mail.order === order)) return true
      if (recent.length >= rate.limit && recent.some(isAlive)) return false

      forgetOldest(now)
      // Deleted first, so that the map stays in the order of the last mail.
      mailed.delete(order.accountId)
      const mail = { order, at: now, fingerprint: fingerprint(seal(order.timestamp)) }
      mailed.set(order.accountId, [...recent, mail].slice(-rate.limit))
      return true
    },
  }
}
