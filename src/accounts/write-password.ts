// Writes a password in one transaction with all that belongs to it, and commits only if the row then
// holds what was written: a trigger, a rule or AFTER_RESET_SQL may have changed it again.

import { sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { MOST_STATEMENT_MS } from '../core/database-url.ts'
import { startDeadline, withDeadline } from '../deadline.ts'
import { RekeyError } from '../errors.ts'
import type { Account, Accounts } from '../ports.ts'
import type { AccountQueries, WriteValues } from './account-queries.ts'
import type { Database } from './database.ts'
import { asUnavailable, isRefusal, RETRY_AFTER_SECONDS } from './failures.ts'
import { mappingVariables } from './mapping.ts'

/** Where the connection has no limits of its own. */
const LIMIT_STEPS = `SET LOCAL statement_timeout = ${MOST_STATEMENT_MS}; SET LOCAL idle_in_transaction_session_timeout = ${MOST_STATEMENT_MS}`
/** What a write leaves of the time for its reply, to ask for the outcome where the answer is lost. */
const OUTCOME_MS = 400

const ADVICE =
  'nothing was written; run `rekey doctor`, which names triggers and rules, and have them leave the hash as it is'
const KEPT_ANOTHER = `the row kept another hash than the one written: a trigger, a rule or AFTER_RESET_SQL is likely to change it; ${ADVICE}`
const SKIPPED = `the database skipped the write without an error: a trigger, a rule or a policy of row-level security is likely to hold it back; ${ADVICE}`

/** What of a database a write needs. */
export type WritableDatabase = Pick<
  Database,
  'db' | 'line' | 'read' | 'limitsStatements' | 'replan'
>

/** How far a write has come. */
interface Progress {
  /** Set before the transaction is committed: without one, it was not. */
  transactionId: string | undefined
  /** Whether the request has been answered already, so that it must not be committed. */
  isGivenUp: boolean
}

/**
 * Makes the port's `replacePassword`.
 *
 * @param readHash reads what the row of an id holds; undefined without a row
 */
export function createPasswordWriter(
  { db, line, read, limitsStatements, replan }: WritableDatabase,
  queries: AccountQueries,
  readHash: (id: string) => Promise<string | null | undefined>,
): Accounts['replacePassword'] {
  const { touchOwner, afterReset } = queries

  const write = (values: WriteValues, progress: Progress) =>
    db.$client.begin(async (transaction) => {
      if (!limitsStatements) await transaction.unsafe(LIMIT_STEPS)
      const { count } = await queries.write(transaction, values)
      if (count === 0) {
        const unchanged = await queries.findUnchanged(transaction, values)
        if (unchanged.length === 0) return false
        // A plan that a rule has left empty stays so on its connection, even when the rule is gone.
        replan()
        throw refuse(SKIPPED)
      }
      // Two rows, or an owner that a trigger of the host holds back: nothing of it may stay.
      if (count > 1) throw refuse('several rows have the same id')
      if (touchOwner) {
        const touched = await touchOwner(transaction, values)
        if (touched.count !== 1) throw refuse(SKIPPED)
      }
      if (afterReset) {
        await afterReset(transaction, values).catch((error: unknown) => {
          throw asUnavailable(error, mappingVariables.afterReset)
        })
      }
      const [, [kept, ...others]] = await Promise.all([
        // Deferred triggers would run at the commit, after the row was read. Both go out at once.
        transaction.unsafe('SET CONSTRAINTS ALL IMMEDIATE').execute(),
        queries.readBack(transaction, values).execute(),
      ])
      if (kept?.passwordHash !== values.newHash || others.length > 0) throw refuse(KEPT_ANOTHER)
      if (progress.isGivenUp) throw refuse('the write took too long')
      progress.transactionId = kept.transactionId
      return true
    })

  const findOutcome = async (account: Account, newHash: string, transactionId: string) => {
    const status = await read(() => readStatus(db, transactionId)).catch((error) => {
      throw asUnavailable(error)
    })
    if (status === 'in progress') return undefined
    if (status === 'aborted') return false
    const held = await readHash(account.id)
    // A server that took over may not have had the transaction, and have given its id to another.
    return status === 'committed' ? held !== account.passwordHash : held === newHash
  }

  return async (account, newHash, deadline = startDeadline()) => {
    const { id, passwordHash, emailAddress, lastLogin } = account
    const values = { id, passwordHash, emailAddress, lastLogin: lastLogin ?? null, newHash }
    const progress: Progress = { transactionId: undefined, isGivenUp: false }
    const writeMs = deadline.leftMs() - OUTCOME_MS
    if (writeMs <= 0) throw refuse('no time is left for the write')
    try {
      return await line(() => write(values, progress), writeMs)
    } catch (error) {
      progress.isGivenUp = true
      const { transactionId } = progress
      if (transactionId !== undefined) {
        const ask = () => findOutcome(account, newHash, transactionId)
        const leftMs = Math.max(deadline.leftMs(), 0)
        const isWritten = await withDeadline(ask(), leftMs).catch(() => undefined)
        if (isWritten !== false) return isWritten ?? { ask }
      }
      throw error instanceof RekeyError ? error : asUnavailable(error)
    }
  }
}

function refuse(reason: string): RekeyError {
  return new RekeyError('unavailable', reason, { retryAfterSeconds: RETRY_AFTER_SECONDS })
}

/** @returns what the server says of a transaction; null where it does not know it, or no longer */
async function readStatus(db: PostgresJsDatabase, transactionId: string): Promise<string | null> {
  try {
    const [row] = await db.execute<{ status: string | null }>(
      sql`SELECT pg_xact_status(${transactionId}::text::xid8) AS status`,
    )
    return row?.status ?? null
  } catch (error) {
    // This server has not come to that id yet.
    if (isRefusal(error)) return null
    throw error
  }
}
