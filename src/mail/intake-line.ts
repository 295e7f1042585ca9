// Holds link requests between the reply and everything that concerns an account.
//
// It drains in batches on a clock of its own, at the same pace whether or not there are accounts,
// so neither the reply nor the next one on the same connection can tell. Addresses and logins have a
// lane each: a login column may be slow to search, and nobody who gave an address waits for that.

import type { IntakeLine } from '../ports.ts'
import { createIntakeLane, type LaneOptions } from './intake-lane.ts'

export interface DrainingIntakeLine extends IntakeLine {
  /** Waits until it is empty. */
  drained(): Promise<void>
  /** Requests that wait or are being handled. */
  waiting(): number
}

/**
 * Makes an empty line.
 *
 * @param options `capacity` is that of each lane
 */
export function createIntakeLine(options: LaneOptions): DrainingIntakeLine {
  const address = createIntakeLane('address', options)
  const login = createIntakeLane('login', options)
  const lanes = { address, login }
  return {
    add: (request) => lanes[request.identifier.kind].add(request),
    async drained() {
      await Promise.all([address.drained(), login.drained()])
    },
    waiting: () => address.waiting() + login.waiting(),
  }
}
