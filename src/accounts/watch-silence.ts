// Watches a statement that has no answer yet: its connection may be dead, or the server slow.

import { MOST_STATEMENT_MS } from '../core/database-url.ts'
import type { Connections } from './connections.ts'

/** After this silence a connection may be dead: a new one is tried. */
const SUSPECT_MS = 1000

/**
 * Begins to watch a statement that is sent on the pool of this moment.
 *
 * @returns a function that ends it
 */
export function watchSilence(connections: Connections): () => void {
  const pool = connections.pool()
  let silentSince = performance.now()
  let heard: number | undefined
  const timer = setInterval(() => {
    const now = pool.bytesHeard()
    if (heard !== undefined && now !== heard) silentSince = performance.now()
    heard = now
    // A server that is there has ended every statement by then, so nothing of the pool is worth keeping.
    if (performance.now() - silentSince >= MOST_STATEMENT_MS) connections.renew(pool)
    else void connections.renewIfBetter(pool)
  }, SUSPECT_MS)
  return () => clearInterval(timer)
}
