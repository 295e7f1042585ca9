// Puts together what reads and writes the accounts in the host application's database.

import type { FastifyBaseLogger } from 'fastify'
import { openDatabase } from '../accounts/database.ts'
import { sampleAtStart } from '../accounts/hash-census.ts'
import { inspectAgain } from '../accounts/inspect-accounts.ts'
import { createLateAccounts } from '../accounts/late-accounts.ts'
import { createPostgresAccounts } from '../accounts/postgres-accounts.ts'
import { reachTable } from '../accounts/reach-table.ts'
import { createReadiness } from '../accounts/readiness.ts'
import type { Config } from '../config/config.ts'
import { describeFinding, type Finding } from '../core/finding.ts'
import type { Accounts } from '../ports.ts'
import { assembleHashMeter } from './assemble-hash-meter.ts'

export interface AccountParts {
  readonly accounts: Accounts
  /** @throws RekeyError `unavailable` when the accounts cannot be used */
  readonly assertReady: () => Promise<void>
  /** As the service has it. */
  readonly mappingFaults: Promise<readonly string[]>
  /** Gives running statements a second, then lets go of all connections. */
  close(): Promise<void>
}

/** Puts it together, and begins to look for the database. */
export function assembleAccounts(
  config: Pick<Config, 'database' | 'users' | 'hashing' | 'preset'>,
  /** @returns unix milliseconds */
  clock: () => number,
  logger: FastifyBaseLogger,
): AccountParts {
  const database = openDatabase(config.database)
  const { accounts, arrive, hasArrived } = createLateAccounts()
  const closing = new AbortController()
  const mappingFaults = reachTable(database, config.users, closing.signal, (reason) => {
    logger.warn({ reason }, 'the database cannot be reached: still trying')
  }).then((inspection) => {
    const { facts, findings } = inspection ?? { findings: [] }
    const listed = (status: Finding['status']) =>
      findings.filter((finding) => finding.status === status).map(describeFinding)
    if (!facts) return listed('fault')
    for (const warning of listed('warning')) logger.warn(warning)
    arrive(
      createPostgresAccounts(database, config.users, facts, (code) =>
        logger.warn({ code }, 'an account is left out: the database cannot read or judge its row'),
      ),
    )
    // Nothing waits for it.
    void sampleAtStart(database.db, config.users, assembleHashMeter(config)).then((foreign) => {
      if (foreign) logger.warn(describeFinding(foreign))
    })
    return []
  })
  return {
    accounts,
    mappingFaults,
    assertReady: createReadiness({
      hasArrived,
      ping: database.ping,
      inspect: () => inspectAgain(config.database, config.users),
      onChange: (faults) =>
        faults.length > 0
          ? logger.error({ faults }, 'the tables are no longer as they are mapped')
          : logger.info('the tables are as they are mapped again'),
      clock,
    }),
    close() {
      closing.abort()
      return database.close()
    },
  }
}

/** Takes accounts that the host application finds itself, wherever it keeps them. */
export function takeAccounts(accounts: Accounts): AccountParts {
  return {
    accounts,
    assertReady: async () => {},
    mappingFaults: Promise.resolve([]),
    close: async () => {},
  }
}
