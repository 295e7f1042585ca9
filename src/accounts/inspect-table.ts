// Reads from PostgreSQL's catalogue whether the operator's mapping fits the table that is there.

import { sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { describeFailure, isRefusal } from './database.ts'
import { eligibleSql, mappingVariables, renderSql, tableSql, type UsersMapping } from './mapping.ts'

/** What the adapter needs to know of the table. */
export interface TableFacts {
  /** The SQL type that ids are cast to. */
  readonly idType: string
  readonly idIsInteger: boolean
  /** What decides letter case in the address column, as SQL. */
  readonly emailCollation: string | undefined
  /** Faults of the mapping, each naming its variable. Not empty: the service must not start. */
  readonly faults: readonly string[]
  readonly warnings: readonly string[]
}

interface ColumnRow extends Record<string, unknown> {
  name: string
  type: string
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

/**
 * Inspects the table of a mapping.
 *
 * @throws whatever the driver throws when the database cannot be reached
 */
export async function inspectTable(
  db: PostgresJsDatabase,
  mapping: UsersMapping,
): Promise<TableFacts> {
  const columns = await readColumns(db, mapping)
  if (typeof columns === 'string') {
    const fault = `${mappingVariables.table}: ${columns}`
    const unknown = { idType: 'text', idIsInteger: false, emailCollation: undefined }
    return { ...unknown, faults: [fault], warnings: [] }
  }
  const byName = new Map(columns.map((column) => [column.name, column]))
  const id = byName.get(mapping.id)
  const idType = ID_TYPES[id?.type ?? '']
  const facts = {
    idType: idType ?? 'text',
    idIsInteger: /^int/.test(id?.type ?? ''),
    emailCollation: byName.get(mapping.emailAddress)?.collation ?? undefined,
  }
  const faults = columnFaults(mapping, byName)
  if (id && !idType) {
    faults.push(`${mappingVariables.id}: ids of type ${id.type} are not supported`)
  }
  if (faults.length === 0) faults.push(...(await relationFaults(db, mapping)))
  if (faults.length === 0) faults.push(...(await expressionFaults(db, mapping)))
  const warnings = faults.length === 0 ? await indexWarnings(db, mapping) : []
  return { ...facts, faults, warnings }
}

/** @returns the columns, or why there are none */
async function readColumns(
  db: PostgresJsDatabase,
  mapping: UsersMapping,
): Promise<readonly ColumnRow[] | string> {
  try {
    const columns = await db.execute<ColumnRow>(sql`
      SELECT a.attname AS name, t.typname AS type,
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
      WHERE a.attrelid = to_regclass(${renderSql(tableSql(mapping))}) AND a.attnum > 0 AND NOT a.attisdropped`)
    return columns.length > 0 ? columns : 'there is no table or view of this name'
  } catch (error) {
    if (!isRefusal(error)) throw error
    // Such as a schema that the role may not look into.
    return describeFailure(error)
  }
}

function columnFaults(mapping: UsersMapping, byName: ReadonlyMap<string, ColumnRow>): string[] {
  const faults: string[] = []
  const judge = (
    variable: string,
    name: string | undefined,
    needs: { types?: readonly string[]; update?: boolean },
  ) => {
    if (name === undefined) return
    const column = byName.get(name)
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
  judge(mappingVariables.passwordHash, mapping.passwordHash, { types: TEXT_TYPES, update: true })
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
  const width = byName.get(mapping.passwordHash)?.width
  if (width && width < mapping.hashLength) {
    faults.push(
      `${mappingVariables.passwordHash}: holds ${width} characters, a hash needs ${mapping.hashLength}`,
    )
  }
  return faults
}

async function relationFaults(db: PostgresJsDatabase, mapping: UsersMapping): Promise<string[]> {
  const UPDATE = 4
  const [relation] = await db.execute<{ events: number }>(
    sql`SELECT pg_relation_is_updatable(to_regclass(${renderSql(tableSql(mapping))}), true) AS events`,
  )
  if (relation && (relation.events & UPDATE) !== 0) return []
  return [`${mappingVariables.table}: PostgreSQL cannot update this view`]
}

/** Tries the operator's expression without reading a row. */
async function expressionFaults(db: PostgresJsDatabase, mapping: UsersMapping): Promise<string[]> {
  try {
    // As a condition, which is how the write has it: an aggregate would pass as a result.
    await db.execute(sql`SELECT FROM ${tableSql(mapping)} WHERE ${eligibleSql(mapping)} LIMIT 0`)
    return []
  } catch (error) {
    if (!isRefusal(error)) throw error
    return [`${mappingVariables.eligibleSql}: ${describeFailure(error)}`]
  }
}

async function indexWarnings(db: PostgresJsDatabase, mapping: UsersMapping): Promise<string[]> {
  const name = renderSql(tableSql(mapping))
  const [found] = await db.execute<{ served: boolean }>(sql`
    SELECT c.relkind = 'v' OR EXISTS (
      SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisvalid AND i.indpred IS NULL
        AND pg_get_indexdef(i.indexrelid, 1, false) IN (
          format('lower(%I)', ${mapping.emailAddress}::text),
          format('lower((%I)::text)', ${mapping.emailAddress}::text))
    ) AS served
    FROM pg_class c WHERE c.oid = to_regclass(${name})`)
  if (found?.served) return []
  const column = renderSql(sql`${sql.identifier(mapping.emailAddress)}`)
  return [
    `no index serves the look-up by address, so each look-up reads the whole table. Run: CREATE INDEX CONCURRENTLY ON ${name} (lower(${column}))`,
  ]
}
