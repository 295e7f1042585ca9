// Judges a new password and writes it, whoever has shown a right to: the holder of a link, or of the
// old password.

import { judgePassword, type PasswordRules } from '../core/password-policy.ts'
import { type FieldFault, RekeyError } from '../errors.ts'
import type {
  Account,
  Accounts,
  Deadline,
  Events,
  Hasher,
  Limits,
  MailLine,
  OpenWrites,
  PasswordWrite,
  ResetHooks,
} from '../ports.ts'
import type { Turns } from './turns.ts'

export interface SetPasswordDeps {
  readonly accounts: Accounts
  readonly hasher: Hasher
  readonly passwordRules: PasswordRules
  readonly mailLine: MailLine
  readonly events: Events
  /** One confirmation or change of an account at a time, so that a burst of posts costs one hash. */
  readonly turns: Turns
  readonly openWrites: OpenWrites
  readonly limits: Pick<Limits, 'changes'>
  readonly hooks: ResetHooks
}

/** What somebody chose. */
export interface NewPassword {
  readonly password: string
  /** The same once more, where it is compared only after a right to set one is shown. */
  readonly repeated?: string
}

/**
 * Judges a new password for an account.
 *
 * @param account one whose hash `canReplace` takes
 * @returns every broken rule, as faults of the field `password`
 */
export function judgeNewPassword(
  { hasher, passwordRules }: SetPasswordDeps,
  account: Account,
  { password, repeated = password }: NewPassword,
): FieldFault[] {
  if (repeated !== password) return [MISMATCH]
  const form = hasher.prepare(password, account.passwordHash)
  const refusals = judgePassword(password, passwordRules, account.personal, form)
  return refusals.map((refusal) => ({ field: 'password', ...refusal }))
}

const MISMATCH: FieldFault = {
  field: 'password',
  code: 'password_mismatch',
  detail: 'The two password fields didn’t match.',
}

/** Refuses a new password for the faults that were found. */
export function refusePassword(faults: readonly FieldFault[]): RekeyError {
  return new RekeyError('password_rejected', 'the new password breaks a rule', { faults })
}

/**
 * Writes a password that the rules have accepted, unless the host application refuses it, and tells
 * the owner and those who watch.
 *
 * @param occasion by which right
 * @param now unix milliseconds
 * @param deadline of the reply: a write that would come after it is not made
 * @returns whether the account still was as it was read; if not, nothing has happened
 * @throws RekeyError `password_rejected` with what the host application says
 * @throws RekeyError `unavailable` also when the outcome is open: notice and event follow once the
 * password is known to be written
 */
export async function writePassword(
  deps: SetPasswordDeps,
  account: Account,
  password: string,
  occasion: PasswordWrite['occasion'],
  now: number,
  deadline: Deadline,
): Promise<boolean> {
  const write: PasswordWrite = { accountId: account.id, occasion }
  const detail = await deadline.exempt(deps.hooks.beforeReset(write, password))
  if (detail !== undefined) {
    const faults = [{ field: 'password', code: 'refused', detail }]
    throw new RekeyError('password_rejected', 'the host application refuses it', { faults })
  }
  const newHash = await deadline.exempt(deps.hasher.hash(password, account.passwordHash))
  const outcome = await deps.accounts.replacePassword(account, newHash, deadline)
  const announce = () => announcePassword(deps, account, write, now)
  if (outcome === true) await announce()
  if (typeof outcome === 'boolean') return outcome
  deps.openWrites.follow(outcome, announce)
  const options = { retryAfterSeconds: RETRY_AFTER_SECONDS }
  throw new RekeyError(
    'unavailable',
    'the answer to the write was lost; Rekey goes on asking whether it was made',
    options,
  )
}

const RETRY_AFTER_SECONDS = 5

async function announcePassword(
  deps: SetPasswordDeps,
  { id: accountId, emailAddress }: Account,
  write: PasswordWrite,
  now: number,
): Promise<void> {
  const type = write.occasion === 'change' ? 'password.changed' : 'password_reset.completed'
  deps.events.record({ type, accountId })
  const timestamp = String(Math.floor(now / 1000))
  deps.mailLine.add({ kind: 'password-changed', accountId, timestamp, emailAddress })
  // A reset by link is not counted, so that no intruder who is signed in uses up what the owner needs.
  if (write.occasion === 'change') countChange(deps.limits, accountId)
  await deps.hooks.afterReset(write)
}

function countChange({ changes }: Pick<Limits, 'changes'>, accountId: string): void {
  try {
    changes.count(accountId)
  } catch {
    // The password is set, whatever becomes of the count. A part that fails is logged where it is held.
  }
}
