// Holds parts of the application's own to what Rekey's are held to: what they throw, an answer that is
// none, and one that does not come in time, cost one request or one mail and nothing else.

import type { FastifyBaseLogger } from 'fastify'
import { withDeadline } from '../deadline.ts'
import { RekeyError } from '../errors.ts'
import type { HashLine } from '../hashing/hash-line.ts'
import { ATTEMPT_TIMEOUT_MS, type Transport } from '../mail/transports/transport.ts'
import type { Account, Accounts, Hasher, Limiter, ResetHooks } from '../ports.ts'
import type { RekeyOptions } from './options.ts'

const RETRY_AFTER_SECONDS = 5
const ANSWER_MS = 10_000
const MOST_ACCOUNTS = 5

export interface Watch {
  /** Waits for a part's answer. @throws RekeyError `unavailable` when there is none */
  ask<T>(part: string, work: () => T | PromiseLike<T>): Promise<T>
  /** The same for an answer that is there at once. */
  askAtOnce<T>(part: string, work: () => T): T
  /** Says in the log that a part fails. */
  report(part: string, err: unknown): void
}

/** Makes what watches over parts. What fails is logged without its message, which may hold anything. */
export function watchParts(logger: FastifyBaseLogger): Watch {
  const report: Watch['report'] = (part, err) =>
    logger.error({ part, err }, 'a part of the application fails')
  const refuse = (part: string, err: unknown) => {
    report(part, err)
    const options = { retryAfterSeconds: RETRY_AFTER_SECONDS, cause: err }
    return new RekeyError('unavailable', `${part} fails`, options)
  }
  return {
    report,
    async ask(part, work) {
      try {
        const answer = Promise.resolve().then(work)
        return await withDeadline(answer, ANSWER_MS)
      } catch (error) {
        throw refuse(part, error)
      }
    },
    askAtOnce(part, work) {
      try {
        return work()
      } catch (error) {
        throw refuse(part, error)
      }
    },
  }
}

/** Leaves out whatever is no account, and accounts that were not asked for: the others fare no worse. */
export function holdAccounts(own: Accounts, { ask, askAtOnce, report }: Watch): Accounts {
  const keepAccounts = (part: string, accounts: readonly Account[] = []) =>
    accounts.filter((account) => {
      const isKept = isAccount(account)
      if (!isKept) report(part, new TypeError('not an account'))
      return isKept
    })
  return {
    find: (identifiers) =>
      ask('accounts.find', async () => {
        const found = await own.find(identifiers)
        return identifiers.map((_, index) =>
          keepAccounts('accounts.find', found[index]).slice(0, MOST_ACCOUNTS),
        )
      }),
    read: (ids) =>
      ask('accounts.read', async () => {
        const accounts = await own.read(ids)
        return keepAccounts('accounts.read', accounts).filter(({ id }) => ids.includes(id))
      }),
    replacePassword: (account, newHash) =>
      ask('accounts.replacePassword', async () => {
        const isReplaced = await own.replacePassword(account, newHash)
        if (typeof isReplaced === 'boolean') return isReplaced
        throw new TypeError('neither true nor false')
      }),
    takesIntegerIds: () => askAtOnce('accounts.takesIntegerIds', () => own.takesIntegerIds()),
  }
}

function isAccount(account: Account): boolean {
  const { id, emailAddress, passwordHash, isEligible, personal, changedAt } = account
  const isHash = passwordHash === null || typeof passwordHash === 'string'
  const areTexts = typeof id === 'string' && typeof emailAddress === 'string'
  // No token would be older than what is no number.
  const isTime = typeof (changedAt ?? 0) === 'number' && !Number.isNaN(changedAt)
  return areTexts && isHash && isTime && typeof isEligible === 'boolean' && Array.isArray(personal)
}

/** Asks for a few hashes at a time, and refuses more than may wait. */
export function holdHasher(own: Hasher, line: HashLine, { ask, askAtOnce, report }: Watch): Hasher {
  return {
    maxBytes: own.maxBytes,
    canReplace(currentHash) {
      try {
        return own.canReplace(currentHash) === true
      } catch (error) {
        report('hasher.canReplace', error)
        return false
      }
    },
    prepare: (password, currentHash) =>
      askAtOnce('hasher.prepare', () => own.prepare(password, currentHash)),
    hash: (password, currentHash) =>
      line.run(() =>
        ask('hasher.hash', async () => {
          const newHash = await own.hash(password, currentHash)
          if (typeof newHash === 'string' && own.canReplace(newHash)) return newHash
          throw new TypeError('not a hash that it could replace again')
        }),
      ),
    verify: (password, currentHash) =>
      line.run(() =>
        ask('hasher.verify', async () => (await own.verify(password, currentHash)) === true),
      ),
  }
}

/** Refuses whoever cannot be counted. */
export function holdLimiter(own: Limiter, part: string, { askAtOnce }: Watch): Limiter {
  const read = (seconds: number) => {
    if (Number.isSafeInteger(seconds) && seconds >= 0) return seconds
    throw new TypeError('not a number of seconds')
  }
  return {
    count: (who, now) => askAtOnce(`${part}.count`, () => read(own.count(who, now))),
    waitFor: (who, now) => askAtOnce(`${part}.waitFor`, () => read(own.waitFor(who, now))),
  }
}

/** Ends an attempt that does not end by itself. It may have been delivered. */
export function holdTransport(own: Transport): Transport {
  return {
    knowsKeys: own.knowsKeys,
    send: (mail) =>
      withDeadline(
        Promise.resolve().then(() => own.send(mail)),
        ATTEMPT_TIMEOUT_MS,
      ),
    close: () => own.close(),
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
