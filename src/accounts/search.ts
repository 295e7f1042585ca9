// The conditions that find rows, each for a list of values at once.

import { type SQL, sql } from 'drizzle-orm'
import { type TableName, trueSql, type UsersMapping } from './mapping.ts'

/**
 * How addresses are compared, which follows the index that there is.
 *
 * `lower`: by an index on lower(address). `plain`: by one on the column as it is. Where that ignores
 * letter case it finds every spelling; elsewhere the one that was typed and the lower-cased one.
 */
export type LookUp = 'lower' | 'plain'

/**
 * How PostgreSQL gets to the rows of a search.
 *
 * `index`: by an index on all rows. `partial-index`: by one that has every row which the eligibility
 * allows, so the search is for those only. `scan`: by reading the whole table, once for all values.
 */
export type Way = 'index' | 'partial-index' | 'scan'

/** Rows of a table by a key. */
export interface Search {
  readonly table: TableName
  /** The key of a row, as SQL. */
  readonly key: SQL
  /** The same as an index has it. */
  readonly indexKey: SQL
  /** SQL that makes a key of the text `value`. */
  readonly wanted: SQL
  /** The operator that compares keys. */
  readonly equals: SQL
}

/** A search, and how it is made. */
export interface PlannedSearch {
  readonly search: Search
  readonly way: Way
}

/** Every search that accounts are found by. */
export interface Searches {
  readonly ids: PlannedSearch
  readonly addresses: PlannedSearch
  /** In the order of the mapping's login columns. */
  readonly logins: readonly PlannedSearch[]
}

/** What a search needs to know of the column of addresses. */
export interface AddressColumn {
  /** Its SQL type. */
  readonly type: string
  /** Whether two addresses are the same to it that differ in ASCII letter case only. */
  readonly ignoresCase: boolean
  readonly folding: Folding
}

/** By which collation the look-up folds letter case. */
export interface Folding {
  /** As SQL; undefined for the database's own. */
  readonly collation: string | undefined
  /** Whether the column has to be told, because its own would not do. */
  readonly isForced: boolean
}

/** @param type the SQL type of the column, by which values are compared: as its index compares them */
export function searchByColumn(table: TableName, column: string, type: string): Search {
  const key = sql`${sql.identifier(column)}`
  const wanted = sql`value::${sql.raw(type)}`
  return { table: nameOf(table), key, indexKey: key, wanted, equals: equalsSql(type) }
}

export function searchByAddress(
  mapping: UsersMapping,
  { type, folding }: AddressColumn,
  lookUp: LookUp,
): Search {
  const { emailAddress } = mapping
  if (lookUp === 'plain') return searchByColumn(mapping, emailAddress, type)
  // Both sides by one idea of letter case; only ASCII's counts in the end, when rows are picked.
  const { collation, isForced } = folding
  const collate = sql.raw(collation === undefined ? '' : ` COLLATE ${collation}`)
  const column = sql.identifier(emailAddress)
  return {
    table: nameOf(mapping),
    key: sql`lower(${column}::text${isForced ? collate : sql``})`,
    indexKey: sql`lower(${column}${sql.raw(isForced ? ' COLLATE "C"' : '')})`,
    wanted: sql`lower(value${collate})`,
    equals: sql`=`,
  }
}

/** Nothing else of a mapping: facts that are compared have only what was found. */
function nameOf({ schema, table }: TableName): TableName {
  return { schema, table }
}

/**
 * Writes the condition.
 *
 * @param list a JSON array of texts, as SQL: it needs no array types from the catalogue
 * @param eligibleSql what the rows are to be beside, where the way needs it
 */
export function searchSql(
  { search, way }: PlannedSearch,
  list: SQL,
  eligibleSql: string | undefined,
): SQL {
  const { key, wanted, equals } = search
  const values = sql`(SELECT ${wanted} FROM jsonb_array_elements_text(${list}::jsonb))`
  // A join hashes the values, where an array would have each row compared with every one of them. An
  // array keeps an index in use, whatever the statistics say.
  if (way === 'scan') return sql`${key} ${equals} ANY ${values}`
  const isWanted = sql`${key} ${equals} ANY(ARRAY${values})`
  return way === 'index' ? isWanted : sql`${isWanted} AND ${trueSql(eligibleSql)}`
}

/** The same searches for every row, those that are not eligible and in no index among them. */
export function searchAllRows({ ids, addresses, logins }: Searches): Searches {
  const forAll = (planned: PlannedSearch): PlannedSearch =>
    planned.way === 'partial-index' ? { ...planned, way: 'scan' } : planned
  return { ids, addresses: forAll(addresses), logins: logins.map(forAll) }
}

/** The operator that compares values of a type: one that is not on the search path has its own beside it. */
export function equalsSql(type: string): SQL {
  const [, schema] = /^(.*)\.[^.]*$/.exec(type) ?? []
  return schema === undefined ? sql`=` : sql`OPERATOR(${sql.raw(schema)}.=)`
}
