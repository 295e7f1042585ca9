// Accounts that are not in PostgreSQL: here in a Map, which stands for any store.

import type { Account, Accounts } from 'rekey'

export interface User {
  readonly id: string
  readonly email: string
  readonly name?: string
  passwordHash: string
  isActive: boolean
}

export function accountsIn(users: ReadonlyMap<string, User>): Accounts {
  return {
    // Many at once, because requests wait in a line: ask a database once for all of them.
    async find(identifiers) {
      return identifiers.map(({ text }) =>
        [...users.values()]
          .filter(({ email }) => email.toLowerCase() === text.toLowerCase())
          .map(toAccount),
      )
    },
    async read(ids) {
      return ids.flatMap((id) => users.get(id) ?? []).map(toAccount)
    },
    // Compare and set, in one step that nothing comes between. In SQL it is one statement,
    //   UPDATE users SET hash = ... WHERE id = ... AND hash = ... AND email = ... AND is_active
    // and what it returns is whether a row was counted. Without that, a link could work twice.
    async replacePassword({ id, passwordHash, emailAddress }, newHash) {
      const user = users.get(id)
      const isUnchanged =
        user?.isActive && user.passwordHash === passwordHash && user.email === emailAddress
      if (isUnchanged) user.passwordHash = newHash
      return isUnchanged ?? false
    },
    takesIntegerIds: () => false,
  }
}

function toAccount(user: User): Account {
  return {
    id: user.id,
    emailAddress: user.email,
    passwordHash: user.passwordHash,
    isEligible: user.isActive,
    name: user.name,
    // A password must not resemble these.
    personal: [{ label: 'email address', value: user.email }],
    // In the language of DEFAULT_LOCALE.
    locale: undefined,
    // A sign-in does not end links.
    lastLogin: undefined,
    // Tokens for change-password are not held against a time.
    changedAt: undefined,
  }
}
