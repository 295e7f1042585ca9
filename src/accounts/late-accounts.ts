// Accounts that may be asked before the database was reached for the first time, and that are replaced
// when the tables change.

import { waitWithin } from '../deadline.ts'
import { RekeyError } from '../errors.ts'
import type { Accounts } from '../ports.ts'
import { isMappingFailure } from './failures.ts'

/** A request waits for a look at the tables, and is answered within five seconds. */
const LOOK_LIMIT_MS = 2000

export interface LateAccounts {
  readonly accounts: Accounts
  /** Takes accounts, or others in the place of those before. */
  arrive(accounts: Accounts): void
  hasArrived(): boolean
  /** Takes notice of a failure that cost an account its row, and that an altered table may explain. */
  noteRowFault(): void
}

/**
 * Answers `unavailable` until it has been given accounts, then passes every call on to them. One that
 * fails as it would where a table was altered is made once more when a look at the tables has led to
 * other accounts.
 *
 * @param look looks at the tables, and calls `arrive` where they have changed
 */
export function createLateAccounts(look: () => Promise<void>): LateAccounts {
  let arrived: Accounts | undefined
  let rowFaults = 0
  const get = (): Accounts => {
    if (arrived) return arrived
    throw new RekeyError('unavailable', 'the database has not been reached yet', {
      retryAfterSeconds: 5,
    })
  }
  const ask = async <T>(call: (accounts: Accounts) => Promise<T>): Promise<T> => {
    const [asked, faultsBefore] = [get(), rowFaults]
    const attempt = call(asked)
    const hasFailed = await attempt.then(
      () => rowFaults !== faultsBefore,
      (error: unknown) => isMappingFailure(error),
    )
    if (!hasFailed) return attempt
    await waitWithin(look(), LOOK_LIMIT_MS)
    return arrived === asked ? attempt : call(get())
  }
  return {
    arrive: (accounts) => {
      arrived = accounts
    },
    hasArrived: () => arrived !== undefined,
    noteRowFault: () => {
      rowFaults += 1
    },
    accounts: {
      find: (identifiers) => ask((accounts) => accounts.find(identifiers)),
      read: (ids, deadline) => ask((accounts) => accounts.read(ids, deadline)),
      replacePassword: (account, newHash, deadline) =>
        ask((accounts) => accounts.replacePassword(account, newHash, deadline)),
      takesIntegerIds: () => arrived?.takesIntegerIds() ?? true,
    },
  }
}
