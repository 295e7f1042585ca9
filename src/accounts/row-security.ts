// Whether row-level security hides rows from Rekey: accounts, or what the operator's SQL asks about.

import { sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { type Finding, reportFault, reportOk, reportWarning } from '../core/finding.ts'
import { renderSql, tableSql } from './mapping.ts'
import { listCommands, type TableRights } from './rights.ts'

const NAME = 'row-security'
const REMEDY = 'run what `rekey grants` prints: it has a policy for each table and command'
/** How `pg_policy` names a command, and what happens to a row by it. */
const COMMANDS = {
  SELECT: ['r', 'read'],
  INSERT: ['a', 'added'],
  UPDATE: ['w', 'written'],
  DELETE: ['d', 'deleted'],
} as const

interface Policy extends Record<string, unknown> {
  readonly name: string
  readonly isPermissive: boolean
  /** For which command, as pg_policy has it. */
  readonly command: string
  readonly isOpen: boolean
}

/**
 * Judges what may be hidden: a DELETE that finds no row is no error, and a row that bars an account is
 * nowhere to be seen. A view shows what its owner may see, so nothing is said of what lies below one.
 *
 * @param tables what Rekey needs of each
 */
export async function judgeRowSecurity(
  db: PostgresJsDatabase,
  tables: readonly TableRights[],
): Promise<Finding[]> {
  const names = tables.map(({ name }) => renderSql(tableSql(name)))
  const active = await db.execute<{ name: string }>(sql`
    SELECT name FROM jsonb_array_elements_text(${JSON.stringify(names)}::jsonb) name
    WHERE row_security_active(to_regclass(name))`)
  const findings: Finding[] = []
  for (const [index, rights] of tables.entries()) {
    const table = names[index] ?? ''
    if (!active.some(({ name }) => name === table)) continue
    const policies = await db.execute<Policy>(sql`
      SELECT polname AS name, polpermissive AS "isPermissive", polcmd AS command,
        coalesce(pg_get_expr(polqual, polrelid), 'true') = 'true'
          AND coalesce(pg_get_expr(polwithcheck, polrelid), 'true') = 'true' AS "isOpen"
      FROM pg_policy WHERE polrelid = to_regclass(${table})
        AND EXISTS (SELECT FROM unnest(polroles) role WHERE role = 0 OR pg_has_role(role, 'USAGE'))`)
    for (const command of listCommands(rights)) {
      findings.push(...judgePolicies(table, policies, command))
    }
  }
  return findings.length > 0 ? findings : [reportOk(NAME, 'no policy hides a row')]
}

function judgePolicies(
  table: string,
  policies: readonly Policy[],
  asked: keyof typeof COMMANDS,
): Finding[] {
  const [command, verb] = COMMANDS[asked]
  const ours = policies.filter((policy) => [command, '*'].includes(policy.command))
  const permissive = ours.filter(({ isPermissive }) => isPermissive)
  const closing = ours.filter(({ isPermissive, isOpen }) => !isPermissive && !isOpen)
  if (permissive.length === 0) {
    const says = `row-level security is on, and no policy lets a row of ${table} be ${verb}`
    return [reportFault(NAME, says, REMEDY)]
  }
  if (closing.length === 0 && permissive.some(({ isOpen }) => isOpen)) return []
  const names = (closing.length > 0 ? closing : permissive).map(({ name }) => name).join(', ')
  const says = `which rows of ${table} can be ${verb} depends on the policy ${names}`
  const remedy = closing.length > 0 ? 'see that it lets every row through' : REMEDY
  return [reportWarning(NAME, says, remedy)]
}
