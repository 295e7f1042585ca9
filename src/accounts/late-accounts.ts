// Accounts that may be asked before the database was reached for the first time.

import { RekeyError } from '../errors.ts'
import type { Accounts } from '../ports.ts'

/** Answers `unavailable` until it has been given accounts, then passes every call on to them. */
export function createLateAccounts(): {
  accounts: Accounts
  arrive(accounts: Accounts): void
  hasArrived(): boolean
} {
  let arrived: Accounts | undefined
  const get = (): Accounts => {
    if (arrived) return arrived
    throw new RekeyError('unavailable', 'the database has not been reached yet', {
      retryAfterSeconds: 5,
    })
  }
  return {
    arrive: (accounts) => {
      arrived = accounts
    },
    hasArrived: () => arrived !== undefined,
    accounts: {
      find: async (identifiers) => get().find(identifiers),
      read: async (ids) => get().read(ids),
      replacePassword: async (account, newHash) => get().replacePassword(account, newHash),
      takesIntegerIds: () => arrived?.takesIntegerIds() ?? true,
    },
  }
}
