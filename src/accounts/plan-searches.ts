// Plans the searches by what is no address: ids, logins, and the account of a hash in a second table.

import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { type Finding, reportOk } from '../core/finding.ts'
import { type MappingVariable, mappingVariables, quoteName, type UsersMapping } from './mapping.ts'
import { findWay, reportScan, reportUnknown } from './plan-search.ts'
import { type PlannedSearch, type Search, type Searches, searchByColumn } from './search.ts'

const NAME = 'indexes'

/**
 * Plans them.
 *
 * @param types the SQL types of ids, of the login columns in their order, and of the second table's account
 */
export async function planSearches(
  db: PostgresJsDatabase,
  mapping: UsersMapping,
  types: { id: string; logins: readonly string[] },
): Promise<Omit<Searches, 'addresses'> & { findings: readonly Finding[] }> {
  const { passwordTable, loginColumns, eligibleSql } = mapping
  const findings: Finding[] = []
  const plan = async (
    search: Search,
    column: string,
    variable: MappingVariable,
    alongside: string | undefined,
  ): Promise<PlannedSearch> => {
    const way = await findWay(db, search, alongside)
    if (way === 'unknown') findings.push(reportUnknown(NAME, `the search by ${quoteName(column)}`))
    if (way === 'scan') {
      const says = `${variable}: no index serves the search by ${quoteName(column)}, so each reads the whole table`
      findings.push(...(await reportScan(db, search, mapping, NAME, says)))
    }
    return { search, way: way === 'unknown' ? 'index' : way }
  }
  // Accounts are read by their ids whether or not they are eligible.
  const byId = searchByColumn(mapping, mapping.id, types.id)
  const ids = await plan(byId, mapping.id, mappingVariables.id, undefined)
  if (passwordTable) {
    const { userColumn, filterSql } = passwordTable
    const byUser = searchByColumn(passwordTable, userColumn, types.id)
    await plan(byUser, userColumn, mappingVariables.userColumn, filterSql)
  }
  const logins: PlannedSearch[] = []
  for (const [index, column] of loginColumns.entries()) {
    const search = searchByColumn(mapping, column, types.logins[index] ?? 'text')
    logins.push(await plan(search, column, mappingVariables.loginColumns, eligibleSql))
  }
  if (findings.length === 0) findings.push(reportOk(NAME, 'ids and logins are found by index'))
  return { ids, logins, findings }
}
