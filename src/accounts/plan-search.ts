// Chooses the way of a search by the indexes that there are, and reports what an operator should know.

import { sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { type Finding, reportFault, reportOk, reportWarning } from '../core/finding.ts'
import { BEHIND_THE_VIEW, writeIndexRemedies } from './index-remedies.ts'
import { judgeIndexUse } from './index-use.ts'
import { tableSql, type UsersMapping } from './mapping.ts'
import { type Search, searchSql, type Way } from './search.ts'

/** With more rows than this, reading them all for each request would be an outage waiting. */
const MOST_ROWS_WITHOUT_INDEX = 10_000
const ANY_VALUE = sql`'["1"]'`

/** @returns the way, or `unknown` where this database cannot tell; an array then serves as well as a join */
export async function findWay(
  db: PostgresJsDatabase,
  search: Search,
  eligibleSql: string | undefined,
): Promise<Way | 'unknown'> {
  const judge = (way: Way) =>
    judgeIndexUse(db, search.table, searchSql({ search, way }, ANY_VALUE, eligibleSql))
  const use = await judge('index')
  if (use === 'served') return 'index'
  if (use === 'unknown') return 'unknown'
  const isPartlyServed = eligibleSql !== undefined && (await judge('partial-index')) === 'served'
  return isPartlyServed ? 'partial-index' : 'scan'
}

/** Reports a search that reads the whole table, with what to do. */
export async function reportScan(
  db: PostgresJsDatabase,
  search: Search,
  { allowSeqScan }: UsersMapping,
  name: string,
  says: string,
): Promise<Finding[]> {
  const [counted] = await db.execute<{ isLarge: boolean }>(
    sql`SELECT count(*) > ${MOST_ROWS_WITHOUT_INDEX} AS "isLarge" FROM (SELECT FROM ${tableSql(search.table)} LIMIT ${MOST_ROWS_WITHOUT_INDEX + 1}) AS rows`,
  )
  const remedies = await writeIndexRemedies(db, search)
  return remedies.map((remedy) => {
    if (counted?.isLarge && !allowSeqScan) {
      return reportFault(name, says, `${remedy}; -- or set ALLOW_SEQ_SCAN=true`)
    }
    // What a view joins may be read in any order, as long as it is next to nothing.
    if (!counted?.isLarge && remedy === BEHIND_THE_VIEW) {
      return reportOk(
        name,
        'an index is there behind the view; the table is too small to see it serve',
      )
    }
    return reportWarning(name, says, remedy)
  })
}

/** Reports rows of which this database cannot say how they are found. */
export function reportUnknown(name: string, what: string): Finding {
  const remedy = 'see that the place where the rows are has an index for it'
  return reportOk(name, `nobody can tell here whether an index serves ${what}`, remedy)
}
