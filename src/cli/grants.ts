// `rekey grants [role]`: prints the least rights that the configured mapping needs, as SQL.

import { type Database, openDatabase, PATIENT_MS } from '../accounts/database.ts'
import { explainFailureInLine } from '../accounts/explain-failure.ts'
import { describeFailure } from '../accounts/failures.ts'
import { writeGrants } from '../accounts/grants.ts'
import { assumeRights, findNeededRights } from '../accounts/needed-rights.ts'
import { findMissingNames } from '../accounts/table-columns.ts'
import { readTableConfig } from '../config/read-config.ts'
import { parseDatabaseUrl } from '../core/database-url.ts'
import { describeFinding } from '../core/finding.ts'
import type { Asked } from './read-arguments.ts'
import { reportFaults } from './report-faults.ts'
import type { ExitStatus, Terminal } from './terminal.ts'

/**
 * Prints them. Without a role they are for the one of DATABASE_URL. Where the database cannot be
 * asked, what the mapping alone makes is printed, with a word on the rest.
 *
 * @returns 0, or 78 for faults, of which one is a name that is not there: it could not be granted
 */
export async function grants(terminal: Terminal, { argument }: Asked): Promise<ExitStatus> {
  const reading = readTableConfig(terminal.env)
  for (const warning of reading.warnings) terminal.err(`warning: ${warning}`)
  if ('faults' in reading) return reportFaults(terminal, reading.faults)
  const { database: settings, users } = reading.config
  let database: Database | undefined
  const ask = async () => {
    database = openDatabase(settings, PATIENT_MS)
    await database.findServer()
    const missing = await findMissingNames(database.db, users)
    return missing.length > 0 ? missing : findNeededRights(database.db, users)
  }
  let trouble: string | undefined
  const needed = await ask().catch((error: unknown) => {
    trouble = explainFailureInLine(error)
    return assumeRights(users, describeFailure(error))
  })
  await database?.close()
  if (Array.isArray(needed)) return reportFaults(terminal, needed.map(describeFinding))
  const wrong = needed.unknown.filter(({ isWrong }) => isWrong)
  if (wrong.length > 0) {
    return reportFaults(
      terminal,
      wrong.map(({ variable, reason }) => `${variable}: ${reason}`),
    )
  }
  if (trouble) {
    terminal.out(`-- The database could not be asked: ${trouble}.`)
    terminal.out('-- So no name below was compared with it, and a right may be missing.')
  }
  const role = argument || parseDatabaseUrl(settings.url).user
  for (const line of writeGrants(needed, role || 'rekey')) terminal.out(line)
  return 0
}
