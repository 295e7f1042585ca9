// Whether the database answers, and is one that can be written.

import { sql } from 'drizzle-orm'
import { type Finding, reportFault, reportOk, reportWarning } from '../../core/finding.ts'
import { type Database, nameFailure } from '../database.ts'

const NAME = 'connection'
const OLDEST = 13

const REMEDIES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'start the server, or correct host and port in DATABASE_URL',
  ENOTFOUND: 'correct the host in DATABASE_URL',
  EAI_AGAIN: 'see to the name service, or correct the host in DATABASE_URL',
  CONNECT_TIMEOUT: 'open the way to host and port of DATABASE_URL in the firewall',
  ECONNRESET: 'look into the log of the server or pooler: it ends the connection (no TLS there?)',
  '28P01': 'correct the password in DATABASE_URL, or set it with ALTER ROLE',
  '28000': 'let the role in with a line in pg_hba.conf, or add ?sslmode=verify-full',
  '3D000': 'correct the name of the database in DATABASE_URL',
  '42501': 'run what `rekey grants` prints',
  '53300': 'lower DATABASE_POOL_MAX, or raise max_connections of the server',
}
const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO|ERR_TLS|ERR_SSL|EPROTO/

/** @returns findings; with a fault nothing else can be asked of the database */
export async function checkConnection({ db, limitsStatements }: Database): Promise<Finding[]> {
  let facts: { version: number; isReadOnly: boolean; timeout: string; role: string } | undefined
  try {
    const rows = await db.execute<NonNullable<typeof facts>>(sql`
      SELECT current_setting('server_version_num')::int / 10000 AS version,
        current_setting('transaction_read_only') = 'on' AS "isReadOnly",
        current_setting('statement_timeout') AS timeout, quote_ident(current_user) AS role`)
    facts = rows[0]
  } catch (error) {
    const failure = nameFailure(error)
    const isCertificate = CERTIFICATE.test(failure)
    const remedy = isCertificate
      ? "name the CA of the server's certificate in DATABASE_CA_FILE, and the host as it is in the certificate"
      : (REMEDIES[failure] ?? 'look the code up, and correct DATABASE_URL or the server')
    return [reportFault(NAME, `the database cannot be used: ${failure}`, remedy)]
  }
  if (!facts) return [reportFault(NAME, 'the database gives no answer', 'is it PostgreSQL?')]
  const { version, isReadOnly, timeout, role } = facts
  if (version < OLDEST) {
    const says = `PostgreSQL ${version} is older than what Rekey needs`
    return [reportFault(NAME, says, `upgrade to ${OLDEST} or newer`)]
  }
  if (isReadOnly) {
    const remedy = 'name the primary in DATABASE_URL, or set default_transaction_read_only to off'
    return [reportFault(NAME, 'the database can only be read: no password can be written', remedy)]
  }
  const answers = reportOk(NAME, `PostgreSQL ${version} answers, and can be written`)
  if (limitsStatements || timeout !== '0') return [answers]
  const remedy = `ALTER ROLE ${role} SET statement_timeout = '10s'`
  return [
    answers,
    reportWarning('statement-timeout', 'behind a pooler, no statement is ended in time', remedy),
  ]
}
