// Writes the statement that makes the index which a search lacks, on the tables that it reads.

import { sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { bare } from './index-use.ts'
import { quoteName, renderSql, type TableName, tableSql } from './mapping.ts'
import { listKeys, planStatement } from './plan.ts'
import { oidSql } from './relations.ts'
import type { Search } from './search.ts'

/** A table, and what there is already of an index. */
interface Found extends Record<string, unknown> {
  readonly schema: string
  readonly table: string
  readonly isPartitioned: boolean
  /** Whether policies stand between its rows and their reader. */
  readonly isScreened: boolean
  readonly indexes: readonly { name: string; isValid: boolean; isPartial: boolean; first: string }[]
}

interface Place {
  readonly found: Found
  /** Table and key, as SQL. */
  readonly at: string
  readonly key: string
  /** Says of an index's first key whether it is the same. */
  readonly isKey: (first: string) => boolean
}

const SCREENED =
  'an index for it is there, and a policy with a condition keeps PostgreSQL from using it: run what `rekey grants` prints, and see that no RESTRICTIVE policy has a condition'
/** What to do where an index is there and does not serve. On a small table nobody can tell. */
export const BEHIND_THE_VIEW =
  'an index for it is there, and the view keeps PostgreSQL from using it: map the table itself, or a plain view of it'
const OUT_OF_SIGHT =
  'map the table itself, or a view without security_barrier whose column PostgreSQL can follow to one table'

/** @returns what to do: as SQL for each table, or in words where no index would help */
export async function writeIndexRemedies(
  db: PostgresJsDatabase,
  { table, indexKey }: Search,
): Promise<readonly string[]> {
  const places = await findPlaces(db, { table, indexKey })
  if (places.length === 0) return [OUT_OF_SIGHT]
  const lacking = places.filter((place) => !findIndex(place)?.isValid)
  if (lacking.length > 0) return [...new Set(lacking.map(writeRemedy))]
  return [places.some(({ found }) => found.isScreened) ? SCREENED : BEHIND_THE_VIEW]
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
function findIndex({ found, isKey }: Place) {
  const same = found.indexes.filter(({ isPartial, first }) => !isPartial && isKey(first))
  return same.find(({ isValid }) => isValid) ?? same[0]
}

/** Finds the tables that the key is read from: itself, or those behind a view. */
async function findPlaces(
  db: PostgresJsDatabase,
  { table, indexKey }: Pick<Search, 'table' | 'indexKey'>,
): Promise<Place[]> {
  const own = await readTables(db, table)
  if (own.length > 0) {
    const [itself] = own
    const key = renderSql(indexKey)
    // Written by hand, it has not all that PostgreSQL writes into it.
    const plain = (expression: string) => bare(expression).replaceAll('"', '')
    const isKey = (first: string) => plain(first) === plain(key)
    // As the operator has named it.
    return own.map((found) => ({
      found,
      at: found === itself ? renderSql(tableSql(table)) : nameFound(found),
      key,
      isKey,
    }))
  }
  const roots = await db.transaction(async (transaction) => {
    await transaction.execute(sql`SET LOCAL max_parallel_workers_per_gather = 0`)
    return planStatement(transaction, sql`SELECT ${indexKey} FROM ${tableSql(table)}`)
  })
  const places: Place[] = []
  for (const { name, expression } of roots.flatMap(listKeys)) {
    // A column or a call needs no brackets of its own.
    const isPlain = /^(?:\w+|"(?:[^"]|"")*"|\w+\(.*\))$/.test(expression)
    const key = isPlain ? expression : `(${expression})`
    const isKey = (first: string) => first === expression || first === key
    for (const found of await readTables(db, name)) {
      places.push({ found, at: nameFound(found), key, isKey })
    }
  }
  return places
}

function nameFound({ schema, table }: Found): string {
  return renderSql(tableSql({ schema, table }))
}

/** @returns the table and those that inherit from it, or the one that it is a partition of */
async function readTables(db: PostgresJsDatabase, name: TableName): Promise<Found[]> {
  return db.execute<Found>(sql`
    WITH RECURSIVE tree (id, depth) AS (
      SELECT coalesce(pg_partition_root(oid), oid), 0 FROM pg_class WHERE oid = ${oidSql(name)}
      UNION
      SELECT inhrelid, depth + 1 FROM pg_inherits JOIN tree ON inhparent = id
      WHERE (SELECT relkind FROM pg_class WHERE oid = inhparent) = 'r'
    )
    SELECT n.nspname AS schema, c.relname AS table, c.relkind = 'p' AS "isPartitioned",
      row_security_active(c.oid) AS "isScreened",
      (SELECT coalesce(jsonb_agg(jsonb_build_object('name', x.relname, 'isValid', i.indisvalid,
          'isPartial', i.indpred IS NOT NULL, 'first', pg_get_indexdef(x.oid, 1, false))), '[]')
        FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN pg_am a ON a.oid = x.relam
        WHERE i.indrelid = c.oid AND a.amname IN ('btree', 'hash')) AS indexes
    FROM tree JOIN pg_class c ON c.oid = id JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') ORDER BY depth, schema, c.relname`)
}
