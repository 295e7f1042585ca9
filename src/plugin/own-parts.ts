// Holds parts of the application's own to what Rekey's are held to: what they throw, an answer that is
// none, and one that does not come in time, cost one request or one mail and nothing else.

import { MAX_ACCOUNTS_PER_IDENTIFIER } from '../core/email-address.ts'
import { isUsableHash } from '../core/usable-hash.ts'
import { withDeadline } from '../deadline.ts'
import type { HashLine } from '../hashing/hash-line.ts'
import {
  ATTEMPT_TIMEOUT_MS,
  type SendOutcome,
  type Transport,
} from '../mail/transports/transport.ts'
import type { Account, Accounts, Hasher, Limiter, ResetHooks } from '../ports.ts'
import { steadyClock } from '../service/steady-clock.ts'
import type { OwnLimiter, RekeyOptions } from './options.ts'
import type { Watch } from './watch-parts.ts'

const STATUSES: readonly unknown[] = [
  'sent',
  'refused',
  'unsent',
  'unknown',
] satisfies SendOutcome['status'][]

/** Leaves out whatever is no account, and accounts that were not asked for: the others fare no worse. */
export function holdAccounts(own: Accounts, { ask, askAtOnce, report }: Watch): Accounts {
  const keepAccounts = (part: string, found: readonly unknown[]) => {
    const accounts = found.filter(isAccount)
    if (accounts.length < found.length) report(part, new TypeError('not an account'))
    return accounts
  }
  const read: Accounts['read'] = (ids) =>
    ask('accounts.read', async () => {
      const accounts = await own.read(ids)
      return keepAccounts('accounts.read', accounts).filter(({ id }) => ids.includes(id))
    })
  /** Says whether a write that failed was made after all. A hash has its own salt, so no other write made it. */
  const holds = async (id: string, hash: string) => {
    const [account] = await read([id])
    return account?.passwordHash === hash
  }
  return {
    find: (identifiers) =>
      ask('accounts.find', async () => {
        const found = await own.find(identifiers)
        return identifiers.map((_, index) => {
          const accounts: unknown = found[index] ?? []
          const list = Array.isArray(accounts) ? accounts : [accounts]
          return keepAccounts('accounts.find', list).slice(0, MAX_ACCOUNTS_PER_IDENTIFIER)
        })
      }),
    read,
    async replacePassword(account, newHash) {
      const answer = Promise.resolve().then(() => own.replacePassword(account, newHash))
      let late: { readonly isReplaced: unknown } | undefined
      const note = (isReplaced?: unknown) => {
        late = { isReplaced }
      }
      answer.then(note, () => note())
      try {
        return await ask('accounts.replacePassword', async () => {
          const isReplaced = await answer
          if (typeof isReplaced === 'boolean') return isReplaced
          throw new TypeError('neither true nor false')
        })
      } catch {
        const findOutcome = async () => {
          if (!late) return undefined
          const { isReplaced } = late
          return typeof isReplaced === 'boolean' ? isReplaced : holds(account.id, newHash)
        }
        return { ask: findOutcome }
      }
    },
    takesIntegerIds: () => askAtOnce('accounts.takesIntegerIds', () => own.takesIntegerIds()),
  }
}

const isText = (value: unknown) => typeof value === 'string'
const isTextOrNone = (value: unknown) => value === undefined || value === null || isText(value)

function isAccount(found: unknown): found is Account {
  if (typeof found !== 'object' || found === null) return false
  const { id, emailAddress, passwordHash, isEligible, personal, ...others } = found as Account
  const { name, locale, lastLogin, changedAt } = others
  const areTexts =
    isText(id) && isText(emailAddress) && (passwordHash === null || isText(passwordHash))
  const arePersonal =
    Array.isArray(personal) && personal.every((each) => isText(each?.label) && isText(each?.value))
  const areOthers =
    [name, locale, lastLogin].every(isTextOrNone) &&
    // No JWT would be older than what is no number.
    (changedAt === undefined || changedAt === null || Number.isFinite(changedAt))
  return areTexts && typeof isEligible === 'boolean' && arePersonal && areOthers
}

/**
 * Asks for a few hashes at a time, and refuses more than may wait.
 *
 * @param requireUsable whether a row without a usable hash is left alone, whatever the part says of it
 */
export function holdHasher(
  own: Hasher,
  line: HashLine,
  requireUsable: boolean,
  { ask, askAtOnce }: Watch,
): Hasher {
  const canReplace: Hasher['canReplace'] = (currentHash) => {
    if (requireUsable && !isUsableHash(currentHash)) return false
    try {
      return askAtOnce('hasher.canReplace', () => own.canReplace(currentHash)) === true
    } catch {
      return false
    }
  }
  return {
    maxBytes: own.maxBytes,
    canReplace,
    prepare: (password, currentHash) =>
      askAtOnce(
        'hasher.prepare',
        () => own.prepare(password, currentHash),
        (form) => {
          if (typeof form?.prepared !== 'string') throw new TypeError('not a form of a password')
        },
      ),
    hash: (password, currentHash) =>
      line.run(() =>
        ask('hasher.hash', async () => {
          const newHash = await own.hash(password, currentHash)
          if (typeof newHash === 'string' && canReplace(newHash)) return newHash
          throw new TypeError('not a hash that it could replace again')
        }),
      ),
    verify: (password, currentHash) =>
      line.run(() =>
        ask('hasher.verify', async () => (await own.verify(password, currentHash)) === true),
      ),
  }
}

/** Hands it the time, and refuses a request that it cannot count. */
export function holdLimiter(own: OwnLimiter, part: string, { askAtOnce }: Watch): Limiter {
  const judge = (seconds: number) => {
    const isWait = Number.isSafeInteger(seconds) && seconds >= 0
    if (!isWait) throw new TypeError('not a number of seconds')
  }
  return {
    count: (who) => askAtOnce(`${part}.count`, () => own.count(who, steadyClock()), judge),
    waitFor: (who) => askAtOnce(`${part}.waitFor`, () => own.waitFor(who, steadyClock()), judge),
  }
}

/** Ends an attempt that does not end by itself. It may have been delivered. */
export function holdTransport(own: Transport, { report }: Watch): Transport {
  return {
    knowsKeys: own.knowsKeys,
    async send(mail) {
      try {
        const attempt = Promise.resolve().then(() => own.send(mail))
        const outcome = await withDeadline(attempt, ATTEMPT_TIMEOUT_MS)
        if (STATUSES.includes(outcome?.status)) return outcome
        throw new TypeError('not an outcome')
      } catch (error) {
        report('transport.send', error)
        throw error
      }
    },
    close() {
      Promise.resolve()
        .then(() => own.close())
        .catch((error) => report('transport.close', error))
    },
  }
}

/** Takes the hooks that there are. */
export function holdHooks(
  { beforeReset, afterReset }: Pick<RekeyOptions, 'beforeReset' | 'afterReset'>,
  { ask }: Watch,
): ResetHooks {
  return {
    beforeReset: async (write, password) =>
      beforeReset &&
      ask('beforeReset', async () => {
        const refusal = await beforeReset(write, password)
        // Anything else, such as `false`, is meant somehow: then nothing is written.
        if (refusal === undefined || (typeof refusal === 'string' && refusal)) return refusal
        throw new TypeError('neither a text nor undefined')
      }),
    async afterReset(write) {
      try {
        if (afterReset) await ask('afterReset', () => afterReset(write))
      } catch {
        // It is logged, and the password is set.
      }
    },
  }
}
