// The connection pool to the host's PostgreSQL, and what its failures mean.

import { DrizzleQueryError } from 'drizzle-orm'
import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import postgres, { type Sql } from 'postgres'
import { isOverdue, withDeadline } from '../deadline.ts'
import { RekeyError } from '../errors.ts'
import { guardTransactions } from './guard-transactions.ts'
import { createStatementLine, type StatementLine } from './statement-line.ts'

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
  /** What every statement goes through that a request waits for. */
  readonly line: StatementLine
  /** Whether the server ends every statement in time, before the line gives it up. */
  readonly limitsStatements: boolean
  /** Answers whether the server does. */
  ping(): Promise<boolean>
  /** Gives running statements a second, then closes. */
  close(): Promise<void>
}

const CONNECT_TIMEOUT_SECONDS = 5
const WAIT_TIMEOUT_MS = 5000
const STATEMENT_TIMEOUT_MS = 10_000
// Beyond the server's own timeout: its verdict is to come first.
const ANSWER_TIMEOUT_MS = 12_000
/** How long a write of several statements may take: each has its own timeout, and so has the commit. */
export const TRANSACTION_TIMEOUT_MS = 30_000
const PING_TIMEOUT_MS = 2000
export const RETRY_AFTER_SECONDS = 5

/** Makes a pool. It connects at the first query, and again whenever a connection was lost. */
export function openDatabase(settings: DatabaseSettings): Database {
  const client = postgres(settings.url, {
    max: settings.poolMax,
    prepare: settings.prepare,
    ...(settings.ca !== undefined && { ssl: { ca: settings.ca, rejectUnauthorized: true } }),
    connect_timeout: CONNECT_TIMEOUT_SECONDS,
    // Seconds. Firewalls may drop a connection that is idle for longer, and a new one costs little.
    idle_timeout: 600,
    // No statement here needs the catalogue's array types, and each connection would ask for them.
    fetch_types: false,
    onnotice: () => {},
    connection: {
      application_name: 'rekey',
      // The last login is compared as text, so each replica must see the same text.
      TimeZone: 'UTC',
      DateStyle: 'ISO',
      // A pooler refuses settings that it does not know; there the role has to carry these.
      ...(settings.prepare && {
        statement_timeout: STATEMENT_TIMEOUT_MS,
        // A write whose connection is lost unseen must not hold its row for long.
        idle_in_transaction_session_timeout: STATEMENT_TIMEOUT_MS,
      }),
    },
  })
  guardTransactions(client)
  let pinging: Promise<unknown> | undefined
  return {
    db: drizzle({ client }),
    line: createStatementLine(settings.poolMax, WAIT_TIMEOUT_MS, ANSWER_TIMEOUT_MS),
    limitsStatements: settings.prepare,
    ping: () => {
      // One for all who ask at once: a server that does not answer must not find them all waiting.
      pinging ??= client`select 1`.finally(() => {
        pinging = undefined
      })
      return withDeadline(pinging, PING_TIMEOUT_MS).then(
        () => true,
        () => false,
      )
    },
    close: () => client.end({ timeout: 1 }),
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
  return new RekeyError('unavailable', `${at}: ${reason}`, {
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
