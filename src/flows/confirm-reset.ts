// Sets a new password for whoever holds a link: the seals, the rules, the write, in this order.

import { type GenuineLink, type Link, openLink } from '../core/link.ts'
import { judgePassword, type PasswordRules } from '../core/password-policy.ts'
import { RekeyError } from '../errors.ts'
import type { Events, MailLine, RefusedReason } from '../ports.ts'
import { type CheckLinkDeps, findSealedAccount } from './check-link.ts'
import type { Turns } from './turns.ts'

export interface ConfirmResetDeps extends CheckLinkDeps {
  readonly passwordRules: PasswordRules
  readonly mailLine: MailLine
  readonly events: Events
  /** One confirmation of an account at a time, so that a burst of posts costs one hash. */
  readonly turns: Turns
}

/**
 * Sets the password. A refusal of any kind leaves the link as good as it was. Throws, rather than
 * rejects, for a link that is not genuine: a promise would cost more than refusing it.
 *
 * @param now unix milliseconds
 * @throws RekeyError `link_invalid`, `link_expired`, `link_superseded`, `unavailable`
 * @throws RekeyError `password_rejected` with every broken rule
 */
export function confirmReset(
  deps: ConfirmResetDeps,
  link: Link,
  password: string,
  now: number,
): Promise<void> {
  const genuine = openLink(deps.keyRing, deps.linkRules, link, now)
  return deps.turns.take(link.userId, async () => {
    try {
      await setPassword(deps, genuine, password, now)
    } catch (error) {
      const reason = refusalIn(error)
      if (reason) {
        deps.events.record({ type: 'password_reset.refused', accountId: link.userId, reason })
      }
      throw error
    }
  })
}

async function setPassword(
  deps: ConfirmResetDeps,
  genuine: GenuineLink,
  password: string,
  now: number,
): Promise<void> {
  const account = await findSealedAccount(deps, genuine)

  const form = deps.hasher.prepare(password, account.passwordHash)
  const refusals = judgePassword(password, deps.passwordRules, account.personal, form)
  if (refusals.length > 0) {
    const faults = refusals.map((refusal) => ({ field: 'password', ...refusal }))
    throw new RekeyError('password_rejected', 'the new password breaks a rule', { faults })
  }

  const newHash = await deps.hasher.hash(password, account.passwordHash)
  if (!(await deps.accounts.replacePassword(account, newHash))) {
    throw new RekeyError('link_superseded', 'the account changed while the hash was made')
  }

  deps.events.record({ type: 'password_reset.completed', accountId: account.id })
  const timestamp = String(Math.floor(now / 1000))
  deps.mailLine.add({ kind: 'password-changed', accountId: account.id, timestamp })
}

function refusalIn(error: unknown): RefusedReason | undefined {
  const code = error instanceof RekeyError ? error.code : undefined
  return code === 'link_superseded' || code === 'password_rejected' ? code : undefined
}
