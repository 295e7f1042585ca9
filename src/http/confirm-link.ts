// What every route that takes a link and a new password does with them.

import type { FastifyRequest } from 'fastify'
import type { Link } from '../core/link.ts'
import { startDeadline } from '../deadline.ts'
import { confirmReset } from '../flows/confirm-reset.ts'
import type { NewPassword } from '../flows/set-password.ts'
import type { AppDeps } from './options.ts'
import { noteOutcome } from './request-log.ts'

/**
 * Sets the password, and notes for the log whose it is. Throws, rather than rejects, for a link that is
 * not genuine.
 *
 * @throws RekeyError what `confirmReset` throws
 */
export function confirmLink(
  deps: AppDeps,
  request: FastifyRequest,
  link: Link,
  newPassword: NewPassword,
): Promise<void> {
  return confirmReset(deps, link, newPassword, deps.clock(), startDeadline()).then(() => {
    noteOutcome(request, { accountId: link.userId })
  })
}
