// The connection pool to the host's PostgreSQL, and what its failures mean.

import { DrizzleQueryError } from 'drizzle-orm'
import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import postgres, { type Sql } from 'postgres'
import { MOST_STATEMENT_MS, parseDatabaseUrl } from '../core/database-url.ts'
import { isOverdue } from '../deadline.ts'
import { RekeyError } from '../errors.ts'
import {
  createConnections,
  createHosts,
  findTrouble,
  isCut,
  type Pool,
  type Trouble,
} from './connections.ts'
import { makeDriverOptions } from './driver-options.ts'
import { findWords } from './failure-words.ts'
import { createProbe, type Writability } from './probe.ts'
import { createStatementLine, type StatementLine } from './statement-line.ts'
import { watchSilence } from './watch-silence.ts'

export interface DatabaseSettings {
  readonly url: string
  /** PEM certificates that the server's must be signed by. */
  readonly ca: string | undefined
  readonly poolMax: number
  /** False behind a transaction pooler. */
  readonly prepare: boolean
}

export interface Database {
  readonly db: PostgresJsDatabase & { readonly $client: Sql }
  /** What every write goes through that a request waits for. */
  readonly line: StatementLine
  /** The same for what only reads: it is tried again where its connection turns out to be cut. */
  readonly read: StatementLine
  /** Whether the server ends every statement in time, before the line gives it up. */
  readonly limitsStatements: boolean
  /**
   * Asks, on a connection of its own, whether the server takes writes.
   *
   * @throws whatever the driver throws, or Error when there is no answer within three seconds
   */
  probe(): Promise<Writability>
  /** Goes on to a server that can be written, where there are several and one of them is. */
  findServer(): Promise<void>
  /** Has statements planned anew, by new connections. */
  replan(): void
  /** Opens one more connection to the same server, for statements that take long. */
  aside(): Pick<Database, 'db' | 'close'>
  /** Gives running statements a second, then closes. */
  close(): Promise<void>
}

/** How long a statement may take that no request waits for. */
export const PATIENT_MS = 10_000
/** What waits for a place and an answer together: with it, a request is answered within five seconds. */
const LIMIT_MS = 4500
/** How long a statement of a pool that was replaced still has, which the server would have ended then. */
const LAST_SECONDS = MOST_STATEMENT_MS / 1000
/** How long readiness waits for the connections of the service, after one had no answer. */
const DOUBT_LIMIT_MS = 2000
export const RETRY_AFTER_SECONDS = 5

/**
 * Makes a pool. It connects at the first query, and again whenever a connection was lost.
 *
 * @param statementMs when the server is to end a statement
 * @param hosts shared with what else speaks to the same server
 */
export function openDatabase(
  settings: DatabaseSettings,
  statementMs = MOST_STATEMENT_MS,
  hosts = createHosts(parseDatabaseUrl(settings.url).hosts),
): Database {
  const { needsWritable } = parseDatabaseUrl(settings.url)
  const connect = (max: number) =>
    createConnections(makeDriverOptions(settings, max, statementMs), hosts, LAST_SECONDS)
  const connections = connect(settings.poolMax)
  const enter = createStatementLine(settings.poolMax, LIMIT_MS)
  /** Whether the last statement had no answer, so that the next one may have none either. */
  let isInDoubt = false

  const distrust = async (pool: Pool, trouble: Trouble) => {
    if (trouble === 'silent') return connections.renewIfBetter(pool)
    if (trouble === 'away' || (trouble === 'read-only' && needsWritable)) hosts.leave(pool.host)
    // Where there is one server only, the driver's pauses between its attempts are to stay.
    if (trouble !== 'away' || hosts.count > 1) connections.renew(pool)
  }
  const watch = async <T>(statement: () => Promise<T>): Promise<T> => {
    const pool = connections.pool()
    const endWatch = watchSilence(connections)
    try {
      const answer = await statement()
      isInDoubt = false
      return answer
    } catch (error) {
      // What Rekey itself refuses, the database has answered to.
      isInDoubt = !(error instanceof RekeyError) && isConnectionFailure(error)
      const trouble = findTrouble(error)
      if (trouble) void distrust(pool, trouble)
      throw error
    } finally {
      endWatch()
    }
  }
  const line: StatementLine = (statement, limitMs) => enter(() => watch(statement), limitMs)
  const read: StatementLine = async (statement, limitMs = LIMIT_MS) => {
    const endsAt = performance.now() + Math.min(limitMs, LIMIT_MS)
    for (let more = hosts.count; ; more -= 1) {
      try {
        return await line(statement, endsAt - performance.now())
      } catch (error) {
        const isElsewhere = findTrouble(error) === 'away' && hosts.count > 1
        const isWorthIt = isCut(error) || isElsewhere
        if (!isWorthIt || more === 0 || performance.now() >= endsAt) throw error
      }
    }
  }

  // One connection, which is made at the first question.
  const own = connect(1)
  const probe = createProbe({
    own,
    servers: hosts.count,
    onTrouble: (trouble) => distrust(connections.pool(), trouble),
  })
  const db = drizzle({ client: connections.client })
  return {
    db,
    line,
    read,
    limitsStatements: settings.prepare,
    async probe() {
      const writability = await probe()
      if (isInDoubt) await line(() => db.execute('select 1'), DOUBT_LIMIT_MS)
      return writability
    },
    async findServer() {
      // What is wrong with all of them is found by whoever asks next.
      if (hosts.count > 1) await probe().catch(() => {})
    },
    replan: () => void connections.renewIfBetter(connections.pool()),
    aside: () => openDatabase({ ...settings, poolMax: 1 }, PATIENT_MS, hosts),
    async close() {
      await Promise.all([connections.close(), own.close()])
    },
  }
}

