// Says which table or column is not there, where it was looked for, and what is there that resembles it.

import { getTableName, sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { type Finding, reportFault } from '../core/finding.ts'
import { isOneTypingErrorAway } from '../core/typing-error.ts'
import { quoteName, renderSql, type TableName, tableSql, type UsersMapping } from './mapping.ts'
import { ownUsers } from './own-table.ts'

const MOST_NAMES = 3

/** @param variable names the table in the configuration */
export async function reportMissingTable(
  db: PostgresJsDatabase,
  mapping: UsersMapping,
  name: TableName,
  variable: string,
): Promise<Finding> {
  const [catalogue] = await db.execute<{
    searched: readonly string[]
    hasSchema: boolean
    tables: readonly { schema: string; table: string }[]
  }>(sql`
    SELECT to_jsonb(current_schemas(false)) AS searched,
      EXISTS (SELECT FROM pg_namespace WHERE nspname = ${name.schema ?? ''}) AS "hasSchema",
      (SELECT coalesce(jsonb_agg(jsonb_build_object('schema', nspname, 'table', relname) ORDER BY nspname, relname), '[]')
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE relkind IN ('r', 'p', 'v', 'f') AND nspname <> 'information_schema'
          AND nspname NOT LIKE 'pg\\_%') AS tables`)
  const { searched = [], hasSchema = false, tables = [] } = catalogue ?? {}
  const near = findNear(tables, name.table, ({ table }) => table)
  const table = renderSql(tableSql(name))
  const schemas = searched.map(quoteName).join(', ')
  const where = name.schema === undefined ? ` in the schemas that are searched (${schemas})` : ''
  const noSchema = name.schema !== undefined && !hasSchema
  const says = `${variable}: the table ${table} does not exist${where}${noSchema ? ', nor does its schema' : ''}`
  const meant = near.map((found) => renderSql(tableSql(found)))
  const remedy = `set ${variable} to the name as the catalogue spells it, as schema.table where the schema is not searched${listMeant(meant)}`
  const isOwn = name === mapping && isOwnTable(mapping)
  return reportFault(
    'table',
    says,
    isOwn ? `run \`rekey migrate\`, which makes it, or ${remedy}` : remedy,
  )
}

/** @param names the columns that there are */
export function reportMissingColumn(
  name: string,
  variable: string,
  names: Iterable<string>,
): Finding {
  const meant = findNear([...names], name, (known) => known).map(quoteName)
  return reportFault(
    'column',
    `${variable}: the table has no column ${quoteName(name)}`,
    `set ${variable} to a column of the table, spelled as in the catalogue${listMeant(meant)}`,
  )
}

/** Whether it is the table that `rekey migrate` makes. */
function isOwnTable({ schema, table, passwordTable, ...mapping }: UsersMapping): boolean {
  return (
    schema === undefined &&
    passwordTable === undefined &&
    table === getTableName(ownUsers) &&
    mapping.id === ownUsers.id.name &&
    mapping.emailAddress === ownUsers.email.name &&
    mapping.passwordHash === ownUsers.passwordHash.name
  )
}

function listMeant(names: readonly string[]): string {
  return names.length > 0 ? `: there is ${names.join(', ')}` : ''
}

/** Finds what resembles a name, the closest first. */
function findNear<T>(all: readonly T[], wanted: string, nameOf: (one: T) => string): T[] {
  const distance = (one: T) => Math.abs(nameOf(one).length - wanted.length)
  return all
    .filter((one) => isNear(nameOf(one), wanted))
    .sort((a, b) => distance(a) - distance(b))
    .slice(0, MOST_NAMES)
}

/** The same but for letter case and signs, a part of it, or one typing error away. */
function isNear(known: string, wanted: string): boolean {
  const [a, b] = [known, wanted].map((name) => name.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, ''))
  if (a === undefined || b === undefined || a.length < 3 || b.length < 3) return false
  return a.includes(b) || b.includes(a) || isOneTypingErrorAway(a, b)
}
