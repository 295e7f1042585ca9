// Everything that the database can be asked: whether it is there, and the accounts in it as they should be.

import { openDatabase, PATIENT_MS } from '../../accounts/database.ts'
import { checkClock } from '../../accounts/doctor/check-clock.ts'
import { checkConnection } from '../../accounts/doctor/check-connection.ts'
import { checkDuplicates } from '../../accounts/doctor/check-duplicates.ts'
import { checkEligibility } from '../../accounts/doctor/check-eligibility.ts'
import { checkHashes } from '../../accounts/doctor/check-hashes.ts'
import { checkRights } from '../../accounts/doctor/check-rights.ts'
import { checkTls } from '../../accounts/doctor/check-tls.ts'
import { checkTriggers } from '../../accounts/doctor/check-triggers.ts'
import { nameFailure } from '../../accounts/failures.ts'
import { inspectTable } from '../../accounts/inspect-table.ts'
import { findNeededRights } from '../../accounts/needed-rights.ts'
import { judgeRowSecurity } from '../../accounts/row-security.ts'
import { GRANTS_REMEDY } from '../../accounts/table-columns.ts'
import type { Config } from '../../config/config.ts'
import { isLocalDatabase } from '../../config/values.ts'
import { parseDatabaseUrl } from '../../core/database-url.ts'
import { type Finding, reportFault } from '../../core/finding.ts'
import { assembleHashMeter } from '../../service/assemble-hash-meter.ts'

const SAMPLE_SIZE = 10_000

/** @param now milliseconds of the unix epoch */
export async function checkAccounts(config: Config, now: () => number): Promise<Finding[]> {
  const { database: settings, users } = config
  const tls = checkTls(settings, isLocalDatabase(parseDatabaseUrl(settings.url)))
  const database = openDatabase(settings, PATIENT_MS)
  const { db } = database
  try {
    const connection = await checkConnection(database)
    if (connection.some(({ status }) => status === 'fault')) return [...tls, ...connection]
    const findings = [...tls, ...connection, ...(await attempt('clock', () => checkClock(db, now)))]
    const table = await attempt('table', async () => (await inspectTable(db, users)).findings)
    findings.push(...table)
    // Where a table or column is not there, every further question would fail by the same name.
    if (table.some(({ status, name }) => status === 'fault' && FATAL.includes(name))) {
      return findings
    }
    const checks: readonly [string, () => Promise<Finding[]>][] = [
      [
        'rights',
        async () => {
          const needed = await findNeededRights(db, users)
          return [
            ...(await checkRights(db, needed)),
            ...(await judgeRowSecurity(db, needed.tables)),
          ]
        },
      ],
      ['triggers', () => checkTriggers(db, users)],
    ]
    const readings: typeof checks = [
      ['duplicate-addresses', () => checkDuplicates(db, users)],
      ['eligibility', () => checkEligibility(db, users, SAMPLE_SIZE)],
      ['hash-formats', () => checkHashes(db, users, assembleHashMeter(config), SAMPLE_SIZE)],
    ]
    const mayRead = !table.some(({ status }) => status === 'fault')
    for (const [name, check] of mayRead ? [...checks, ...readings] : checks) {
      findings.push(...(await attempt(name, check)))
    }
    return findings
  } finally {
    await database.close()
  }
}

const FATAL = ['table', 'column', 'type']

async function attempt(
  name: string,
  check: () => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  try {
    return await check()
  } catch (error) {
    const failure = nameFailure(error)
    const remedy =
      failure === '42501'
        ? GRANTS_REMEDY
        : 'look up what the code means to PostgreSQL or the network, correct it, and run this again'
    return [reportFault(name, `this check could not be made: ${failure}`, remedy)]
  }
}
