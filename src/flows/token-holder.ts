// Finds the account that a token of the host application speaks for.

import { RekeyError } from '../errors.ts'
import type { Account, Accounts, VerifiedToken } from '../ports.ts'

export interface TokenHolderDeps {
  readonly accounts: Accounts
}

/**
 * Finds the account, if it exists, may be used, and has not changed its password since.
 *
 * Tokens carry whole seconds, so one of the very second of a change counts as issued after it: else
 * whoever signs in at once would hold a token that is refused for all its life.
 *
 * @throws RekeyError `not_authenticated`: one answer for gone, disabled and changed since
 * @throws RekeyError `unavailable`
 */
export async function findTokenHolder(
  { accounts }: TokenHolderDeps,
  token: VerifiedToken,
): Promise<Account> {
  const id = String(token.subject)
  if (typeof token.subject === 'number' && !accounts.takesIntegerIds()) {
    throw new RekeyError('not_authenticated', 'the id of the token is a number, and ids are not')
  }
  const [account] = await accounts.read([id])
  // The database takes several spellings for one id; limits and turns must not.
  if (account?.id !== id) throw new RekeyError('not_authenticated', 'no account has this id')
  if (!account.isEligible) {
    throw new RekeyError('not_authenticated', 'the account is not eligible')
  }
  const { changedAt } = account
  if (changedAt !== undefined && Math.floor(changedAt) > (token.issuedAt ?? 0)) {
    throw new RekeyError('not_authenticated', 'the password was changed after the token was issued')
  }
  return account
}
