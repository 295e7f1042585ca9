// Sends through the first of several transports that is in order, so that a mail arrives once.
//
// After an outcome that nobody knows, the mail stays with the transport that was asked: another one
// would deliver it a second time, and only the first knows it by its key. A mail that was delivered
// is not handed to any transport again.

import type { OutgoingMail } from '../../ports.ts'
import { type Breaker, createBreaker } from './breaker.ts'
import type { SendOutcome, Transport } from './transport.ts'

export interface Chain {
  /**
   * Makes one attempt, with as many transports as it takes. It never rejects. Nobody may send the
   * same mail meanwhile.
   */
  send(mail: OutgoingMail): Promise<ChainOutcome>
  /** @returns for how many milliseconds there is no point in sending anything; 0 when there is */
  restMs(): number
  /** Lets go of all connections. Nothing is sent any more. */
  close(): void
}

export type ChainOutcome =
  | SendOutcome
  /** This very mail was delivered before, and is not sent again. */
  | { readonly status: 'repeated' }
  /** No transport was asked, because all are left alone. */
  | { readonly status: 'deferred'; readonly retryAfterMs: number }

interface ChainOptions {
  /** @returns milliseconds of a clock that never goes back */
  readonly clock: () => number
  /** Is told that a transport is left alone, for how long, and what it did last. */
  readonly onRest: (name: string, restMs: number, reason: string) => void
}

interface Member {
  readonly transport: Transport
  readonly breaker: Breaker
}

/** A mail that a member may have taken. */
interface Doubt {
  readonly member: Member
  readonly times: number
}

/** How often a mail may be in doubt where nobody tells the second one by its key. */
const DOUBTS_WITHOUT_KEYS = 3
/** More than can wait in a mail line, and than go out while a link stays the same. */
const MAX_REMEMBERED = 20_000

/** Makes a chain of transports, by name, the preferred one first. One alone is a chain too. */
export function createChain(
  transports: readonly (readonly [name: string, transport: Transport])[],
  { clock, onRest }: ChainOptions,
): Chain {
  const members = transports.map(([name, transport]): Member => {
    const breaker = createBreaker({ clock, onRest: (...rest) => onRest(name, ...rest) })
    return { transport, breaker }
  })
  // By idempotency key, the oldest first.
  const doubts = new Map<string, Doubt>()
  const delivered = new Set<string>()

  const attempt = ({ transport, breaker }: Member, mail: OutgoingMail) =>
    breaker.attempt(async () => {
      try {
        return await transport.send(mail)
      } catch (error) {
        return { status: 'unknown', reason: error instanceof Error ? error.name : 'unnamed' }
      }
    })
  const isHopeless = ({ member, times }: Doubt) =>
    !member.transport.knowsKeys && times >= DOUBTS_WITHOUT_KEYS

  return {
    async send(mail) {
      const key = mail.idempotencyKey
      if (delivered.has(key)) return { status: 'repeated' }
      const known = doubts.get(key)
      if (known && isHopeless(known)) return { status: 'refused', reason: 'may have arrived' }
      const candidates = known ? [known.member] : members
      let last: Extract<SendOutcome, { status: 'unsent' }> | undefined
      let unable: SendOutcome | undefined
      const rests: number[] = []
      for (const member of candidates) {
        if (member.breaker.restMs() > 0) {
          rests.push(member.breaker.restMs())
          continue
        }
        const outcome = await attempt(member, mail)
        if (outcome.status === 'unsent') {
          last = outcome
          rests.push(member.breaker.restMs())
          continue
        }
        if (outcome.status === 'refused' && outcome.isOfTransport) {
          unable ??= outcome
          continue
        }
        if (outcome.status === 'unknown') {
          const doubt = { member, times: (known?.times ?? 0) + 1 }
          keepNewest(doubts.set(key, doubt))
          const reason = `${outcome.reason}, ${doubt.times} times`
          return isHopeless(doubt) ? { status: 'refused', reason } : outcome
        }
        doubts.delete(key)
        if (outcome.status === 'sent') keepNewest(delivered.add(key))
        return outcome
      }
      if (unable && rests.length === 0) return unable
      const restMs = Math.min(...rests)
      if (!last) return { status: 'deferred', retryAfterMs: restMs }
      return last.isOfThisMail ? last : { ...last, retryAfterMs: restMs }
    },
    restMs: () => Math.min(...members.map(({ breaker }) => breaker.restMs())),
    close() {
      for (const { transport } of members) transport.close()
    },
  }
}

function keepNewest(remembered: Map<string, unknown> | Set<string>): void {
  const [oldest] = remembered.size > MAX_REMEMBERED ? remembered.keys() : []
  if (oldest !== undefined) remembered.delete(oldest)
}
