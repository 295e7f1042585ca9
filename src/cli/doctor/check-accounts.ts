// Everything that the database can be asked: whether it is there, and the accounts in it as they should be.

import { nameFailure, openDatabase } from '../../accounts/database.ts'
import { checkDuplicates, checkEligibility } from '../../accounts/doctor/check-addresses.ts'
import { checkClock } from '../../accounts/doctor/check-clock.ts'
import { checkConnection } from '../../accounts/doctor/check-connection.ts'
import { checkHashes } from '../../accounts/doctor/check-hashes.ts'
import { checkIndexes } from '../../accounts/doctor/check-indexes.ts'
import { checkRights } from '../../accounts/doctor/check-rights.ts'
import { checkRowSecurity } from '../../accounts/doctor/check-row-security.ts'
import { checkTls } from '../../accounts/doctor/check-tls.ts'
import { checkTriggers } from '../../accounts/doctor/check-triggers.ts'
import { inspectTable } from '../../accounts/inspect-table.ts'
import { findNeededRights } from '../../accounts/needed-rights.ts'
import { GRANTS_REMEDY } from '../../accounts/table-columns.ts'
import type { Config } from '../../config/config.ts'
import { isLocal } from '../../config/values.ts'
import { type Finding, reportFault } from '../../core/finding.ts'
import { isUsableHash } from '../../core/usable-hash.ts'
import { listPasswordFormats } from '../../hashing/registry.ts'

const SAMPLE_SIZE = 10_000

/** @param now milliseconds of the unix epoch */
export async function checkAccounts(config: Config, now: () => number): Promise<Finding[]> {
  const { database: settings, users } = config
  const tls = checkTls(settings, isLocal(new URL(settings.url).hostname))
  const database = openDatabase(settings)
  const { db } = database
  try {
    const connection = await checkConnection(database)
    if (connection.some(({ status }) => status === 'fault')) return [...tls, ...connection]
    const findings = [...tls, ...connection, ...(await attempt('clock', () => checkClock(db, now)))]
    let idType = 'text'
    const table = await attempt('table', async () => {
      const { facts, findings } = await inspectTable(db, users)
      idType = facts?.idType ?? idType
      return findings
    })
    findings.push(...table)
    // Where a table or column is not there, every further question would fail by the same name.
    if (table.some(({ status, name }) => status === 'fault' && FATAL.includes(name))) {
      return findings
    }
    const checks: readonly [string, () => Promise<Finding[]>][] = [
      ['rights', async () => checkRights(db, await findNeededRights(db, users), users)],
      ['row-security', () => checkRowSecurity(db, users)],
      ['triggers', () => checkTriggers(db, users)],
    ]
    const readings: typeof checks = [
      ['indexes', () => checkIndexes(db, users, idType)],
      ['duplicate-addresses', () => checkDuplicates(db, users)],
      ['eligibility', () => checkEligibility(db, users, SAMPLE_SIZE)],
      ['hash-formats', () => checkHashes(db, users, census(config))],
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

function census({ hashing }: Config) {
  const formats = listPasswordFormats()
  return {
    sampleSize: SAMPLE_SIZE,
    isFormatNamed: hashing.format !== 'auto',
    nameFormat: (hash: string | null) => {
      if (hash === null || !isUsableHash(hash)) return 'none'
      return formats.find((format) => format.recognise(hash))?.name ?? 'unknown'
    },
  }
}

async function attempt(
  name: string,
  check: () => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  try {
    return await check()
  } catch (error) {
    const failure = nameFailure(error)
    const remedy =
      failure === '42501' ? GRANTS_REMEDY : 'look the code up, mend it, and run this again'
    return [reportFault(name, `this could not be looked at: ${failure}`, remedy)]
  }
}
