// Reads from PostgreSQL's catalogue whether the operator's mapping fits the table that is there.

import { sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { describeFailure, isRefusal } from './database.ts'
import { findLookUp, type LookUp } from './look-up.ts'
import {
  conditionSql,
  mappingVariables,
  renderSql,
  type TableName,
  tableSql,
  type UsersMapping,
} from './mapping.ts'

/** What the adapter needs to know of the table. */
export interface TableFacts {
  /** The SQL type that ids are cast to. */
  readonly idType: string
  readonly idIsInteger: boolean
  /** The SQL type of addresses. */
  readonly emailType: string
  readonly emailIsCitext: boolean
  readonly lookUp: LookUp
  /** What decides letter case in the address column, as SQL. */
  readonly emailCollation: string | undefined
  /** Faults of the mapping, each naming its variable. Not empty: the service must not start. */
  readonly faults: readonly string[]
  readonly warnings: readonly string[]
}

interface ColumnRow extends Record<string, unknown> {
  name: string
  type: string
  /** With its schema, where that is not on the search path. */
  fullType: string
  /** Most characters, for types that have a limit. */
  width: number | null
  /** As SQL; null for the database's own, and for types that have none. */
  collation: string | null
  selectable: boolean
  updatable: boolean
}

const ID_TYPES: Readonly<Record<string, string>> = {
  uuid: 'uuid',
  int2: 'smallint',
  int4: 'integer',
  int8: 'bigint',
  text: 'text',
  varchar: 'text',
  bpchar: 'bpchar',
}
const TEXT_TYPES = ['text', 'varchar', 'bpchar', 'citext']
const ARGON2ID_LENGTH = 97

/**
 * Inspects the table of a mapping.
 *
 * @throws whatever the driver throws when the database cannot be reached
 */
export async function inspectTable(
  db: PostgresJsDatabase,
  mapping: UsersMapping,
): Promise<TableFacts> {
  const faults: string[] = []
  const read = async (variable: string, name: TableName) => {
    const columns = await readColumns(db, name)
    if (typeof columns === 'string') faults.push(`${variable}: ${columns}`)
    return typeof columns === 'string' ? [] : columns
  }
  const users = new Map(
    (await read(mappingVariables.table, mapping)).map((column) => [column.name, column]),
  )
  const { passwordTable } = mapping
  const passwords = passwordTable
    ? new Map(
        (await read(mappingVariables.passwordTable, passwordTable)).map((column) => [
          column.name,
          column,
        ]),
      )
    : users
  const id = users.get(mapping.id)
  const idType = ID_TYPES[id?.type ?? '']
  const email = users.get(mapping.emailAddress)
  const facts = {
    idType: idType ?? 'text',
    idIsInteger: /^int/.test(id?.type ?? ''),
    emailType: email?.fullType ?? 'text',
    emailIsCitext: email?.type === 'citext',
    emailCollation: email?.collation ?? undefined,
  }
  if (faults.length === 0) faults.push(...columnFaults(mapping, users, passwords))
  if (id && !idType) {
    faults.push(`${mappingVariables.id}: ids of type ${id.type} are not supported`)
  }
  if (faults.length === 0) faults.push(...(await relationFaults(db, mapping)))
  if (faults.length === 0) faults.push(...(await sqlFaults(db, mapping, facts.idType)))
  if (faults.length > 0) return { ...facts, lookUp: 'lower', faults, warnings: [] }
  const { lookUp, fault, warning } = await findLookUp(db, mapping, facts)
  return {
    ...facts,
    lookUp,
    faults: fault === undefined ? [] : [fault],
    warnings: warning === undefined ? [] : [warning],
  }
}

/** @returns the columns, or why there are none */
async function readColumns(
  db: PostgresJsDatabase,
  name: TableName,
): Promise<readonly ColumnRow[] | string> {
  try {
    const columns = await db.execute<ColumnRow>(sql`
      SELECT a.attname AS name, t.typname AS type, format_type(t.oid, -1) AS "fullType",
        CASE WHEN t.typname IN ('varchar', 'bpchar') AND greatest(a.atttypmod, domain.typtypmod) > 4
          THEN greatest(a.atttypmod, domain.typtypmod) - 4 END AS width,
        (SELECT format('%I.%I', n.nspname, c.collname) FROM pg_collation c
          JOIN pg_namespace n ON n.oid = c.collnamespace
          WHERE c.oid = a.attcollation AND c.collname <> 'default') AS collation,
        has_column_privilege(a.attrelid, a.attnum, 'SELECT') AS selectable,
        has_column_privilege(a.attrelid, a.attnum, 'UPDATE') AS updatable
      FROM pg_attribute a
      JOIN pg_type domain ON domain.oid = a.atttypid
      JOIN pg_type t ON t.oid = CASE WHEN domain.typtype = 'd' THEN domain.typbasetype ELSE domain.oid END
      WHERE a.attrelid = to_regclass(${renderSql(tableSql(name))}) AND a.attnum > 0 AND NOT a.attisdropped`)
    return columns.length > 0 ? columns : 'there is no table or view of this name'
  } catch (error) {
    if (!isRefusal(error)) throw error
    // Such as a schema that the role may not look into.
    return describeFailure(error)
  }
}

type Columns = ReadonlyMap<string, ColumnRow>

function columnFaults(mapping: UsersMapping, users: Columns, passwords: Columns): string[] {
  const faults: string[] = []
  const judge = (
    variable: string,
    name: string | undefined,
    needs: { types?: readonly string[]; update?: boolean },
    columns = users,
  ) => {
    if (name === undefined) return
    const column = columns.get(name)
    if (!column) {
      faults.push(`${variable}: the table has no such column`)
    } else if (!column.selectable) {
      faults.push(`${variable}: the database role lacks SELECT on the column`)
    } else if (needs.update && !column.updatable) {
      faults.push(`${variable}: the database role lacks UPDATE on the column`)
    } else if (needs.types && !needs.types.includes(column.type)) {
      faults.push(
        `${variable}: type ${column.type} does not fit, ${needs.types.join(' or ')} would`,
      )
    }
  }
  judge(mappingVariables.id, mapping.id, {})
  judge(mappingVariables.emailAddress, mapping.emailAddress, { types: TEXT_TYPES })
  const hashNeeds = { types: TEXT_TYPES, update: true }
  judge(mappingVariables.passwordHash, mapping.passwordHash, hashNeeds, passwords)
  judge(mappingVariables.userColumn, mapping.passwordTable?.userColumn, {}, passwords)
  for (const name of mapping.loginColumns) {
    judge(mappingVariables.loginColumns, name, { types: TEXT_TYPES })
  }
  judge(mappingVariables.name, mapping.name, { types: TEXT_TYPES })
  judge(mappingVariables.locale, mapping.locale, { types: TEXT_TYPES })
  judge(mappingVariables.lastLogin, mapping.lastLogin, {})
  judge(mappingVariables.changedAt, mapping.changedAt, {
    types: ['timestamptz', 'timestamp'],
    update: true,
  })
  judge(mappingVariables.epoch, mapping.epoch, { types: ['int2', 'int4', 'int8'], update: true })
  const width = passwords.get(mapping.passwordHash)?.width
  if (width && width < ARGON2ID_LENGTH) {
    faults.push(
      `${mappingVariables.passwordHash}: holds ${width} characters, an argon2id hash has ${ARGON2ID_LENGTH}`,
    )
  }
  return faults
}

async function relationFaults(db: PostgresJsDatabase, mapping: UsersMapping): Promise<string[]> {
  const UPDATE = 4
  const { passwordTable } = mapping
  const [relation] = await db.execute<{ events: number }>(
    sql`SELECT pg_relation_is_updatable(to_regclass(${renderSql(tableSql(passwordTable ?? mapping))}), true) AS events`,
  )
  if (relation && (relation.events & UPDATE) !== 0) return []
  const variable = passwordTable ? mappingVariables.passwordTable : mappingVariables.table
  return [`${variable}: PostgreSQL cannot update this view`]
}

/** Tries the operator's expression without reading a row. */
/** Tries the operator's expressions and statement without reading or writing a row. */
async function sqlFaults(
  db: PostgresJsDatabase,
  mapping: UsersMapping,
  idType: string,
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
