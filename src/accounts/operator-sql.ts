// Tries what the operator has written as SQL, without reading or writing a row.

import { sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { type Finding, reportFault } from '../core/finding.ts'
import { describeFailure, isRefusal, nameFailure } from './database.ts'
import {
  afterResetSql,
  conditionSql,
  listConditions,
  mappingVariables,
  tableSql,
  type UsersMapping,
} from './mapping.ts'
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
  const attempt = async (variable: string, work: () => Promise<unknown>) => {
    try {
      await work()
    } catch (error) {
      if (!isRefusal(error)) throw error
      const says = `${variable}: ${describeFailure(error)}`
      const remedy = `correct ${variable}, and try it in a SELECT of your own`
      const lacksRight = nameFailure(error) === '42501'
      faults.push(
        lacksRight
          ? reportFault('rights', says, GRANTS_REMEDY)
          : reportFault('expression', says, remedy),
      )
    }
  }
  for (const { variable, table, expression } of listConditions(mapping)) {
    // As a condition, which is how the write has it: an aggregate would pass as a result.
    await attempt(variable, () =>
      db.execute(sql`SELECT FROM ${tableSql(table)} WHERE ${conditionSql(expression)} LIMIT 0`),
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
    // Planned, which needs every name and every right, and not run.
    await attempt(mappingVariables.afterReset, () =>
      db.transaction(async (transaction) => {
        const statement = afterResetSql(afterReset, sql`$1`)
        await transaction.execute(sql`PREPARE rekey_check (${sql.raw(idType)}) AS ${statement}`)
        await transaction.execute(sql`EXPLAIN EXECUTE rekey_check (NULL)`)
        await transaction.execute(sql`DEALLOCATE rekey_check`)
      }),
    )
  }
  return faults
}
