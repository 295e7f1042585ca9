// Puts together what reads and writes the accounts in the host application's database.

import type { FastifyBaseLogger } from 'fastify'
import { openDatabase } from '../accounts/database.ts'
import { findWords } from '../accounts/failure-words.ts'
import { describeFailure, isCastFault, nameFailure } from '../accounts/failures.ts'
import { sampleAtStart } from '../accounts/hash-census.ts'
import { inspectAgain } from '../accounts/inspect-accounts.ts'
import type { TableFacts } from '../accounts/inspect-table.ts'
import { createLateAccounts } from '../accounts/late-accounts.ts'
import { createPostgresAccounts } from '../accounts/postgres-accounts.ts'
import { reachTable } from '../accounts/reach-table.ts'
import { READ_ONLY } from '../accounts/read-only.ts'
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
  const late = createLateAccounts(() => readiness.lookAfterFailure())
  const closing = new AbortController()
  const say = reportFailures(logger)
  let known = ''
  const use = (facts: TableFacts, findings: readonly Finding[]) => {
    const seen = JSON.stringify(facts)
    if (seen === known) return
    if (known !== '') logger.info('the tables have changed: the mapping was read anew')
    known = seen
    for (const warning of listFindings(findings, 'warning')) logger.warn(warning)
    late.arrive(
      createPostgresAccounts(database, config.users, facts, (code) => {
        if (isCastFault(code)) late.noteRowFault()
        logger.warn({ code }, 'an account is left out: the database cannot read or judge its row')
      }),
    )
  }
  const readiness = createReadiness({
    hasArrived: late.hasArrived,
    probe: database.probe,
    inspect: () => inspectAgain(database, config.users),
    onFit: use,
    onChange: (faults) =>
      faults.length > 0
        ? logger.error({ faults }, 'the tables are no longer as they are mapped')
        : logger.info('the tables are as they are mapped again'),
    onWritability: (writability) =>
      writability === 'read-only'
        ? logger.error({ faults: [describeFinding(READ_ONLY)] }, READ_ONLY.says)
        : logger.info('the database can be written again'),
    clock,
  })
  const mappingFaults = reachTable(database, config.users, closing.signal, say).then(
    (inspection) => {
      const { facts, findings } = inspection ?? { findings: [] }
      if (!facts) return listFindings(findings, 'fault')
      use(facts, findings)
      // Nothing waits for it.
      void sampleAtStart(database.db, config.users, assembleHashMeter(config)).then((foreign) => {
        if (foreign) logger.warn(describeFinding(foreign))
      })
      return []
    },
  )
  return {
    accounts: late.accounts,
    mappingFaults,
    assertReady: readiness.assertReady,
    close() {
      closing.abort()
      return database.close()
    },
  }
}

/** Logs why the database cannot be reached, once for each reason. */
function reportFailures(logger: FastifyBaseLogger): (error: unknown) => void {
  let lastReason = ''
  return (error) => {
    const reason = describeFailure(error)
    if (reason === lastReason) return
    lastReason = reason
    const words = findWords(nameFailure(error))
    logger.warn({ reason, ...words }, 'the database cannot be reached: still trying')
  }
}

function listFindings(findings: readonly Finding[], status: Finding['status']): string[] {
  return findings.filter((finding) => finding.status === status).map(describeFinding)
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
