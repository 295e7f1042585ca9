// Tries the very statements that the service will make, by having PostgreSQL plan them.

import type { SQL } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { type Finding, reportFault } from '../core/finding.ts'
import { buildStatements, type QueryFacts } from './account-queries.ts'
import { findRefusal } from './find-refusal.ts'
import { mappingVariables, type UsersMapping } from './mapping.ts'
import { NOTHING, planStatement } from './plan.ts'

const REMEDY =
  'map the tables themselves, or a view of one table without grouping, set operations or rules'
const RIGHTS_REMEDY =
  'grant Rekey the same on what it names, or make the view one without security_invoker'

/**
 * @param facts for columns that fit
 * @returns what PostgreSQL says against each statement
 */
export async function findStatementFaults(
  db: PostgresJsDatabase,
  mapping: UsersMapping,
  facts: QueryFacts,
): Promise<Finding[]> {
  const statements = buildStatements(db, mapping, facts, () => NOTHING)
  const { byIds, byAddresses, byLogin, write, touchOwner, readBack } = statements
  const faults: Finding[] = []
  const attempt = async (variable: string, statement: SQL) => {
    const plan = () => planStatement(db, statement)
    const found = await findRefusal(plan, (failure, lacksRight) => {
      const says = `${variable}: a statement of Rekey fails: ${failure}`
      // On the columns themselves the rights are there.
      return lacksRight
        ? reportFault('rights', says, RIGHTS_REMEDY)
        : reportFault('table', says, REMEDY)
    })
    faults.push(...found)
  }

  const { table, passwordTable } = mappingVariables
  for (const query of [byIds, byAddresses, ...byLogin]) await attempt(table, query.getSQL())
  await attempt(mapping.passwordTable ? passwordTable : table, write.getSQL())
  if (touchOwner) await attempt(table, touchOwner.getSQL())
  await attempt(table, readBack)
  return [...new Map(faults.map((fault) => [fault.says, fault])).values()]
}
