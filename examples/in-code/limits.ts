// Limits of the application's own: each client starts with a few tokens, and gets new ones steadily.

import type { Limiter } from 'rekey'

interface Bucket {
  tokens: number
  /** Unix milliseconds. */
  filledAt: number
}

const MAX_CLIENTS = 10_000

/** Rekey hands in the time and who is counted: an IPv4 address, or an IPv6 network of 64 bits. */
export function tokenBucket(size: number, secondsPerToken: number): Limiter {
  const buckets = new Map<string, Bucket>()
  const look = (who: string, now: number): Bucket => {
    const { tokens, filledAt } = buckets.get(who) ?? { tokens: size, filledAt: now }
    const gained = Math.max(0, now - filledAt) / (secondsPerToken * 1000)
    return { tokens: Math.min(size, tokens + gained), filledAt: now }
  }
  const waitFor = (who: string, now: number) => {
    const { tokens } = look(who, now)
    return tokens >= 1 ? 0 : Math.ceil((1 - tokens) * secondsPerToken)
  }
  return {
    waitFor,
    count(who, now) {
      const wait = waitFor(who, now)
      if (wait > 0) return wait
      const bucket = look(who, now)
      // The one that was here longest goes, so that a flood of addresses cannot fill the memory.
      buckets.delete(who)
      const [oldest] = buckets.size >= MAX_CLIENTS ? buckets.keys() : []
      if (oldest !== undefined) buckets.delete(oldest)
      buckets.set(who, { ...bucket, tokens: bucket.tokens - 1 })
      return 0
    },
  }
}
