// The database as the accounts use it: statements in a line, over connections that are replaced when they
// fail.

import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import type { Sql } from 'postgres'
import { MOST_STATEMENT_MS, parseDatabaseUrl } from '../core/database-url.ts'
import { RekeyError } from '../errors.ts'
import { createConnections, createHosts, type Pool } from './connections.ts'
import { makeDriverOptions } from './driver-options.ts'
import { findTrouble, isConnectionFailure, isCut, type Trouble } from './failures.ts'
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
  /** Runs every write that a request waits for. */
  readonly line: StatementLine
  /** Runs what only reads, and tries it again where its connection turns out to be cut. */
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

/** The longest that a statement may take which no request waits for. */
export const PATIENT_MS = 10_000
/** How long a statement waits for turn and answer, so that a request is answered within five seconds. */
const LIMIT_MS = 4500
/** How long a statement still has after its pool was replaced: by then the server has ended it. */
const LAST_SECONDS = MOST_STATEMENT_MS / 1000
/** How long readiness waits for the service's connections after one of them had no answer. */
const DOUBT_LIMIT_MS = 2000

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

  // One connection, made at the first question.
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
      // What is wrong with all of them, the next statement finds.
      if (hosts.count > 1) await probe().catch(() => {})
    },
    replan: () => void connections.renewIfBetter(connections.pool()),
    aside: () => openDatabase({ ...settings, poolMax: 1 }, PATIENT_MS, hosts),
    async close() {
      await Promise.all([connections.close(), own.close()])
    },
  }
}
