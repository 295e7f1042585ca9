// Whether the database role may do what is needed, and how much more than that.

import { sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { type Finding, reportFault, reportOk, reportWarning } from '../../core/finding.ts'
import { writeTableGrants } from '../grants.ts'
import { quoteName, renderSql, tableSql, type UsersMapping } from '../mapping.ts'
import type { NeededRights } from '../needed-rights.ts'
import {
  COLUMN_PRIVILEGES,
  type ColumnPrivilege,
  chooseLockColumn,
  type TableRights,
} from '../rights.ts'

const TABLE_PRIVILEGES = ['DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER'] as const

interface HeldRights {
  readonly owns: boolean
  /** By privilege, on the table as a whole. */
  readonly table: readonly string[]
  /** Of these, what everybody has. */
  readonly everybody: readonly string[]
  readonly columns: Readonly<Record<ColumnPrivilege, readonly string[]>>
}

/** @param needed with the names of tables as the catalogue has them */
export async function checkRights(
  db: PostgresJsDatabase,
  needed: NeededRights,
  mapping: UsersMapping,
): Promise<Finding[]> {
  const role = await readRole(db)
  if (role.powers.includes('SUPERUSER')) {
    return [
      reportWarning(
        'superuser',
        'the role may do anything at all in this server',
        'CREATE ROLE rekey LOGIN, run what `rekey grants rekey` prints, and name it in DATABASE_URL',
      ),
    ]
  }
  const findings: Finding[] = []
  if (role.powers.length > 0) {
    const says = `the role has powers that it does not need: ${role.powers.join(', ')}`
    const remedy = `ALTER ROLE ${quoteName(role.name)} ${role.powers.map((power) => `NO${power}`).join(' ')}`
    findings.push(reportWarning('role-powers', says, remedy))
  }
  const lock = chooseLockColumn(mapping)
  for (const [index, rights] of needed.tables.entries()) {
    const held = await readHeld(db, rights)
    if (!held) continue
    const isLocked = index === 0 && rights.columns.UPDATE.join() === lock?.column
    findings.push(...judgeTableRights(rights, held, role.name, isLocked, needed.unknown.length > 0))
  }
  for (const { variable, reason } of needed.unknown) {
    const says = `PostgreSQL cannot tell which rights ${variable} needs (${reason})`
    findings.push(reportOk('rights', says, 'see that the role has them, and no others'))
  }
  if (findings.length > 0) return findings
  return [reportOk('rights', 'the role has what it needs, and nothing else')]
}

async function readRole(db: PostgresJsDatabase) {
  const [row] = await db.execute<{ name: string; powers: string[] }>(sql`
    SELECT rolname AS name, to_jsonb(array_remove(ARRAY[
        CASE WHEN rolsuper THEN 'SUPERUSER' END, CASE WHEN rolbypassrls THEN 'BYPASSRLS' END,
        CASE WHEN rolcreaterole THEN 'CREATEROLE' END, CASE WHEN rolcreatedb THEN 'CREATEDB' END,
        CASE WHEN rolreplication THEN 'REPLICATION' END
      ], NULL)) AS powers
    FROM pg_roles WHERE rolname = current_user`)
  return row ?? { name: '', powers: [] }
}

async function readHeld(
  db: PostgresJsDatabase,
  { name }: TableRights,
): Promise<HeldRights | undefined> {
  const [held] = await db.execute<HeldRights & Record<string, unknown>>(sql`
    SELECT pg_has_role(c.relowner, 'USAGE') AS owns,
      (SELECT coalesce(jsonb_agg(p), '[]') FROM unnest(${privilegeList()}) p
        WHERE has_table_privilege(c.oid, p)) AS table,
      (SELECT coalesce(jsonb_agg(p), '[]') FROM unnest(${privilegeList()}) p
        WHERE has_table_privilege('public', c.oid, p)) AS everybody,
      (SELECT jsonb_object_agg(p, (
          SELECT coalesce(jsonb_agg(attname ORDER BY attnum), '[]') FROM pg_attribute
          WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped
            AND has_column_privilege(c.oid, attnum, p)))
        FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE']) p) AS columns
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = ${name.schema ?? ''} AND c.relname = ${name.table}`)
  return held
}

function privilegeList() {
  return sql.raw(`ARRAY['${[...COLUMN_PRIVILEGES, ...TABLE_PRIVILEGES].join("', '")}']`)
}

/**
 * @param isLocked whether UPDATE on any one column does
 * @param mayNeedMore whether some columns may be needed that nobody could list
 */
function judgeTableRights(
  needed: TableRights,
  held: HeldRights,
  role: string,
  isLocked: boolean,
  mayNeedMore: boolean,
): Finding[] {
  const table = renderSql(tableSql(needed.name))
  if (held.owns) {
    const remedy = 'name a role of its own in DATABASE_URL, with what `rekey grants` prints for it'
    return [reportWarning('owner', `the role owns ${table}, so it may do anything to it`, remedy)]
  }
  const isEnough = (privilege: ColumnPrivilege) =>
    isLocked && privilege === 'UPDATE' && held.columns.UPDATE.length === 1
  const without = (privilege: ColumnPrivilege, all: readonly string[], some: readonly string[]) =>
    isEnough(privilege) ? [] : all.filter((column) => !some.includes(column))
  const findings: Finding[] = []
  const missing = writeTableGrants({
    name: needed.name,
    columns: {
      SELECT: without('SELECT', needed.columns.SELECT, held.columns.SELECT),
      INSERT: without('INSERT', needed.columns.INSERT, held.columns.INSERT),
      UPDATE: without('UPDATE', needed.columns.UPDATE, held.columns.UPDATE),
    },
    deletes: needed.deletes && !held.table.includes('DELETE'),
  })
  for (const grant of missing) {
    const says = `the role lacks ${grant.replace(/^GRANT /, '')}`
    findings.push(reportFault('rights', says, `${grant} TO ${quoteName(role)}`))
  }
  const from = (privilege: string) =>
    held.everybody.includes(privilege) ? 'PUBLIC' : quoteName(role)
  for (const privilege of COLUMN_PRIVILEGES) {
    const excess = without(privilege, held.columns[privilege], needed.columns[privilege])
    const isWide = held.table.includes(privilege)
    if (excess.length === 0 || (mayNeedMore && !isWide)) continue
    const columns = ` (${excess.map(quoteName).join(', ')})`
    const what = isWide ? privilege : `${privilege}${columns}`
    const says = `the role has ${what} on ${table}, of which it does not need${columns}`
    // What was granted on the table as a whole cannot be revoked by columns.
    const again = isWide ? '; then run what `rekey grants` prints' : ''
    const remedy = `REVOKE ${what} ON ${table} FROM ${from(privilege)}${again}`
    findings.push(reportWarning('rights', says, remedy))
  }
  for (const privilege of TABLE_PRIVILEGES) {
    if (!held.table.includes(privilege) || (privilege === 'DELETE' && needed.deletes)) continue
    const remedy = `REVOKE ${privilege} ON ${table} FROM ${from(privilege)}`
    findings.push(
      reportWarning('rights', `the role has ${privilege} on ${table} without need`, remedy),
    )
  }
  return findings
}
