// Sets a new password for whoever holds a link: the seals, the rules, the write, in this order.

import { type GenuineLink, type Link, openLink } from '../core/link.ts'
import { RekeyError } from '../errors.ts'
import type { Deadline, RefusedReason } from '../ports.ts'
import { type CheckLinkDeps, findSealedAccount } from './check-link.ts'
import {
  judgeNewPassword,
  type NewPassword,
  refusePassword,
  type SetPasswordDeps,
  writePassword,
} from './set-password.ts'

export interface ConfirmResetDeps extends CheckLinkDeps, SetPasswordDeps {}

/**
 * Sets the password. A refusal of any kind leaves the link as good as it was. Throws, rather than
 * rejects, for a link that is not genuine: a promise would cost more than refusing it.
 *
 * @param now unix milliseconds
 * @param deadline of the reply: a write that would come after it is not made
 * @throws RekeyError `link_invalid`, `link_expired`, `link_superseded`, `unavailable`
 * @throws RekeyError `password_rejected` with every broken rule
 */
export function confirmReset(
  deps: ConfirmResetDeps,
  link: Link,
  newPassword: NewPassword,
  now: number,
  deadline: Deadline,
): Promise<void> {
  const genuine = openLink(deps.keyRing, deps.linkRules, link, now)
  return deps.turns.take(link.userId, async () => {
    try {
      await setPassword(deps, genuine, newPassword, now, deadline)
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
  newPassword: NewPassword,
  now: number,
  deadline: Deadline,
): Promise<void> {
  const account = await findSealedAccount(deps, genuine, deadline)
  const faults = judgeNewPassword(deps, account, newPassword)
  if (faults.length > 0) throw refusePassword(faults)
  const { password } = newPassword
  if (!(await writePassword(deps, account, password, 'reset', now, deadline))) {
    throw new RekeyError('link_superseded', 'the account changed while the hash was made')
  }
}

function refusalIn(error: unknown): RefusedReason | undefined {
  const code = error instanceof RekeyError ? error.code : undefined
  return code === 'link_superseded' || code === 'password_rejected' ? code : undefined
}
