// Makes the driver's options: credentials, encryption, time limits and run-time settings.

import type { Options } from 'postgres'
import { backOffMs } from '../core/back-off.ts'
import { parseDatabaseUrl } from '../core/database-url.ts'
import { readTlsMode } from '../core/tls-mode.ts'
import type { DatabaseSettings } from './database.ts'

const CONNECT_TIMEOUT_SECONDS = 2
const FIRST_PAUSE_MS = 20
/** The driver soon notices that the server is back. */
const LONGEST_PAUSE_MS = 500
const DRIVER_TLS = {
  none: false,
  'if-offered': 'prefer',
  unchecked: 'require',
  checked: { rejectUnauthorized: true },
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
    ...(ca !== undefined && { ssl: { ...DRIVER_TLS.checked, ca } }),
    connect_timeout: connectSeconds ?? CONNECT_TIMEOUT_SECONDS,
    backoff: (failures) =>
      backOffMs(Math.max(failures, 1), FIRST_PAUSE_MS, LONGEST_PAUSE_MS) / 1000,
    // Seconds. Firewalls may drop a connection that is idle for longer, and a new one costs little.
    idle_timeout: 600,
    // No statement here needs the catalogue's array types, and each connection would ask for them.
    fetch_types: false,
    onnotice: () => {},
    connection: {
      application_name: 'rekey',
      // A pooler refuses settings that it does not know; there the role has to carry these.
      ...(prepare && {
        statement_timeout: statementMs,
        // A write whose connection is lost unseen must not hold its row for long.
        idle_in_transaction_session_timeout: statementMs,
      }),
      ...settings,
      // The last login is compared as text, so each replica must see the same text.
      TimeZone: 'UTC',
      DateStyle: 'ISO',
    },
  }
}
