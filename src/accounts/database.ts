// The connection pool to the host's PostgreSQL, and what its failures mean.

import { DrizzleQueryError } from 'drizzle-orm'
import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import postgres from 'postgres'
import { RekeyError } from '../errors.ts'

export interface DatabaseSettings {
  readonly url: string
  /** PEM certificates that the server's must be signed by. */
  readonly ca: string | undefined
  readonly poolMax: number
  /** False behind a transaction pooler. */
  readonly prepare: boolean
}

export interface Database {
  readonly db: PostgresJsDatabase
  /** Answers whether the server does. */
  ping(): Promise<boolean>
  /** Gives running statements a second, then closes. */
  close(): Promise<void>
}

const CONNECT_TIMEOUT_SECONDS = 5
const STATEMENT_TIMEOUT_MS = 10_000
const RETRY_AFTER_SECONDS = 5

/** Makes a pool. It connects at the first query, and again whenever a connection was lost. */
export function openDatabase(settings: DatabaseSettings): Database {
  const client = postgres(settings.url, {
    max: settings.poolMax,
    prepare: settings.prepare,
    ...(settings.ca !== undefined && { ssl: { ca: settings.ca, rejectUnauthorized: true } }),
    connect_timeout: CONNECT_TIMEOUT_SECONDS,
    // Longer than this is the operator's network at fault, and a new connection costs little.
    idle_timeout: 600,
    // No statement here needs the catalogue's array types, and each connection would ask for them.
    fetch_types: false,
    onnotice: () => {},
    connection: {
      application_name: 'rekey',
      // The last login is compared as text, so each replica must see the same text.
      TimeZone: 'UTC',
      DateStyle: 'ISO',
      // A pooler refuses settings that it does not know; there the role has to carry this one.
      ...(settings.prepare && { statement_timeout: STATEMENT_TIMEOUT_MS }),
    },
  })
  return {
    db: drizzle({ client }),
    ping: () =>
      client`select 1`.then(
        () => true,
        () => false,
      ),
    close: () => client.end({ timeout: 1 }),
  }
}

/**
 * Translates what a query threw. The query's text and values stay out of it: Drizzle's own message
 * repeats both.
 */
export function asUnavailable(error: unknown): RekeyError {
  const cause = error instanceof DrizzleQueryError ? error.cause : error
  return new RekeyError('unavailable', `database: ${describeFailure(cause)}`, {
    retryAfterSeconds: RETRY_AFTER_SECONDS,
    cause,
  })
}

/** Names a failure by PostgreSQL's or the network's code and message, never by detail or values. */
export function describeFailure(error: unknown): string {
  const cause = error instanceof DrizzleQueryError ? error.cause : error
  if (!(cause instanceof Error)) return 'unknown failure'
  const code = 'code' in cause ? `${String(cause.code)} ` : ''
  return `${code}${cause.message}`
}

/** Says whether the database refused a statement, rather than could not be reached. */
export function isRefusal(error: unknown): boolean {
  const cause = error instanceof DrizzleQueryError ? error.cause : error
  // Classes 08, 53, 57 and 58 are the server's own trouble; 28 and 3D may be cured while we wait.
  return cause instanceof postgres.PostgresError && !/^(08|53|57|58|28|3D)/.test(cause.code)
}
