// Reads from PostgreSQL's catalogue whether the operator's mapping fits the tables that are there.

import { sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { type Finding, reportOk, reportWarning } from '../core/finding.ts'
import { findLookUp } from './look-up.ts'
import { mappingVariables, quoteName, renderSql, tableSql, type UsersMapping } from './mapping.ts'
import { findOperatorSqlFaults } from './operator-sql.ts'
import { planSearches } from './plan-searches.ts'
import { equalsSql, type Folding, type LookUp, type Searches } from './search.ts'
import { findStatementFaults } from './statement-faults.ts'
import { findColumnFaults, ID_TYPES, readMappedColumns } from './table-columns.ts'

/** What the adapter needs to know of the table. */
export interface TableFacts {
  /** The SQL type that ids are cast to. */
  readonly idType: string
  readonly idIsInteger: boolean
  readonly lookUp: LookUp
  readonly searches: Searches
  /** How many digits behind the second the time of a change keeps, where it does not keep all. */
  readonly changedAtDigits: number | undefined
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
  const columns = await readMappedColumns(db, mapping)
  if ('faults' in columns) return { facts: undefined, findings: columns.faults }
  const { users } = columns
  const id = users.get(mapping.id)
  const email = users.get(mapping.emailAddress)
  const uniqueness = await findUniqueness(db, mapping)
  const emailType = email?.fullType ?? 'text'
  const collation = email?.collation ?? undefined
  const known = {
    idType: ID_TYPES[id?.type ?? ''] ?? 'text',
    idIsInteger: /^int/.test(id?.type ?? ''),
    changedAtDigits: users.get(mapping.changedAt ?? '')?.digits ?? undefined,
  }
  const faults = await findColumnFaults(db, mapping, columns)
  const columnsFit = faults.length === 0
  faults.push(...(await findOperatorSqlFaults(db, mapping, columnsFit ? known.idType : undefined)))
  if (faults.length > 0) return { facts: undefined, findings: faults }
  const { lookUp, planned, ...address } = await findLookUp(db, mapping, {
    type: emailType,
    ignoresCase: await ignoresCase(db, emailType, collation),
    folding: await findFolding(db, collation),
  })
  const logins = mapping.loginColumns.map((name) => users.get(name)?.fullType ?? 'text')
  const others = await planSearches(db, mapping, { id: known.idType, logins })
  const searches = { ids: others.ids, addresses: planned, logins: others.logins }
  const facts = { ...known, lookUp, searches }
  const unfit = await findStatementFaults(db, mapping, facts)
  const fits = reportOk('table', 'tables, columns and types fit, and so does what you wrote as SQL')
  const findings = [
    ...(unfit.length > 0 ? unfit : [fits]),
    ...address.findings,
    ...others.findings,
    judgeId(mapping, uniqueness),
  ]
  const isFit = findings.every(({ status }) => status !== 'fault')
  return { facts: isFit ? facts : undefined, findings }
}

/** Says whether the column takes capital letters for small ones where it compares. */
async function ignoresCase(
  db: PostgresJsDatabase,
  type: string,
  collation: string | undefined,
): Promise<boolean> {
  const as = sql.raw(`::${type}${collation === undefined ? '' : ` COLLATE ${collation}`}`)
  const letters = 'abcdefghijklmnopqrstuvwxyz'
  const equals = equalsSql(type)
  const [row] = await db.execute<{ ignores: boolean }>(
    sql`SELECT (${letters.toUpperCase()}::text)${as} ${equals} (${letters}::text)${as} AS ignores`,
  )
  return row?.ignores === true
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

type Uniqueness = 'unique' | 'shared' | 'unknown'

async function findUniqueness(
  db: PostgresJsDatabase,
  mapping: UsersMapping,
): Promise<Uniqueness | undefined> {
  const [id] = await db.execute<{ uniqueness: Uniqueness }>(sql`
    SELECT CASE WHEN EXISTS (
      SELECT FROM pg_index i
      WHERE i.indrelid = c.oid AND i.indisunique AND i.indisvalid AND i.indpred IS NULL
        AND i.indnkeyatts = 1 AND i.indkey[0] = a.attnum
    ) THEN 'unique' WHEN c.relkind = 'r' THEN 'shared' ELSE 'unknown' END AS uniqueness
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = ${mapping.id}
    WHERE c.oid = to_regclass(${renderSql(tableSql(mapping))})`)
  return id?.uniqueness
}

function judgeId(mapping: UsersMapping, uniqueness: Uniqueness | undefined): Finding {
  const name = 'unique-id'
  if (uniqueness === 'unique') return reportOk(name, 'no two rows can share an id')
  if (uniqueness === 'unknown') {
    // A partitioned table can only rule it out within each partition.
    const says = 'of a view or partitions nobody can tell whether two rows share an id'
    return reportOk(name, says)
  }
  const variable = mappingVariables.id
  return reportWarning(
    name,
    `${variable}: no unique index is on it alone; rows that share an id are left alone`,
    `CREATE UNIQUE INDEX CONCURRENTLY ON ${renderSql(tableSql(mapping))} (${quoteName(mapping.id)}); -- or set ${variable} to the primary key`,
  )
}
