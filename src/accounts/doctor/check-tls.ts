// Whether what goes to the database is encrypted, and to a server that proved who it is.

import { type Finding, reportOk, reportWarning } from '../../core/finding.ts'
import { readTlsMode, type TlsMode } from '../../core/tls-mode.ts'
import type { DatabaseSettings } from '../database.ts'

const NAME = 'tls'
const REMEDY =
  'add ?sslmode=verify-full to DATABASE_URL; a CA that the system does not know goes in DATABASE_CA_FILE'
const WARNINGS: Readonly<Record<Exclude<TlsMode, 'checked'>, string>> = {
  none: 'hashes and addresses cross the network in plain text',
  'if-offered':
    'whoever is in between can pose as the server, or say that it has no TLS: then all goes in plain text',
  unchecked: 'no certificate is checked: whoever is in between can pose as the server',
}

/** @param isLocal whether the database is on this machine */
export function checkTls({ url, ca }: DatabaseSettings, isLocal: boolean): Finding[] {
  const mode = readTlsMode(url, ca)
  if (mode === 'none' && isLocal) return [reportOk(NAME, 'the database is on this machine')]
  if (mode !== 'checked') return [reportWarning(NAME, WARNINGS[mode], REMEDY)]
  const cas = ca === undefined ? 'the CAs of the system' : 'DATABASE_CA'
  return [reportOk(NAME, `the server's certificate is held against ${cas}`)]
}
