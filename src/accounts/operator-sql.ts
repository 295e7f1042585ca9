// Tries what the operator has written as SQL, without reading or writing a row.

import { sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { type Finding, reportFault } from '../core/finding.ts'
import { findRefusal } from './find-refusal.ts'
import {
  afterResetSql,
  conditionSql,
  listConditions,
  mappingVariables,
  tableSql,
  type UsersMapping,
} from './mapping.ts'
import { NOTHING, planStatement } from './plan.ts'
import { GRANTS_REMEDY } from './table-columns.ts'

/**
 * @param idType undefined where the columns do not fit, so that nothing with an id can be tried
 * @returns what PostgreSQL says against each expression and statement, by variable
 */
export async function findOperatorSqlFaults(
  db: PostgresJsDatabase,
  mapping: UsersMapping,
  idType: string | undefined,
): Promise<Finding[]> {
  const faults: Finding[] = []
  const attempt = async (variable: string, statement: () => Promise<unknown>) => {
    const found = await findRefusal(statement, (failure, lacksRight) => {
      const remedy = `correct ${variable}, and try it in a SELECT of your own`
      return lacksRight
        ? reportFault('rights', `${variable}: ${failure}`, GRANTS_REMEDY)
        : reportFault('expression', `${variable}: ${failure}`, remedy)
    })
    faults.push(...found)
  }
  for (const { variable, table, expression } of listConditions(mapping)) {
    // As a condition, which is how the write has it: an aggregate would pass as a result. And with a
    // parameter, with which the server takes one statement only.
    await attempt(variable, () =>
      db.execute(sql`SELECT FROM ${tableSql(table)} WHERE ${conditionSql(expression)} LIMIT ${0}`),
    )
  }
  const { passwordTable, afterReset } = mapping
  if (idType === undefined) return faults
  if (passwordTable) {
    const user = sql.identifier(passwordTable.userColumn)
    const table = tableSql(passwordTable)
    await attempt(mappingVariables.userColumn, () =>
      db.execute(sql`SELECT FROM ${table} WHERE ${user} = NULL::${sql.raw(idType)} LIMIT 0`),
    )
  }
  if (afterReset) {
    const id = sql`${NOTHING}::${sql.raw(idType)}`
    await attempt(mappingVariables.afterReset, () =>
      planStatement(db, afterResetSql(afterReset, id)),
    )
  }
  return faults
}
