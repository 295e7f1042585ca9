// How many of the mails that anybody can ask for a stored address gets. Two rules bind:
//
// 1. Within the period of RATE_LIMIT_PER_ACCOUNT it gets no more than that, while an account with it
//    still has a link that works.
// 2. After ten within 24 hours, an account with it gets one an hour. So it cannot be flooded by killing
//    the links either, say by signing in after each.
//
// Neither can lock anybody out. The first one ends once every link that was mailed for an account is
// dead, by age or because the account has changed; the second one within an hour. Of several accounts
// with one address each is mailed a link therefore, whatever was mailed to the others. To know what still
// works without storing a link, the cap keeps a MAC of each one's signature and seals the account anew to
// compare.

import type { SecretKeys } from '../core/key-ring.ts'
import { isFromFuture, isTooOld, type LinkRules } from '../core/link.ts'
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

const HOUR_SECONDS = 3600
const DAY_SECONDS = 86_400
/** How many an address gets within a day before each account gets one an hour. */
const FREE_A_DAY = 10
const MAX_ADDRESSES = 100_000
/** Remembered of one address; more accounts than that with the same one are not reckoned with. */
const MAX_MAILS = 100

/** Makes a cap that has counted nothing yet. Each process counts its own. */
export function createAddressCap(keys: SecretKeys, rate: Rate, linkRules: LinkRules): AddressCap {
  /** By a MAC of the address, the one mailed longest ago first. */
  const mailed = new Map<string, readonly Mailed[]>()
  const names = new WeakMap<MailOrder, string>()
  const memorySeconds = Math.max(rate.seconds, DAY_SECONDS)
  const fingerprint = (...fields: readonly string[]) =>
    macFields(keys.addressCap, ['rekey-address-cap-v1', 'mail', ...fields]).toString('base64url')

  const forgetOldest = (now: number) => {
    for (const [name, mails] of mailed) {
      if (mails.some(isWithin(memorySeconds, now)) && mailed.size < MAX_ADDRESSES) return
      mailed.delete(name)
    }
  }

  return {
    admit(order, address, seal, shown, now) {
      const name = nameAddress(keys, address)
      const known = (mailed.get(name) ?? []).filter(isWithin(memorySeconds, now))
      const signature = fingerprint(seal(order.timestamp))
      const content = fingerprint(seal(order.timestamp), ...shown)
      // The same mail, which goes out once.
      if (known.some((mail) => mail.content === content)) return true
      const isOwn = (mail: Mailed) => mail.order.accountId === order.accountId
      const works = ({ order: { timestamp }, signature: mac }: Mailed) =>
        !isTooOld(timestamp, linkRules, now) &&
        !isFromFuture(timestamp, now) &&
        mac === fingerprint(seal(timestamp))

      const recent = known.filter(isWithin(rate.seconds, now))
      if (recent.length >= rate.limit && recent.some((mail) => isOwn(mail) && works(mail))) {
        return false
      }
      const today = known.filter(isWithin(DAY_SECONDS, now))
      const lastHour = today.filter(isWithin(HOUR_SECONDS, now))
      if (today.length >= FREE_A_DAY && lastHour.some(isOwn)) return false

      forgetOldest(now)
      names.set(order, name)
      // Deleted first, so that the map stays in the order of the last mail.
      mailed.delete(name)
      mailed.set(name, [...known, { order, at: now, signature, content }].slice(-MAX_MAILS))
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

/** Within a time before now; also after it, by a clock that was ahead for a moment, for as long. */
function isWithin(seconds: number, now: number) {
  return ({ at }: Mailed) => Math.abs(now - at) < seconds * 1000
}
