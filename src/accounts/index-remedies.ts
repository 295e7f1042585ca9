// Writes the statement that makes the index which a search lacks, on the tables that it reads.

import { sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { bare } from './index-use.ts'
import { quoteName, renderSql, type TableName, tableSql } from './mapping.ts'
import { listNodes, type PlanNode, planStatement, withoutAlias } from './plan.ts'
import type { Search } from './search.ts'

/** A table, and what there is already of an index. */
interface Found extends Record<string, unknown> {
  readonly schema: string
  readonly table: string
  readonly isPartitioned: boolean
  /** Whether others inherit from it, whose rows are read with its own. */
  readonly isParent: boolean
  /** Whether policies stand between its rows and their reader. */
  readonly isScreened: boolean
  readonly indexes: readonly { name: string; isValid: boolean; isPartial: boolean; first: string }[]
}

interface Place {
  readonly found: Found
  /** Table and key, as SQL. */
  readonly at: string
  readonly key: string
}

const SCREENED =
  'an index for it is there, and a policy with a condition keeps PostgreSQL from using it: run what `rekey grants` prints, and see that no RESTRICTIVE policy has a condition'
const BEHIND_THE_VIEW =
  'an index for it is there, and the view keeps PostgreSQL from using it: map the table itself, or a plain view of it'
const OUT_OF_SIGHT =
  'map the table itself, or a view without security_barrier whose column PostgreSQL can follow to one table'

/** @returns what to do: as SQL for each table, or in words where no index would help */
export async function writeIndexRemedies(
  db: PostgresJsDatabase,
  { table, indexKey }: Search,
): Promise<readonly string[]> {
  const own = await readTable(db, table)
  if (own && !own.isParent) {
    const place = { found: own, at: renderSql(tableSql(table)), key: renderSql(indexKey) }
    return [own.isScreened && findIndex(place)?.isValid ? SCREENED : writeRemedy(place)]
  }
  const places = await findPlaces(db, { table, indexKey })
  if (places.length === 0) return [OUT_OF_SIGHT]
  const lacking = places.filter((place) => !findIndex(place)?.isValid)
  return lacking.length > 0 ? [...new Set(lacking.map(writeRemedy))] : [BEHIND_THE_VIEW]
}

function writeRemedy(place: Place): string {
  const { found, at, key } = place
  const unfinished = found.isPartitioned ? undefined : findIndex(place)
  // A second one beside it would be one too many.
  if (unfinished && !unfinished.isValid) {
    return `REINDEX INDEX CONCURRENTLY ${quoteName(found.schema)}.${quoteName(unfinished.name)}`
  }
  return `CREATE INDEX ${found.isPartitioned ? '' : 'CONCURRENTLY '}ON ${at} (${key})`
}

/** Finds the index on the key, a valid one first. */
function findIndex({ found, key }: Place) {
  const plain = (expression: string) => bare(expression).replaceAll('"', '')
  const same = found.indexes.filter(
    ({ isPartial, first }) => !isPartial && plain(first) === plain(key),
  )
  return same.find(({ isValid }) => isValid) ?? same[0]
}

/** Follows the key to the tables that it is read from. */
async function findPlaces(
  db: PostgresJsDatabase,
  { table, indexKey }: Pick<Search, 'table' | 'indexKey'>,
): Promise<Place[]> {
  const roots = await db.transaction(async (transaction) => {
    await transaction.execute(sql`SET LOCAL max_parallel_workers_per_gather = 0`)
    return planStatement(transaction, sql`SELECT ${indexKey} FROM ${tableSql(table)}`)
  })
  const places: Place[] = []
  for (const { name, expression } of roots.flatMap(listKeys)) {
    const found = await readTable(db, name)
    if (!found) continue
    const at = renderSql(tableSql({ schema: found.schema, table: found.table }))
    // A column or a call needs no brackets of its own.
    const isPlain = /^(?:\w+|"(?:[^"]|"")*"|\w+\(.*\))$/.test(expression)
    places.push({ found, at, key: isPlain ? expression : `(${expression})` })
  }
  return places
}

/** The key as each table has it that a plan reads it from. */
function listKeys(node: PlanNode): { name: TableName; expression: string }[] {
  const { Output: [output] = [], Plans = [] } = node
  if (output === undefined) return Plans.flatMap(listKeys)
  return listNodes(node).flatMap(({ Schema, Alias = '', 'Relation Name': table }) => {
    if (table === undefined) return []
    const expression = withoutAlias(output, Alias)
    const isOnly = Plans.length === 0
    return isOnly || expression !== output ? [{ name: { schema: Schema, table }, expression }] : []
  })
}

/** @returns the table, or the one that it is a partition of; nothing for what is none */
async function readTable(db: PostgresJsDatabase, name: TableName): Promise<Found | undefined> {
  const [found] = await db.execute<Found>(sql`
    SELECT n.nspname AS schema, c.relname AS table, c.relkind = 'p' AS "isPartitioned",
      c.relkind = 'r' AND EXISTS (SELECT FROM pg_inherits WHERE inhparent = c.oid) AS "isParent",
      row_security_active(c.oid) AS "isScreened",
      (SELECT coalesce(jsonb_agg(jsonb_build_object('name', x.relname, 'isValid', i.indisvalid,
          'isPartial', i.indpred IS NOT NULL, 'first', pg_get_indexdef(x.oid, 1, false))), '[]')
        FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_am a ON a.oid = x.relam
        WHERE i.indrelid = c.oid AND a.amname IN ('btree', 'hash')) AS indexes
    FROM pg_class given
    JOIN pg_class c ON c.oid = coalesce(pg_partition_root(given.oid), given.oid)
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE given.oid = to_regclass(${renderSql(tableSql(name))}) AND c.relkind IN ('r', 'p')`)
  return found
}
