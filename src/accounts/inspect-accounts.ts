// Looks at the accounts as a whole, before the service uses them and again while it does: whether the
// tables fit, and whether row-level security hides rows of them.

import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { withDeadline } from '../deadline.ts'
import type { Database } from './database.ts'
import { type Inspection, inspectTable } from './inspect-table.ts'
import type { UsersMapping } from './mapping.ts'
import { addLock } from './needed-rights.ts'
import { findOperatorRights } from './operator-rights.ts'
import { listMappingRights, mergeRights, type TableRights } from './rights.ts'
import { judgeRowSecurity } from './row-security.ts'

const LOOK_TIMEOUT_MS = 5000

/** Looks at the tables, and at every one that the operator's SQL names. */
export async function inspectAtStart(
  db: PostgresJsDatabase,
  mapping: UsersMapping,
): Promise<Inspection> {
  const inspection = await inspectTable(db, mapping)
  if (!inspection.facts) return inspection
  const operator = await findOperatorRights(db, mapping, inspection.facts.idType)
  return inspectRows(db, mapping, inspection, operator.tables)
}

/** Adds to an inspection of the tables whether row-level security hides rows of them, or of further ones. */
async function inspectRows(
  db: PostgresJsDatabase,
  mapping: UsersMapping,
  { facts, findings }: Inspection,
  further: readonly TableRights[] = [],
): Promise<Inspection> {
  const { tables } = addLock(mergeRights([...listMappingRights(mapping), ...further]), mapping)
  const rows = await judgeRowSecurity(db, tables)
  const isFit = rows.every(({ status }) => status !== 'fault')
  return { facts: isFit ? facts : undefined, findings: [...findings, ...rows] }
}

/**
 * Looks at the tables of a service that runs, on a connection of its own: the look may wait for a lock,
 * and the service is not to wait with it. That a table without an index has grown since the start is a
 * warning now: it slows the service down, and that is no reason to take it away.
 *
 * @throws whatever the driver throws when there is no answer
 */
export async function inspectAgain(
  database: Pick<Database, 'aside'>,
  mapping: UsersMapping,
): Promise<Inspection> {
  const { db, close } = database.aside()
  const look = async () => {
    const inspection = await inspectTable(db, { ...mapping, allowSeqScan: true })
    return inspectRows(db, mapping, inspection)
  }
  return withDeadline(look(), LOOK_TIMEOUT_MS).finally(close)
}
