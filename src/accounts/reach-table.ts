// Reaches the database, however long it takes, and finds out whether the mapping fits.

import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import type { Finding } from '../core/finding.ts'
import { type Database, describeFailure } from './database.ts'
import { type Inspection, inspectTable } from './inspect-table.ts'
import type { UsersMapping } from './mapping.ts'
import { findOperatorRights } from './operator-rights.ts'
import { listMappingRights } from './rights.ts'
import { judgeRowSecurity } from './row-security.ts'

const RETRY_MS = 1000

/**
 * Tries until the database answers or `signal` says to stop.
 *
 * @param onFailure is told why a try has failed, once for each reason, without anything secret
 * @returns undefined when it was told to stop
 */
export async function reachTable(
  { db, line }: Database,
  mapping: UsersMapping,
  signal: AbortSignal,
  onFailure: (reason: string) => void,
): Promise<Inspection | undefined> {
  let lastReason = ''
  while (!signal.aborted) {
    try {
      return await line(() => inspectAll(db, mapping))
    } catch (error) {
      if (signal.aborted) return undefined
      const reason = describeFailure(error)
      if (reason !== lastReason) onFailure(reason)
      lastReason = reason
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS))
    }
  }
  return undefined
}

/** The tables themselves, and whether row-level security hides rows of them. */
async function inspectAll(db: PostgresJsDatabase, mapping: UsersMapping): Promise<Inspection> {
  const { facts, findings } = await inspectTable(db, mapping)
  if (!facts) return { facts, findings }
  const operator = await findOperatorRights(db, mapping, facts.idType)
  const tables = [...listMappingRights(mapping), ...operator.tables]
  const rows = await judgeRowSecurity(db, tables)
  const isFit = rows.every(({ status }) => status !== 'fault')
  return { facts: isFit ? facts : undefined, findings: [...findings, ...rows] }
}

/**
 * Looks at the table of a service that runs. That a table without an index has grown since the start is
 * a warning now: it slows the service down, and that is no reason to take it away.
 */
export async function inspectAgain(
  { db, line }: Database,
  mapping: UsersMapping,
): Promise<readonly Finding[]> {
  const { findings } = await line(() => inspectTable(db, { ...mapping, allowSeqScan: true }))
  return findings
}