/**
 * Translates what a query threw. The query's text and values stay out of it: Drizzle's own message
 * repeats both.
 *
 * @param at fault: the database, or the variable whose statement it was
 */
export function asUnavailable(error: unknown, at = 'database'): RekeyError {
  const cause = causeOf(error)
  // A message of the database may repeat what is stored: the host's triggers choose their own.
  const reason = cause instanceof postgres.PostgresError ? cause.code : describeFailure(error)
  const words = at === 'database' ? findWords(reason) : undefined
  const said = words ? `${reason}, ${words.says}: ${words.remedy}` : reason
  return new RekeyError('unavailable', `${at}: ${said}`, {
    retryAfterSeconds: RETRY_AFTER_SECONDS,
    cause,
  })
}

/** Names a failure by its code, and by PostgreSQL's message where that holds nothing but its own words. */
export function describeFailure(error: unknown): string {
  const cause = causeOf(error)
  if (!(cause instanceof Error)) return 'unknown failure'
  if (!('code' in cause)) return cause.message
  const code = String(cause.code)
  // What was stored or typed stands in the messages of data exceptions, and in those that the host's
  // own triggers raise; host, role and database in those of the network, the driver and the login, where
  // a part of a password may have got into them.
  const isSilent = !(cause instanceof postgres.PostgresError) || /^(08|22|23|28|3D|P0)/.test(code)
  return isSilent ? code : `${code} ${cause.message}`
}

/**
 * Says whether a statement failed by the rows that it met: a value that cannot be converted, a rule that
 * one breaks, a function of the host that raises, a damaged page. Another row may fare better.
 */
export function isRowFault(error: unknown): boolean {
  return /^(?:21|22|23|2F|38|39|P0|XX001)/.test(codeOf(error))
}

/** Says of what `asUnavailable` made whether a statement was given up for the time that it took. */
export function isTooSlow(error: unknown): boolean {
  const cause = error instanceof RekeyError ? error.cause : error
  // The server's own verdict, or, where it sets no limit, the lack of one.
  return codeOf(cause) === '57014' || isOverdue(cause)
}

/** Says whether there was no connection, or none any more: the server is away or refuses us. */
export function isConnectionFailure(error: unknown): boolean {
  const cause = causeOf(error)
  // Its own words for that: a broken connection, a role or database it does not let in, a shutdown.
  if (cause instanceof postgres.PostgresError) return /^(08|28|3D|57P)/.test(cause.code)
  return cause instanceof Error && 'code' in cause
}

/** Names a failure by its code alone: PostgreSQL's, the network's or the driver's. */
export function nameFailure(error: unknown): string {
  const cause = causeOf(error)
  if (!(cause instanceof Error)) return 'unknown failure'
  return 'code' in cause ? String(cause.code) : cause.name
}

/** Says whether a statement itself is at fault, or the rows are: it is not the server's state. */
export function isRefusal(error: unknown): boolean {
  // Not supported; a name or type or right that is not there; a view that cannot be updated.
  return isRowFault(error) || /^(?:0A|3F|42|55000)/.test(codeOf(error))
}

/** Says whether a call failed as it would where the host has altered a table since it was looked at. */
export function isMappingFailure(error: unknown): boolean {
  const thrown = error instanceof RekeyError ? error.cause : error
  return isRefusal(thrown) && (!isRowFault(thrown) || isCastFault(nameFailure(thrown)))
}

/** Says whether a row fault, by its code, may come from a column that has another type now. */
export function isCastFault(code: string): boolean {
  return code === '22003' || code === '22P02'
}

/** Says whether the database has no code for a letter of a value, so that no row can have it. */
export function isUntranslatable(error: unknown): boolean {
  return ['22021', '22P05'].includes(codeOf(error))
}

/** PostgreSQL's code of what was thrown, if it comes from there; else nothing. */
function codeOf(error: unknown): string {
  const cause = causeOf(error)
  return cause instanceof postgres.PostgresError ? cause.code : ''
}

/** What the driver threw, out of Drizzle's wrapping. */
function causeOf(error: unknown): unknown {
  return error instanceof DrizzleQueryError ? error.cause : error
}
