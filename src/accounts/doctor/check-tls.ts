// Whether what goes to the database is encrypted, and to a server that proved who it is.

import { type Finding, reportOk, reportWarning } from '../../core/finding.ts'
import type { DatabaseSettings } from '../database.ts'

const NAME = 'tls'
const REMEDY =
  'add ?sslmode=verify-full to DATABASE_URL; a CA that the system does not know goes in DATABASE_CA_FILE'

/** @param isLocal whether the database is on this machine */
export function checkTls({ url, ca }: DatabaseSettings, isLocal: boolean): Finding[] {
  if (ca !== undefined)
    return [reportOk(NAME, "the server's certificate is held against DATABASE_CA")]
  const { searchParams } = new URL(url)
  const mode = searchParams.get('sslmode') || searchParams.get('ssl') || 'disable'
  if (['disable', 'false'].includes(mode)) {
    if (isLocal) return [reportOk(NAME, 'the database is on this machine')]
    const says = 'hashes and addresses cross the network in plain text'
    return [reportWarning(NAME, says, REMEDY)]
  }
  // The driver takes any certificate in these modes, as libpq does.
  if (['require', 'allow', 'prefer'].includes(mode)) {
    const says = `sslmode=${mode} checks no certificate: whoever is in between can pose as the server`
    return [reportWarning(NAME, says, REMEDY)]
  }
  return [reportOk(NAME, "the server's certificate is held against the CAs of the system")]
}
