// How many reset links a stored address is mailed while one of them still works.
//
// It cannot lock anybody out: once every link that was mailed for an account is dead, by age or
// because the account has changed, the cap no longer binds it. Of several accounts with one address
// each is mailed a link therefore, whatever was mailed to the others. To know what still works
// without storing a link, it keeps a MAC of each one's signature and seals the account anew to compare.

import { foldAsciiCase } from '../core/email-address.ts'
import type { SecretKeys } from '../core/key-ring.ts'
import { isTooOld, type LinkRules } from '../core/link.ts'
import { macFields } from '../core/message.ts'
import type { MailOrder } from '../ports.ts'

export interface AccountCap {
  /**
   * Counts a reset link about to be mailed. A retry of the same order is not counted.
   *
   * @param address as it is stored; the spellings that find the same accounts count as one
   * @param seal the signature that a link of the account would have now, for a timestamp
   * @param now unix milliseconds
   * @returns false when the mail must not go out
   */
  admit(
    order: MailOrder,
    address: string,
    seal: (timestamp: string) => string,
    now: number,
  ): boolean
  /** Takes back the count of a mail that reached nobody. */
  forget(order: MailOrder): void
}

/** One mail. */
interface Mailed {
  readonly order: MailOrder
  /** Unix milliseconds. */
  readonly at: number
  readonly fingerprint: string
}

const MAX_ADDRESSES = 100_000
/** What one address is remembered by beyond the limit: as many accounts are mailed at one request. */
const MAX_ACCOUNTS = 5

/** Makes a cap that has counted nothing yet. Each process counts its own. */
export function createAccountCap(
  keys: SecretKeys,
  rate: { readonly limit: number; readonly seconds: number },
  linkRules: LinkRules,
): AccountCap {
  /** By a MAC of the address, the one mailed longest ago first. */
  const mailed = new Map<string, readonly Mailed[]>()
  const names = new WeakMap<MailOrder, string>()
  const fingerprint = (signature: string) =>
    macFields(keys.accountCap, ['rekey-account-cap-v1', signature]).toString('base64url')

  const forgetOldest = (now: number) => {
    for (const [name, mails] of mailed) {
      const isOver = (mails.at(-1)?.at ?? 0) < now - rate.seconds * 1000
      if (!isOver && mailed.size < MAX_ADDRESSES) return
      mailed.delete(name)
    }
  }

  return {
    admit(order, address, seal, now) {
      const name = nameAddress(keys, address)
      const recent = (mailed.get(name) ?? []).filter((mail) => mail.at > now - rate.seconds * 1000)
      if (recent.some((mail) => mail.order === order)) return true
      const worksForAccount = (mail: Mailed) =>
        mail.order.accountId === order.accountId &&
        !isTooOld(mail.order.timestamp, linkRules, now) &&
        mail.fingerprint === fingerprint(seal(mail.order.timestamp))
      if (recent.length >= rate.limit && recent.some(worksForAccount)) return false

      forgetOldest(now)
      names.set(order, name)
      const mail = { order, at: now, fingerprint: fingerprint(seal(order.timestamp)) }
      // Deleted first, so that the map stays in the order of the last mail.
      mailed.delete(name)
      mailed.set(name, [...recent, mail].slice(-(rate.limit + MAX_ACCOUNTS)))
      return true
    },

    forget(order) {
      const name = names.get(order) ?? ''
      const others = mailed.get(name)?.filter((mail) => mail.order !== order)
      if (others && others.length > 0) mailed.set(name, others)
      else mailed.delete(name)
    },
  }
}

/** Names an address so that it cannot be read back, the same for all spellings that find it. */
export function nameAddress(keys: SecretKeys, address: string): string {
  const fields = ['rekey-account-cap-v1', 'address', foldAsciiCase(address)]
  return macFields(keys.accountCap, fields).toString('base64url', 0, 16)
}
