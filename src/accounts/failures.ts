// What a failure of the database means: its name in the log, and what is to blame for it, be it the
// statement, a row, the connection or the server.

import { DrizzleQueryError } from 'drizzle-orm'
import postgres from 'postgres'
import { isOverdue } from '../deadline.ts'
import { RekeyError } from '../errors.ts'
import { findWords } from './failure-words.ts'

export const RETRY_AFTER_SECONDS = 5

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

/** Says whether a statement was given up for the time that it took. */
export function isTooSlow(error: unknown): boolean {
  // The server's own verdict, or, where it sets no limit, the lack of one.
  return codeOf(error) === '57014' || isOverdue(causeOf(error))
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
  return isRefusal(error) && (!isRowFault(error) || isCastFault(nameFailure(error)))
}

/** Says whether a row fault, by its code, may come from a column that has another type now. */
export function isCastFault(code: string): boolean {
  return code === '22003' || code === '22P02'
}

/** Says whether the database has no code for a letter of a value, so that no row can have it. */
export function isUntranslatable(error: unknown): boolean {
  return ['22021', '22P05'].includes(codeOf(error))
}

/** What a failure says of the connection that it came by, or of the server at its end. */
export type Trouble = 'cut' | 'silent' | 'away' | 'read-only'

/** @returns nothing where a failure speaks neither against the connection nor against the server */
export function findTrouble(error: unknown): Trouble | undefined {
  if (isCut(error)) return 'cut'
  const code = nameFailure(error)
  if (code === '25006') return 'read-only'
  return /^(?:CONNECT_TIMEOUT|HUNG_UP|E[A-Z_]+|57P03)$/.test(code) ? 'away' : undefined
}

/** Says whether the connection of a statement broke, so that the statement may or may not have run. */
export function isCut(error: unknown): boolean {
  return /^(?:CONNECTION_CLOSED|ECONN(?:RESET|ABORTED)|EPIPE|ETIMEDOUT|ERR_S(?:OCKET|TREAM)_\w+|0800[0136]|57P0[125])$/.test(
    nameFailure(error),
  )
}

/** PostgreSQL's code of what was thrown, if it comes from there; else nothing. */
function codeOf(error: unknown): string {
  const cause = causeOf(error)
  return cause instanceof postgres.PostgresError ? cause.code : ''
}

/** What the driver threw, under Drizzle's wrapping and that of `asUnavailable`. */
function causeOf(error: unknown): unknown {
  const isWrapped =
    error instanceof DrizzleQueryError || (error instanceof RekeyError && error.cause !== undefined)
  return isWrapped ? causeOf(error.cause) : error
}
