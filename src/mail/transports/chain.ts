// Sends through the first of several transports that is in order, so that a mail arrives once.
//
// A transport that keeps failing is left alone for a while, then tried with a single mail. After an
// outcome that nobody knows, the mail stays with the transport that was asked: another one would
// deliver it a second time, and only the first knows it by its key.

import type { SendOutcome, Transport } from '../../ports.ts'

export interface ChainOptions {
  /** @returns unix milliseconds */
  readonly clock: () => number
  /** Is told that a transport is left alone, for how long, and what it did last. */
  readonly onRest: (name: string, restMs: number, reason: string) => void
  /** How many failures in a row it takes. */
  readonly failuresToRest?: number
  /** The first rest; each further one is twice as long, up to the longest. */
  readonly firstRestMs?: number
  readonly longestRestMs?: number
}

interface Member {
  readonly name: string
  readonly transport: Transport
  /** In a row. */
  failures: number
  rests: number
  /** Unix milliseconds. */
  restsUntil: number
  /** Whether a mail is finding out if a rest has helped. */
  isProbed: boolean
}

/** A mail that a member may have taken. */
interface Doubt {
  readonly member: Member
  attempts: number
}

const FAILURES_TO_REST = 5
const FIRST_REST_MS = 2000
const LONGEST_REST_MS = 30_000
/** How soon to ask again while a rested member is being tried. */
const PROBE_MS = 250
/** How often a mail may be in doubt where nobody tells the second one by its key. */
const DOUBTS_WITHOUT_KEYS = 3
/** More than can wait in a mail line; what is forgotten was given up long ago. */
const MAX_DOUBTS = 20_000

/** Makes a chain of transports, by name, the preferred one first. One alone is a chain too. */
export function createChain(
  transports: readonly (readonly [name: string, transport: Transport])[],
  options: ChainOptions,
): Transport {
  const { clock, failuresToRest = FAILURES_TO_REST } = options
  const { firstRestMs = FIRST_REST_MS, longestRestMs = LONGEST_REST_MS } = options
  const members = transports.map(
    ([name, transport]): Member => ({
      name,
      transport,
      failures: 0,
      rests: 0,
      restsUntil: 0,
      isProbed: false,
    }),
  )
  const doubts = new Map<string, Doubt>()

  const restOf = (member: Member) =>
    member.isProbed ? PROBE_MS : Math.max(member.restsUntil - clock(), 0)
  const attempt = async (member: Member, send: () => Promise<SendOutcome>) => {
    const isProbe = member.failures >= failuresToRest
    if (isProbe) member.isProbed = true
    const outcome = await send()
    if (isProbe) member.isProbed = false
    if (outcome.status === 'sent' || outcome.status === 'refused') {
      member.failures = 0
      member.rests = 0
      return outcome
    }
    member.failures += 1
    const asked = outcome.retryAfterMs ?? 0
    const isWorn = member.failures === failuresToRest || isProbe
    const worn = isWorn ? Math.min(firstRestMs * 2 ** member.rests, longestRestMs) : 0
    if (isWorn) member.rests += 1
    const restMs = Math.max(asked, worn)
    if (restMs > 0) {
      const isNews = restOf(member) === 0
      member.restsUntil = Math.max(member.restsUntil, clock() + restMs)
      if (isNews) options.onRest(member.name, restMs, outcome.reason)
    }
    return outcome
  }
  const doubt = (key: string, member: Member) => {
    const known = doubts.get(key) ?? { member, attempts: 0 }
    known.attempts += 1
    doubts.set(key, known)
    const oldest = doubts.size > MAX_DOUBTS ? doubts.keys().next().value : undefined
    if (oldest !== undefined) doubts.delete(oldest)
  }
  const isWornOut = (key: string, { transport }: Member) =>
    !transport.knowsKeys && (doubts.get(key)?.attempts ?? 0) >= DOUBTS_WITHOUT_KEYS
  /** @returns whether no attempt is in doubt any more */
  const settle = (key: string, { status }: SendOutcome) => {
    const known = doubts.get(key)
    if (!known) return true
    known.attempts -= 1
    if (status !== 'unsent' || known.attempts === 0) doubts.delete(key)
    return !doubts.has(key)
  }

  return {
    async send(mail) {
      const key = mail.idempotencyKey
      const asked = doubts.get(key)?.member
      const candidates = asked ? [asked] : members
      let last: Extract<SendOutcome, { status: 'unsent' }> | undefined
      for (const member of candidates) {
        if (restOf(member) > 0) continue
        // Until it has answered, for other attempts at the same mail too.
        doubt(key, member)
        const outcome = await attempt(member, () => member.transport.send(mail))
        if (outcome.status === 'unknown') {
          const reason = `${outcome.reason}, ${DOUBTS_WITHOUT_KEYS} times`
          return isWornOut(key, member) ? { status: 'refused', reason } : outcome
        }
        const isClear = settle(key, outcome)
        if (outcome.status !== 'unsent') return outcome
        last = outcome
        if (!isClear) break
      }
      const retryAfterMs = Math.min(...candidates.map(restOf))
      const reason =
        last?.reason ?? `${candidates.map(({ name }) => name).join(' and ')} left alone`
      return retryAfterMs > 0 || last === undefined
        ? { status: 'unsent', reason, retryAfterMs }
        : { status: 'unsent', reason }
    },
    knowsKeys: members.every(({ transport }) => transport.knowsKeys),
    restMs: () => Math.min(...members.map(restOf)),
    close() {
      for (const { transport } of members) transport.close()
    },
  }
}
