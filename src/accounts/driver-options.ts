// What the driver is told of a connection: whom to be, how to encrypt, how long to wait.

import type { Options } from 'postgres'
import { parseDatabaseUrl } from '../core/database-url.ts'
import { readTlsMode } from '../core/tls-mode.ts'

export interface DatabaseSettings {
  readonly url: string
  /** PEM certificates that the server's must be signed by. */
  readonly ca: string | undefined
  readonly poolMax: number
  /** False behind a transaction pooler. */
  readonly prepare: boolean
}

const CONNECT_TIMEOUT_SECONDS = 2
const LONGEST_PAUSE_SECONDS = 0.5
/** `verify-full` holds the certificate against the system's CAs. */
const DRIVER_TLS = {
  none: false,
  'if-offered': 'prefer',
  unchecked: 'require',
  checked: 'verify-full',
} as const

/**
 * Makes the driver's options, without the host.
 *
 * @param max how many connections there may be
 * @param statementMs when the server is to end a statement
 */
export function makeDriverOptions(
  { ca, prepare, url }: DatabaseSettings,
  max: number,
  statementMs: number,
): Options<Record<string, never>> {
  const { user, password, database, settings, connectSeconds } = parseDatabaseUrl(url)
  return {
    ...(user !== undefined && { user }),
    ...(password !== undefined && { password }),
    ...(database !== undefined && { database }),
    max,
    prepare,
    ssl: DRIVER_TLS[readTlsMode(url, ca)],
    ...(ca !== undefined && { ssl: { ca, rejectUnauthorized: true } }),
    connect_timeout: connectSeconds ?? CONNECT_TIMEOUT_SECONDS,
    backoff: (tries) =>
      (0.5 + Math.random() / 2) * Math.min(2 ** tries / 100, LONGEST_PAUSE_SECONDS),
    // Seconds. Firewalls may drop a connection that is idle for longer, and a new one costs little.
    idle_timeout: 600,
    // No statement here needs the catalogue's array types, and each connection would ask for them.
    fetch_types: false,
    onnotice: () => {},
    connection: {
      application_name: 'rekey',
      // A pooler refuses settings that it does not know; there the role has to carry this one.
      ...(prepare && { statement_timeout: statementMs }),
      ...settings,
      // The last login is compared as text, so each replica must see the same text.
      TimeZone: 'UTC',
      DateStyle: 'ISO',
    },
  }
}
