// Whether an index serves the columns, beside the address, by which rows are found.

import { sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { type Finding, reportOk, reportWarning } from '../../core/finding.ts'
import { isServedByIndex } from '../index-use.ts'
import { quoteName, renderSql, type TableName, tableSql, type UsersMapping } from '../mapping.ts'

const NAME = 'indexes'

/** @param idType the SQL type of ids */
export async function checkIndexes(
  db: PostgresJsDatabase,
  mapping: UsersMapping,
  idType: string,
): Promise<Finding[]> {
  const { passwordTable, id, loginColumns } = mapping
  const searched: [TableName, string, string][] = [[mapping, id, idType]]
  if (passwordTable) searched.push([passwordTable, passwordTable.userColumn, idType])
  for (const column of loginColumns) searched.push([mapping, column, 'text'])
  const findings: Finding[] = []
  for (const [name, column, type] of searched) {
    // As the service compares them: another type on the other side may not use the same index.
    const values = sql`ARRAY(SELECT value::${sql.raw(type)} FROM jsonb_array_elements_text('["1"]'))`
    const condition = sql`${sql.identifier(column)} = ANY(${values})`
    if (await isServedByIndex(db, name, condition)) continue
    const at = renderSql(tableSql(name))
    const says = `no index serves the search by ${quoteName(column)} in ${at}, so each reads the whole table`
    const remedy = `CREATE INDEX CONCURRENTLY ON ${at} (${quoteName(column)})`
    findings.push(reportWarning(NAME, says, remedy))
  }
  return findings.length > 0 ? findings : [reportOk(NAME, 'ids and logins are found by index')]
}
