// Which triggers of the host run when a password is written.

import { sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { type Finding, reportOk, reportWarning } from '../../core/finding.ts'
import { renderSql, tableSql, type UsersMapping } from '../mapping.ts'

const NAME = 'triggers'

export async function checkTriggers(
  db: PostgresJsDatabase,
  mapping: UsersMapping,
): Promise<Finding[]> {
  const { passwordTable, passwordHash, changedAt, epoch } = mapping
  const changed = [changedAt, epoch].filter((column) => column !== undefined)
  const writes = passwordTable
    ? [
        { table: passwordTable, columns: [passwordHash] },
        { table: mapping, columns: changed },
      ]
    : [{ table: mapping, columns: [passwordHash, ...changed] }]
  const findings: Finding[] = []
  for (const { table, columns } of writes) {
    if (columns.length === 0) continue
    const name = renderSql(tableSql(table))
    const triggers = await db.execute<{ name: string; function: string; isOurs: boolean }>(sql`
      SELECT t.tgname AS name, p.oid::regprocedure::text AS function, NOT p.prosecdef AS "isOurs"
      FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
      WHERE t.tgrelid = to_regclass(${name}) AND NOT t.tgisinternal AND t.tgenabled IN ('O', 'A')
        AND t.tgtype & 16 <> 0
        AND (cardinality(t.tgattr::int2[]) = 0 OR EXISTS (
          SELECT FROM pg_attribute a WHERE a.attrelid = t.tgrelid
            AND a.attnum = ANY (t.tgattr::int2[])
            AND a.attname IN (SELECT jsonb_array_elements_text(${JSON.stringify(columns)}::jsonb))))
      ORDER BY t.tgname`)
    for (const { name: trigger, function: called, isOurs } of triggers) {
      const whose = isOurs ? "with this role's rights" : "with its owner's rights"
      findings.push(
        reportWarning(
          NAME,
          `when a password is written in ${name}, the trigger ${trigger} calls ${called} ${whose}`,
          'see that it leaves the hash as it is, copies it nowhere and needs no right that the role lacks',
        ),
      )
    }
  }
  return findings.length > 0 ? findings : [reportOk(NAME, 'none runs when a password is written')]
}
