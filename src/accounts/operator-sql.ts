// Tries what the operator has written as SQL, without reading or writing a row.

import { sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { describeFailure, isRefusal } from './database.ts'
import { conditionSql, mappingVariables, tableSql, type UsersMapping } from './mapping.ts'

/**
 * @param idType undefined where the columns do not fit, so that nothing with an id can be tried
 * @returns what PostgreSQL says against each expression and statement, by variable
 */
export async function operatorSqlFaults(
  db: PostgresJsDatabase,
  mapping: UsersMapping,
  idType: string | undefined,
): Promise<string[]> {
  const faults: string[] = []
  const attempt = async (variable: string, work: () => Promise<unknown>) => {
    try {
      await work()
    } catch (error) {
      if (!isRefusal(error)) throw error
      faults.push(`${variable}: ${describeFailure(error)}`)
    }
  }
  // As a condition, which is how the write has it: an aggregate would pass as a result.
  await attempt(mappingVariables.eligibleSql, () =>
    db.execute(
      sql`SELECT FROM ${tableSql(mapping)} WHERE ${conditionSql(mapping.eligibleSql)} LIMIT 0`,
    ),
  )
  const { passwordTable, afterReset } = mapping
  if (idType === undefined) return faults
  if (passwordTable) {
    const user = sql.identifier(passwordTable.userColumn)
    const table = tableSql(passwordTable)
    await attempt(mappingVariables.userColumn, () =>
      db.execute(sql`SELECT FROM ${table} WHERE ${user} = NULL::${sql.raw(idType)} LIMIT 0`),
    )
    await attempt(mappingVariables.filterSql, () =>
      db.execute(sql`SELECT FROM ${table} WHERE ${conditionSql(passwordTable.filterSql)} LIMIT 0`),
    )
  }
  if (afterReset) {
    // Planned, which needs every name and every right, and not run.
    await attempt(mappingVariables.afterReset, () =>
      db.transaction(async (transaction) => {
        const statement = sql.join(afterReset.map(sql.raw), sql`$1`)
        await transaction.execute(sql`PREPARE rekey_check (${sql.raw(idType)}) AS ${statement}`)
        await transaction.execute(sql`EXPLAIN EXECUTE rekey_check (NULL)`)
        await transaction.execute(sql`DEALLOCATE rekey_check`)
      }),
    )
  }
  return faults
}
