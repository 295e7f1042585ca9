// Asks the database whether it answers and takes writes, on a connection of its own: those of the service
// may be dead or taken, while a new one would work at once.

import { withDeadline } from '../deadline.ts'
import type { Connections, Pool } from './connections.ts'
import { findTrouble, type Trouble } from './failures.ts'

/** What the server says of itself. */
export type Writability = 'writable' | 'read-only'

interface ProbeOptions {
  /** One connection, not of the service. */
  readonly own: Connections
  /** How many servers may be asked, one after the other. */
  readonly servers: number
  /** Called with what is wrong. Settles when the service has drawn its conclusions. */
  readonly onTrouble: (trouble: Trouble) => Promise<void>
}

/** A connection that is silent for longer may be dead: a new one is asked. */
const FIRST_MS = 1000
/** How long a new connection has, from its first byte to its answer. */
const NEXT_MS = 2000
/** A younger connection is not replaced, so that frequent questions do not open one each. */
const FRESH_MS = 1000

/**
 * Makes the question. Where the connection turns out to be dead, or leads to a server that can only be
 * read, new ones are asked before there is an answer. All who ask at once wait for the same answer.
 *
 * @returns a function that rejects with what the driver threw, or with Error when nothing came in time
 */
export function createProbe({ own, servers, onTrouble }: ProbeOptions): () => Promise<Writability> {
  let asking: Promise<Writability> | undefined
  let provenPool: Pool | undefined

  const ask = async (ms: number): Promise<Writability> => {
    const pool = own.pool()
    const isProven = pool === provenPool
    const question = own.client.unsafe('show transaction_read_only')
    const answer = await withDeadline(question, ms).catch(async (error: unknown) => {
      // Where a new connection is cut or silent, the server is to blame.
      const trouble = isProven ? (findTrouble(error) ?? 'silent') : 'away'
      const isAlone = isProven && servers === 1
      const replaced = Promise.all([onTrouble(trouble), isAlone && own.renewIfBetter(pool)])
      // A server that is slow may answer before a new connection has.
      const late = await Promise.race([question.catch(() => {}), replaced.then(() => {})])
      if (late) return late
      own.renew(pool)
      throw error
    })
    provenPool = pool
    if (answer[0]?.['transaction_read_only'] !== 'on') return 'writable'
    if (performance.now() - pool.openedAt >= FRESH_MS || servers > 1) {
      await onTrouble('read-only')
      own.renew(pool)
    }
    return 'read-only'
  }
  const probe = async () => {
    const { openedAt } = own.pool()
    const isFresh = performance.now() - openedAt < FRESH_MS
    const first = await ask(FIRST_MS).catch(() => undefined)
    if (first === 'writable' || (first && isFresh && servers === 1)) return first
    for (let more = servers - 1; more > 0; more -= 1) {
      const next = await ask(NEXT_MS).catch(() => undefined)
      if (next === 'writable') return next
    }
    return ask(NEXT_MS)
  }
  return () => {
    asking ??= withDeadline(probe(), FIRST_MS + NEXT_MS).finally(() => {
      asking = undefined
    })
    return asking
  }
}
