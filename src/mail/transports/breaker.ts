// Leaves a transport alone for a while that keeps failing (a circuit breaker), or that asks for it.

import type { SendOutcome } from './transport.ts'

export interface Breaker {
  /** @returns for how many milliseconds nothing should be sent; 0 when something can be */
  restMs(): number
  /** Makes an attempt, and learns from its outcome. */
  attempt(send: () => Promise<SendOutcome>): Promise<SendOutcome>
}

interface BreakerOptions {
  /** @returns milliseconds of a clock that never goes back */
  readonly clock: () => number
  /** Is told of a rest that begins: how long, and what the last attempt came to. */
  readonly onRest: (restMs: number, reason: string) => void
}

/** How many failures in a row it takes. */
const FAILURES_TO_REST = 5
/** Each further rest is twice as long, up to the longest. */
const FIRST_REST_MS = 2000
const LONGEST_REST_MS = 30_000
/** How soon to ask again while a single mail finds out whether a rest has helped. */
const PROBE_MS = 250

/** Makes a breaker that has seen no failure. */
export function createBreaker({ clock, onRest }: BreakerOptions): Breaker {
  /** In a row. */
  let failures = 0
  let rests = 0
  /** By the clock. */
  let restsUntil = 0
  let isProbed = false

  const restMs = () => (isProbed ? PROBE_MS : Math.max(restsUntil - clock(), 0))
  return {
    restMs,
    async attempt(send) {
      const isProbe = failures >= FAILURES_TO_REST
      if (isProbe) isProbed = true
      const outcome = await send()
      if (isProbe) isProbed = false
      const { status } = outcome
      // It may be known without the provider.
      if (status === 'refused' && outcome.isOfTransport) return outcome
      // A provider that fails a single mail is well: else an address that it turns away for now, or
      // leaves without an answer, which anybody can sign up with, would hold up everybody's mails.
      if (
        status === 'sent' ||
        status === 'refused' ||
        (status === 'unsent' && outcome.isOfThisMail)
      ) {
        failures = 0
        rests = 0
        return outcome
      }
      failures += 1
      const isDue = failures === FAILURES_TO_REST || isProbe
      const due = isDue ? Math.min(FIRST_REST_MS * 2 ** rests, LONGEST_REST_MS) : 0
      if (isDue) rests += 1
      const rest = Math.max(outcome.retryAfterMs ?? 0, due)
      if (rest > 0) {
        const isNews = restMs() === 0
        restsUntil = Math.max(restsUntil, clock() + rest)
        if (isNews) onRest(rest, outcome.reason)
      }
      return outcome
    },
  }
}
