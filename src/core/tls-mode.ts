// How a connection to the database is encrypted, by what its URL says.

import { readParameters } from './database-url.ts'

/**
 * `none`: in plain text. `if-offered`: encrypted, but in plain text when the other side says that it
 * has no TLS. `unchecked`: encrypted, with whatever certificate. `checked`: encrypted, to a server
 * whose certificate a known CA has signed for its name.
 */
export type TlsMode = 'none' | 'if-offered' | 'unchecked' | 'checked'

/** By the value of sslmode or ssl; with any other value the certificate is checked. */
const MODES = new Map<string, TlsMode>([
  ['', 'none'],
  ['disable', 'none'],
  ['false', 'none'],
  ['0', 'none'],
  ['prefer', 'if-offered'],
  ['allow', 'unchecked'],
  ['require', 'unchecked'],
])

/** @param ca the certificates of DATABASE_CA: with them, what the URL says does not count */
export function readTlsMode(databaseUrl: string, ca: string | undefined): TlsMode {
  if (ca !== undefined) return 'checked'
  const parameters = readParameters(databaseUrl)
  return MODES.get(parameters.get('sslmode') || parameters.get('ssl') || '') ?? 'checked'
}
