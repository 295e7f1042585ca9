// Finds the account that a JWT of the host application speaks for.

import { RekeyError } from '../errors.ts'
import type { Account, Accounts, Deadline, VerifiedJwt } from '../ports.ts'

export interface JwtSubjectDeps {
  readonly accounts: Accounts
}

/**
 * Finds the account, if it exists, may be used, and has not changed its password since.
 *
 * JWTs carry whole seconds, so one of the very second of a change counts as issued after it: else
 * whoever signs in at once would hold a JWT that is refused for all its life.
 *
 * @throws RekeyError `not_authenticated`: one answer for gone, disabled and changed since
 * @throws RekeyError `unavailable`
 */
export async function findJwtSubject(
  { accounts }: JwtSubjectDeps,
  jwt: VerifiedJwt,
  deadline: Deadline,
): Promise<Account> {
  const id = String(jwt.subject)
  if (typeof jwt.subject === 'number' && !accounts.takesIntegerIds()) {
    throw new RekeyError('not_authenticated', 'the id of the JWT is a number, and ids are not')
  }
  const [account] = await accounts.read([id], deadline)
  // The database takes several spellings for one id; limits and turns must not.
  if (account?.id !== id) throw new RekeyError('not_authenticated', 'no account has this id')
  if (!account.isEligible) {
    throw new RekeyError('not_authenticated', 'the account is not eligible')
  }
  const { changedAt } = account
  if (changedAt !== undefined && Math.floor(changedAt) > (jwt.issuedAt ?? 0)) {
    throw new RekeyError('not_authenticated', 'the password was changed after the JWT was issued')
  }
  return account
}
