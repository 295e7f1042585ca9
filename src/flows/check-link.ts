// Says whether a link would work, without spending it, and finds the account that it is for.

import type { KeyRing } from '../core/key-ring.ts'
import {
  type GenuineLink,
  type Link,
  type LinkRules,
  openLink,
  sealsAccount,
} from '../core/link.ts'
import { RekeyError } from '../errors.ts'
import type { Account, Accounts, Deadline, Hasher } from '../ports.ts'
import { reasonAgainst } from './eligibility.ts'

export interface CheckLinkDeps {
  readonly accounts: Accounts
  readonly hasher: Hasher
  readonly keyRing: KeyRing
  readonly linkRules: LinkRules
}

/**
 * Checks a link: outer seal and age first, then the account.
 *
 * @param now unix milliseconds
 * @returns until when it works, in unix seconds
 * @throws RekeyError `link_invalid`, `link_expired`, `link_superseded`, `unavailable`
 */
export async function checkLink(deps: CheckLinkDeps, link: Link, now: number): Promise<number> {
  const genuine = openLink(deps.keyRing, deps.linkRules, link, now)
  await findSealedAccount(deps, genuine)
  return genuine.expiresAt
}

/**
 * Finds the account of a genuine link, if it still is as it was when the link was made.
 *
 * @throws RekeyError `link_superseded`: one answer for used, changed, signed in, disabled and gone
 * @throws RekeyError `unavailable`
 */
export async function findSealedAccount(
  deps: CheckLinkDeps,
  genuine: GenuineLink,
  deadline?: Deadline,
): Promise<Account> {
  const [account] = await deps.accounts.read([genuine.link.userId], deadline)
  if (!account) throw new RekeyError('link_superseded', 'the account is gone')
  const reason = reasonAgainst(account, deps.hasher)
  if (reason) throw new RekeyError('link_superseded', `the account gets no link: ${reason}`)
  if (!sealsAccount(genuine, deps.linkRules, account)) {
    throw new RekeyError('link_superseded', 'inner seal does not match: the account has changed')
  }
  return account
}
