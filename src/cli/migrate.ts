// `rekey migrate`: makes Rekey's own users table, for those who have none yet.

import { type Database, openDatabase, PATIENT_MS } from '../accounts/database.ts'
import { explainFailureInLine } from '../accounts/explain-failure.ts'
import { describeFailure, isConnectionFailure, nameFailure } from '../accounts/failures.ts'
import { migrateOwnTable } from '../accounts/migrate.ts'
import { readDatabaseConfig } from '../config/read-config.ts'
import { reportFaults } from './report-faults.ts'
import type { ExitStatus, Terminal } from './terminal.ts'

const migrationsDirectory = new URL('../../drizzle/', import.meta.url)
const LACKS_RIGHT = '42501'

/** @returns 0 when the table is there and up to date, 1 when it could not be made, 78 for faults */
export async function migrate(
  terminal: Pick<Terminal, 'env' | 'out' | 'err'>,
): Promise<ExitStatus> {
  const reading = readDatabaseConfig(terminal.env)
  for (const warning of reading.warnings) terminal.err(`warning: ${warning}`)
  if ('faults' in reading) return reportFaults(terminal, reading.faults)
  let database: Database | undefined
  try {
    database = openDatabase(reading.config, PATIENT_MS)
    await database.findServer()
    if (await migrateOwnTable(database, migrationsDirectory)) {
      terminal.out('The users table is there and up to date.')
      return 0
    }
    terminal.err('There is a users table that Rekey did not make, and it was left alone.')
    terminal.err('To use it as it is, no migration is needed: see USERS_TABLE in .env.example.')
    return 1
  } catch (error) {
    const reason = isConnectionFailure(error) ? explainFailureInLine(error) : describeFailure(error)
    terminal.err(`The table could not be made: ${reason}`)
    if (nameFailure(error) === LACKS_RIGHT) {
      terminal.err('The role has to be allowed to create a table, and the schema "rekey".')
    }
    return 1
  } finally {
    await database?.close()
  }
}
