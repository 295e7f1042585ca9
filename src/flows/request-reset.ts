// Turns link requests into mail orders. It runs behind the intake line, after the replies.

import { type LinkRules, linkTimestamp } from '../core/link.ts'
import type {
  Accounts,
  Events,
  Hasher,
  MailLine,
  RequestedMailOrder,
  ResetRequest,
} from '../ports.ts'
import { reasonAgainst } from './eligibility.ts'

export interface RequestResetDeps {
  readonly accounts: Accounts
  readonly hasher: Hasher
  readonly mailLine: MailLine
  readonly events: Events
  readonly linkRules: LinkRules
  /** Names a client by a MAC, for what outlives its request. */
  readonly nameClient: (client: string) => string
  /** Whether the owner of an account that signs in elsewhere is told so. */
  readonly sendsNoPasswordNotice: boolean
}

/** What a request has come to: whether it named an account at all, and one that may be reset. */
export type RequestOutcome = 'link_ordered' | 'no_link' | 'no_account'

/**
 * Orders a mail for every account that the requests name and that may be reset, or that has a right
 * to hear why not.
 *
 * @returns for each request what it has come to
 * @throws RekeyError `unavailable` when the accounts cannot be read; nothing is ordered then
 */
export async function requestReset(
  deps: RequestResetDeps,
  requests: readonly ResetRequest[],
): Promise<RequestOutcome[]> {
  const found = await deps.accounts.find(requests.map((request) => request.identifier))
  return requests.map((request, index) => {
    const accounts = found[index] ?? []
    const timestamp = linkTimestamp(request.receivedAt, deps.linkRules)
    // Only where a mail is ordered: of unknown addresses there may be thousands a second.
    const order = (kind: RequestedMailOrder['kind'], accountId: string) =>
      deps.mailLine.add({ kind, accountId, timestamp, client: deps.nameClient(request.client) })
    let outcome: RequestOutcome = accounts.length === 0 ? 'no_account' : 'no_link'
    for (const account of accounts) {
      const reason = reasonAgainst(account, deps.hasher)
      const { id: accountId } = account
      if (!reason) {
        deps.events.record({ type: 'password_reset.requested', accountId })
        order('reset-link', accountId)
        outcome = 'link_ordered'
      } else if (reason === 'no_usable_password' && deps.sendsNoPasswordNotice)
        order('no-password', accountId)
      else deps.events.record({ type: 'password_reset.ignored', reason })
    }
    if (outcome === 'no_account') {
      deps.events.record({ type: 'password_reset.ignored', reason: 'no_account' })
    }
    return outcome
  })
}
