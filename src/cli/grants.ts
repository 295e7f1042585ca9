// `rekey grants [role]`: prints the least rights that the configured mapping needs, as SQL.

import { type Database, describeFailure, openDatabase } from '../accounts/database.ts'
import { writeGrants } from '../accounts/grants.ts'
import { assumeRights, findNeededRights } from '../accounts/needed-rights.ts'
import { readTableConfig } from '../config/read-config.ts'
import type { Asked } from './read-arguments.ts'
import { reportFaults } from './report-faults.ts'
import type { ExitStatus, Terminal } from './terminal.ts'

/**
 * Prints them. Without a role they are for the one of DATABASE_URL. Where the database cannot be
 * asked, what the mapping alone makes is printed, with a word on the rest.
 *
 * @returns 0, or 78 for faults
 */
export async function grants(terminal: Terminal, { argument }: Asked): Promise<ExitStatus> {
  const reading = readTableConfig(terminal.env)
  for (const warning of reading.warnings) terminal.err(`warning: ${warning}`)
  if ('faults' in reading) return reportFaults(terminal, reading.faults)
  const { database: settings, users } = reading.config
  let database: Database | undefined
  const ask = () => {
    database = openDatabase(settings)
    return findNeededRights(database.db, users)
  }
  const needed = await ask().catch((error: unknown) => assumeRights(users, describeFailure(error)))
  const role = argument || decodeURIComponent(new URL(settings.url).username)
  for (const line of writeGrants(needed, role || 'rekey')) terminal.out(line)
  await database?.close()
  return 0
}
