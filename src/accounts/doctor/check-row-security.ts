// Whether row-level security hides accounts from Rekey.

import { sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { type Finding, reportFault, reportOk, reportWarning } from '../../core/finding.ts'
import { renderSql, tableSql, type UsersMapping } from '../mapping.ts'

const NAME = 'row-security'
const REMEDY = 'run what `rekey grants` prints: it has a policy for reading and one for writing'

interface Policy extends Record<string, unknown> {
  readonly name: string
  readonly isPermissive: boolean
  /** For which commands, as pg_policy has it. */
  readonly command: string
  readonly isOpen: boolean
}

/** A view shows what its owner may see, so nothing is said of what lies below one. */
export async function checkRowSecurity(
  db: PostgresJsDatabase,
  mapping: UsersMapping,
): Promise<Finding[]> {
  const findings: Finding[] = []
  for (const name of [mapping, mapping.passwordTable].filter((each) => each !== undefined)) {
    const table = renderSql(tableSql(name))
    const [active] = await db.execute<{ isActive: boolean }>(
      sql`SELECT row_security_active(to_regclass(${table})) AS "isActive"`,
    )
    if (!active?.isActive) continue
    const policies = await db.execute<Policy>(sql`
      SELECT polname AS name, polpermissive AS "isPermissive", polcmd AS command,
        coalesce(pg_get_expr(polqual, polrelid), 'true') = 'true'
          AND coalesce(pg_get_expr(polwithcheck, polrelid), 'true') = 'true' AS "isOpen"
      FROM pg_policy WHERE polrelid = to_regclass(${table}) AND polcmd IN ('r', 'w', '*')
        AND EXISTS (SELECT FROM unnest(polroles) role WHERE role = 0 OR pg_has_role(role, 'USAGE'))`)
    findings.push(...judgePolicies(table, policies))
  }
  return findings.length > 0 ? findings : [reportOk(NAME, 'no policy hides a row')]
}

function judgePolicies(table: string, policies: readonly Policy[]): Finding[] {
  const findings: Finding[] = []
  for (const [command, verb] of [
    ['r', 'read'],
    ['w', 'written'],
  ] as const) {
    const ours = policies.filter((policy) => [command, '*'].includes(policy.command))
    const permissive = ours.filter(({ isPermissive }) => isPermissive)
    const closing = ours.filter(({ isPermissive, isOpen }) => !isPermissive && !isOpen)
    if (permissive.length === 0) {
      const says = `row-level security is on, and no policy lets a row of ${table} be ${verb}`
      findings.push(reportFault(NAME, says, REMEDY))
    } else if (closing.length > 0 || !permissive.some(({ isOpen }) => isOpen)) {
      const names = (closing.length > 0 ? closing : permissive).map(({ name }) => name).join(', ')
      const says = `which rows of ${table} can be ${verb} depends on the policy ${names}`
      const remedy = closing.length > 0 ? 'see that it lets every account through' : REMEDY
      findings.push(reportWarning(NAME, says, remedy))
    }
  }
  return findings
}
