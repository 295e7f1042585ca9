// `rekey grants [role]`: prints the least rights that the configured mapping needs, as SQL.

import { type Database, describeFailure, openDatabase, PATIENT_MS } from '../accounts/database.ts'
import { writeGrants } from '../accounts/grants.ts'
import { assumeRights, findNeededRights } from '../accounts/needed-rights.ts'
import { readTableConfig } from '../config/read-config.ts'
import { parseDatabaseUrl } from '../core/database-url.ts'
import { reportFaults } from './report-faults.ts'
import type { ExitStatus, Terminal } from './terminal.ts'

/**
 * Prints them. Without a role they are for the one of DATABASE_URL. Where the database cannot be
 * asked, what the mapping alone makes is printed, with a word on the rest.
 *
 * @returns 0, or 78 for faults
 */
export async function grants(terminal: Terminal): Promise<ExitStatus> {
  const reading = readTableConfig(terminal.env)
  for (const warning of reading.warnings) terminal.err(`warning: ${warning}`)
  if ('faults' in reading) return reportFaults(terminal, reading.faults)
  const { database: settings, users } = reading.config
  let database: Database | undefined
  const ask = async () => {
    database = openDatabase(settings, PATIENT_MS)
    await database.findServer()
    return findNeededRights(database.db, users)
  }
  const needed = await ask().catch((error: unknown) => assumeRights(users, describeFailure(error)))
  const role = terminal.args[0] ?? parseDatabaseUrl(settings.url).user
  for (const line of writeGrants(needed, role || 'rekey')) terminal.out(line)
  await database?.close()
  return 0
}
