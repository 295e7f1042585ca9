// Reads from PostgreSQL's catalogue whether the operator's mapping fits the tables that are there.

import { sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { findLookUp, type LookUp } from './look-up.ts'
import { mappingVariables, renderSql, tableSql, type UsersMapping } from './mapping.ts'
import { operatorSqlFaults } from './operator-sql.ts'
import { columnFaults, ID_TYPES, readColumns } from './table-columns.ts'

/** What the adapter needs to know of the table. */
export interface TableFacts {
  /** The SQL type that ids are cast to. */
  readonly idType: string
  readonly idIsInteger: boolean
  /** The SQL type of addresses. */
  readonly emailType: string
  readonly emailIsCitext: boolean
  readonly lookUp: LookUp
  readonly folding: Folding
  /** Faults of the mapping, each naming its variable. Not empty: the service must not start. */
  readonly faults: readonly string[]
  readonly warnings: readonly string[]
}

/** Which collation decides what the small form of a letter is. */
export interface Folding {
  /** As SQL; undefined for the database's own. */
  readonly collation: string | undefined
  /** Whether the column has to be told, because its own would not do. */
  readonly isForced: boolean
}

/**
 * Inspects the tables of a mapping.
 *
 * @throws whatever the driver throws when the database cannot be reached
 */
export async function inspectTable(
  db: PostgresJsDatabase,
  mapping: UsersMapping,
): Promise<TableFacts> {
  const { passwordTable } = mapping
  const users = await readColumns(db, mapping)
  const passwords = passwordTable ? await readColumns(db, passwordTable) : users
  const missing = [
    typeof users === 'string' ? `${mappingVariables.table}: ${users}` : [],
    typeof passwords === 'string' && passwordTable
      ? `${mappingVariables.passwordTable}: ${passwords}`
      : [],
  ].flat()
  if (typeof users === 'string' || typeof passwords === 'string') {
    return { ...nothingKnown, faults: missing }
  }

  const id = users.get(mapping.id)
  const email = users.get(mapping.emailAddress)
  const facts = {
    idType: ID_TYPES[id?.type ?? ''] ?? 'text',
    idIsInteger: /^int/.test(id?.type ?? ''),
    emailType: email?.fullType ?? 'text',
    emailIsCitext: email?.type === 'citext',
    folding: await findFolding(db, email?.collation ?? undefined),
  }
  const faults = columnFaults(mapping, users, passwords)
  const columnsFit = faults.length === 0
  faults.push(...(await relationFaults(db, mapping)))
  faults.push(...(await operatorSqlFaults(db, mapping, columnsFit ? facts.idType : undefined)))
  if (faults.length > 0) return { ...nothingKnown, faults }
  const { lookUp, fault, warning } = await findLookUp(db, mapping, facts)
  return {
    ...facts,
    lookUp,
    faults: fault === undefined ? [] : [fault],
    warnings: [...(await idWarnings(db, mapping)), ...(warning === undefined ? [] : [warning])],
  }
}

const nothingKnown = {
  idType: 'text',
  idIsInteger: false,
  emailType: 'text',
  emailIsCitext: false,
  folding: { collation: undefined, isForced: false },
  lookUp: 'lower',
  warnings: [],
} as const

/** How PostgreSQL is to fold letter case so that `I` becomes `i`, which Turkish has otherwise. */
async function findFolding(
  db: PostgresJsDatabase,
  collation: string | undefined,
): Promise<Folding> {
  const collate = sql.raw(collation ? ` COLLATE ${collation}` : '')
  const [row] = await db.execute<{ isUsual: boolean }>(
    sql`SELECT lower('I'${collate}) = 'i' AS "isUsual"`,
  )
  return row?.isUsual
    ? { collation, isForced: false }
    : { collation: 'pg_catalog."C"', isForced: true }
}

async function relationFaults(db: PostgresJsDatabase, mapping: UsersMapping): Promise<string[]> {
  const UPDATE = 4
  const { passwordTable } = mapping
  const [relation] = await db.execute<{ events: number }>(
    sql`SELECT pg_relation_is_updatable(to_regclass(${renderSql(tableSql(passwordTable ?? mapping))}), true) AS events`,
  )
  if (!relation || (relation.events & UPDATE) !== 0) return []
  const variable = passwordTable ? mappingVariables.passwordTable : mappingVariables.table
  return [`${variable}: PostgreSQL cannot update this view`]
}

/** Of a view nobody can tell whether its ids are unique. */
async function idWarnings(db: PostgresJsDatabase, mapping: UsersMapping): Promise<string[]> {
  const [id] = await db.execute<{ isUnique: boolean }>(sql`
    SELECT c.relkind = 'v' OR EXISTS (
      SELECT FROM pg_index i
      WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indpred IS NULL
        AND i.indnkeyatts = 1 AND i.indkey[0] = a.attnum
    ) AS "isUnique"
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = ${mapping.id}
    WHERE c.oid = to_regclass(${renderSql(tableSql(mapping))})`)
  if (!id || id.isUnique) return []
  return [
    `${mappingVariables.id}: no unique index is on it alone; rows that share an id are left alone`,
  ]
}
