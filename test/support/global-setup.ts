// Starts the one PostgreSQL that every test file of a run makes its own databases in.

import type { TestProject } from 'vitest/node'
import { startPostgres } from '../../demo/postgres-server.ts'

declare module 'vitest' {
  export interface ProvidedContext {
    postgres: { adminUrl: string; logFile: string }
  }
}

/** @returns The teardown, which vitest calls at the end of the run. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  // The prefix lets a test find the lines of its own database in the one log.
  const server = await startPostgres({ settings: { log_line_prefix: '%d|' } })
  project.provide('postgres', { adminUrl: server.url(), logFile: server.logFile })
  return server.stop
}
