// Keeps the mails to one domain from taking up all connections.
//
// A domain has at most half of them, and one at a time while it turns mails away or leaves them
// without an answer. A mail server that checks recipients while it is asked would otherwise make
// everybody wait for a slow or broken domain, which anybody can sign up with.

import type { Item } from './mail-item.ts'
import type { ChainOutcome } from './transports/chain.ts'

/** A mail without a domain, because it was never composed, meets no limit yet. */
export interface DomainLimits {
  /** Says whether a mail may go to its domain now. */
  hasRoom(item: Item): boolean
  /** Counts a mail that goes there. */
  enter(item: Item): void
  /**
   * Makes room again.
   *
   * @param outcome of the attempt; undefined where there was none
   */
  leave(item: Item, outcome: ChainOutcome | undefined): void
}

const MAX_FAILING = 10_000

/** Makes the limits for a number of connections. */
export function createDomainLimits(connections: number): DomainLimits {
  const most = Math.ceil(connections / 2)
  const underWay = new Map<string, number>()
  /** The one that failed longest ago first. */
  const failing = new Set<string>()
  const countOf = (domain: string) => underWay.get(domain) ?? 0

  return {
    hasRoom: ({ domain }) =>
      domain === undefined || countOf(domain) < (failing.has(domain) ? 1 : most),
    enter({ domain }) {
      if (domain !== undefined) underWay.set(domain, countOf(domain) + 1)
    },
    leave({ domain }, outcome) {
      if (domain === undefined) return
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
    },
  }
}
