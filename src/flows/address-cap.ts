// How many reset links a stored address is mailed while one of them still works.
//
// It cannot lock anybody out: once every link that was mailed for an account is dead, by age or
// because the account has changed, the cap no longer binds it. Of several accounts with one address
// each is mailed a link therefore, whatever was mailed to the others. To know what still works without
// storing a link, it keeps a MAC of each one's signature and seals the account anew to compare.

import type { SecretKeys } from '../core/key-ring.ts'
import { isTooOld, type LinkRules } from '../core/link.ts'
import { macFields } from '../core/message.ts'
import { nameAddress } from '../core/name-address.ts'
import type { Rate } from '../core/rate.ts'
import type { MailOrder } from '../ports.ts'

export interface AddressCap {
  /**
   * Counts a mail about to go out; the same one is counted once, however often it is tried.
   *
   * @param address as it is stored; the spellings that find the same accounts count as one
   * @param seal the signature that a link of the account would have now, for a timestamp
   * @param shown what the mail shows beside the link
   * @param now unix milliseconds
   * @returns false when the mail must not go out
   */
  admit(
    order: MailOrder,
    address: string,
    seal: (timestamp: string) => string,
    shown: readonly string[],
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
  /** MACs of the link's signature, and of all that makes the mail what it is. */
  readonly signature: string
  readonly content: string
}

const MAX_ADDRESSES = 100_000
/** Remembered of one address; more accounts than that with the same one are not reckoned with. */
const MAX_MAILS = 100

/** Makes a cap that has counted nothing yet. Each process counts its own. */
export function createAddressCap(keys: SecretKeys, rate: Rate, linkRules: LinkRules): AddressCap {
  /** By a MAC of the address, the one mailed longest ago first. */
  const mailed = new Map<string, readonly Mailed[]>()
  const names = new WeakMap<MailOrder, string>()
  const fingerprint = (...fields: readonly string[]) =>
    macFields(keys.addressCap, ['rekey-address-cap-v1', 'mail', ...fields]).toString('base64url')

  const forgetOldest = (now: number) => {
    for (const [name, mails] of mailed) {
      const isOver = (mails.at(-1)?.at ?? 0) < now - rate.seconds * 1000
      if (!isOver && mailed.size < MAX_ADDRESSES) return
      mailed.delete(name)
    }
  }

  return {
    admit(order, address, seal, shown, now) {
      const name = nameAddress(keys, address)
      const isRecent = ({ at }: Mailed) => Math.abs(now - at) < rate.seconds * 1000
      const recent = (mailed.get(name) ?? []).filter(isRecent)
      const signature = fingerprint(seal(order.timestamp))
      const content = fingerprint(seal(order.timestamp), ...shown)
      // The same mail, which goes out once.
      if (recent.some((mail) => mail.content === content)) return true
      const worksForAccount = (mail: Mailed) =>
        mail.order.accountId === order.accountId &&
        !isTooOld(mail.order.timestamp, linkRules, now) &&
        mail.signature === fingerprint(seal(mail.order.timestamp))
      if (recent.length >= rate.limit && recent.some(worksForAccount)) return false

      forgetOldest(now)
      names.set(order, name)
      // Deleted first, so that the map stays in the order of the last mail.
      mailed.delete(name)
      mailed.set(name, [...recent, { order, at: now, signature, content }].slice(-MAX_MAILS))
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
