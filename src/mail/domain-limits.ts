// Keeps the mails to one domain from taking up all connections.
//
// A domain has at most half of them, and one at a time while it turns mails away or leaves them
// without an answer. A mail server that checks recipients while it is asked would otherwise make
// everybody wait for a slow or broken domain, which anybody can sign up with.

import type { Item } from './mail-item.ts'
import type { ChainOutcome } from './transports/chain.ts'

/** A mail without a domain, because it was never composed, meets no limit yet. */
export interface DomainLimits {
  /** Lets a mail go to its domain, or else keeps it until there is room. @returns whether it may go */
  enter(item: Item): boolean
  /**
   * Makes room again.
   *
   * @param outcome of the attempt; undefined where there was none
   * @returns the mails that were kept for that room
   */
  leave(item: Item, outcome: ChainOutcome | undefined): Iterable<Item>
  /** All mails that are kept. */
  kept(): Item[]
  /** Lets go of a mail that may be kept. */
  drop(item: Item): void
}

const MAX_FAILING = 10_000

/** Makes the limits for a number of connections. */
export function createDomainLimits(connections: number): DomainLimits {
  const most = Math.ceil(connections / 2)
  const underWay = new Map<string, number>()
  const kept = new Map<string, Set<Item>>()
  /** The one that failed longest ago first. */
  const failing = new Set<string>()
  const countOf = (domain: string) => underWay.get(domain) ?? 0

  return {
    enter(item) {
      const { domain } = item
      if (domain === undefined) return true
      if (countOf(domain) < (failing.has(domain) ? 1 : most)) {
        underWay.set(domain, countOf(domain) + 1)
        return true
      }
      kept.set(domain, (kept.get(domain) ?? new Set()).add(item))
      return false
    },
    leave({ domain }, outcome) {
      if (domain === undefined) return []
      const left = countOf(domain) - 1
      if (left > 0) underWay.set(domain, left)
      else underWay.delete(domain)
      const hasFailed = outcome?.status === 'unsent' && outcome.isOfThisMail
      if (hasFailed || outcome?.status === 'sent' || outcome?.status === 'refused') {
        failing.delete(domain)
        if (hasFailed) failing.add(domain)
      }
      const [oldest] = failing.size > MAX_FAILING ? failing : []
      if (oldest !== undefined) failing.delete(oldest)
      const released = kept.get(domain) ?? []
      kept.delete(domain)
      return released
    },
    kept: () => [...kept.values()].flatMap((items) => [...items]),
    drop(item) {
      const { domain = '' } = item
      const items = kept.get(domain)
      items?.delete(item)
      if (items?.size === 0) kept.delete(domain)
    },
  }
}
