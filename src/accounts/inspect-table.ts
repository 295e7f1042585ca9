// Reads from PostgreSQL's catalogue whether the operator's mapping fits the tables that are there.

import { sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { type Finding, reportFault, reportOk, reportWarning } from '../core/finding.ts'
import { findLookUp, type LookUp } from './look-up.ts'
import { mappingVariables, renderSql, tableSql, type UsersMapping } from './mapping.ts'
import { findOperatorSqlFaults } from './operator-sql.ts'
import { type Columns, findColumnFaults, ID_TYPES, readColumns } from './table-columns.ts'

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
}

/** Which collation decides what the small form of a letter is. */
export interface Folding {
  /** As SQL; undefined for the database's own. */
  readonly collation: string | undefined
  /** Whether the column has to be told, because its own would not do. */
  readonly isForced: boolean
}

/** How a mapping and its tables go together. */
export interface Inspection {
  /** Undefined when a finding is a fault: the service must not start. */
  readonly facts: TableFacts | undefined
  /** Each fault and warning names its variable. */
  readonly findings: readonly Finding[]
}

/**
 * Inspects the tables of a mapping.
 *
 * @throws whatever the driver throws when the database cannot be reached
 */
export async function inspectTable(
  db: PostgresJsDatabase,
  mapping: UsersMapping,
): Promise<Inspection> {
  const { passwordTable } = mapping
  const users = await readColumns(db, mapping, mappingVariables.table)
  const passwords = passwordTable
    ? await readColumns(db, passwordTable, mappingVariables.passwordTable)
    : users
  if (isFinding(users) || isFinding(passwords)) {
    return { facts: undefined, findings: [...new Set([users, passwords])].filter(isFinding) }
  }

  const id = users.get(mapping.id)
  const email = users.get(mapping.emailAddress)
  const known = {
    idType: ID_TYPES[id?.type ?? ''] ?? 'text',
    idIsInteger: /^int/.test(id?.type ?? ''),
    emailType: email?.fullType ?? 'text',
    emailIsCitext: email?.type === 'citext',
    folding: await findFolding(db, email?.collation ?? undefined),
  }
  const faults = findColumnFaults(mapping, users, passwords)
  const columnsFit = faults.length === 0
  faults.push(...(await findViewFaults(db, mapping)))
  faults.push(...(await findOperatorSqlFaults(db, mapping, columnsFit ? known.idType : undefined)))
  if (faults.length > 0) return { facts: undefined, findings: faults }
  const { lookUp, finding } = await findLookUp(db, mapping, known)
  const fits = reportOk('table', 'tables, columns and types fit, and so does what you wrote as SQL')
  return {
    facts: finding.status === 'fault' ? undefined : { ...known, lookUp },
    findings: [fits, finding, await judgeId(db, mapping)],
  }
}

/** Tells why a table's columns could not be read from the columns. */
function isFinding(read: Columns | Finding): read is Finding {
  return 'status' in read
}

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

async function findViewFaults(db: PostgresJsDatabase, mapping: UsersMapping): Promise<Finding[]> {
  const UPDATE = 4
  const { passwordTable } = mapping
  const [relation] = await db.execute<{ events: number }>(
    sql`SELECT pg_relation_is_updatable(to_regclass(${renderSql(tableSql(passwordTable ?? mapping))}), true) AS events`,
  )
  if (!relation || (relation.events & UPDATE) !== 0) return []
  const variable = passwordTable ? mappingVariables.passwordTable : mappingVariables.table
  const remedy = 'map the table itself, or a view of one table without grouping'
  return [reportFault('table', `${variable}: PostgreSQL cannot update this view`, remedy)]
}

/** Of a view nobody can tell whether its ids are unique. */
async function judgeId(db: PostgresJsDatabase, mapping: UsersMapping): Promise<Finding> {
  const name = 'unique-id'
  const [id] = await db.execute<{ isUnique: boolean }>(sql`
    SELECT c.relkind = 'v' OR EXISTS (
      SELECT FROM pg_index i
      WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indpred IS NULL
        AND i.indnkeyatts = 1 AND i.indkey[0] = a.attnum
    ) AS "isUnique"
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = ${mapping.id}
    WHERE c.oid = to_regclass(${renderSql(tableSql(mapping))})`)
  if (!id || id.isUnique) return reportOk(name, 'no two rows can share an id')
  const variable = mappingVariables.id
  return reportWarning(
    name,
    `${variable}: no unique index is on it alone; rows that share an id are left alone`,
    `add a unique index on it, or set ${variable} to the primary key`,
  )
}
