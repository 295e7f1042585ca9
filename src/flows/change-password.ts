// Sets a new password for whoever is signed in to the host application and knows the old one: the
// account, the old password, the rules, the write, in this order.

import { type FieldFault, RekeyError } from '../errors.ts'
import type { Account, Deadline, Limits, VerifiedJwt } from '../ports.ts'
import { findJwtSubject, type JwtSubjectDeps } from './jwt-subject.ts'
import {
  judgeNewPassword,
  type NewPassword,
  refusePassword,
  type SetPasswordDeps,
  writePassword,
} from './set-password.ts'

export interface ChangePasswordDeps extends SetPasswordDeps, JwtSubjectDeps {
  readonly limits: Pick<Limits, 'wrongOldPasswords' | 'changes'>
}

/** What somebody typed to change a password. */
export interface PasswordChange extends NewPassword {
  readonly oldPassword: string
}

/** A host may write the row in between, say at a sign-in in another window; twice is no accident. */
const MOST_ATTEMPTS = 2

/**
 * Finds the account of a JWT, if its password may be changed now. It says so before a body is read;
 * `changePassword` asks again.
 *
 * @throws RekeyError `not_authenticated`, `throttled`, `unavailable`
 */
export async function admitJwtSubject(
  deps: ChangePasswordDeps,
  jwt: VerifiedJwt,
  deadline: Deadline,
): Promise<Account> {
  const account = await findJwtSubject(deps, jwt, deadline)
  const { wrongOldPasswords, changes } = deps.limits
  refuseOver(wrongOldPasswords.waitFor(account.id), 'too many wrong old passwords')
  refuseOver(changes.waitFor(account.id), 'too many changes of the password')
  return account
}

function refuseOver(waitSeconds: number, reason: string): void {
  if (waitSeconds === 0) return
  const options = { retryAfterSeconds: waitSeconds }
  throw new RekeyError('throttled', `${reason} for this account`, options)
}

/**
 * Changes the password.
 *
 * @param jwt one whose account `admitJwtSubject` has found
 * @param now unix milliseconds
 * @param deadline of the reply: a write that would come after it is not made
 * @throws RekeyError `old_password_incorrect`, also with no hash or one in an unknown format; with
 * every rule that the new password breaks as well
 * @throws RekeyError `password_rejected` with every broken rule
 * @throws RekeyError `not_authenticated`, `throttled`, `unavailable`
 */
export function changePassword(
  deps: ChangePasswordDeps,
  jwt: VerifiedJwt,
  { oldPassword, ...newPassword }: PasswordChange,
  now: number,
  deadline: Deadline,
): Promise<void> {
  return deps.turns.take(String(jwt.subject), async () => {
    for (let attempt = 1; attempt <= MOST_ATTEMPTS; attempt += 1) {
      const account = await admitJwtSubject(deps, jwt, deadline)
      const { hasher } = deps
      // Without it no rule could be judged, so the old password must not count, whoever knows it.
      const isReplaceable = hasher.canReplace(account.passwordHash)
      const isOld =
        isReplaceable && (await deadline.exempt(hasher.verify(oldPassword, account.passwordHash)))
      const faults = isReplaceable ? judgeNewPassword(deps, account, newPassword) : []
      if (!isOld) {
        deps.limits.wrongOldPasswords.count(account.id)
        const options = { faults: [WRONG_OLD_PASSWORD, ...faults] }
        throw new RekeyError('old_password_incorrect', 'not the old password', options)
      }
      if (faults.length > 0) throw refusePassword(faults)
      const { password } = newPassword
      if (await writePassword(deps, account, password, 'change', now, deadline)) return
    }
    const options = { retryAfterSeconds: 1 }
    throw new RekeyError('unavailable', 'the account keeps changing while hashes are made', options)
  })
}

const WRONG_OLD_PASSWORD: FieldFault = {
  field: 'old_password',
  code: 'old_password_incorrect',
  detail: 'Old password is not correct',
}
