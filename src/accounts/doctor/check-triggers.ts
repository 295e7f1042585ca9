// Which triggers and rules of the host run when a password is written: on the table that is mapped, on its
// partitions, and on every table behind a view.

import { sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { type Finding, reportOk, reportWarning } from '../../core/finding.ts'
import { renderSql, tableSql, type UsersMapping } from '../mapping.ts'

const NAME = 'triggers'
const REMEDY =
  'see that it leaves the hash as it is, or every reset is answered with 503; that it copies it nowhere, and needs no right that the role lacks'

interface Interference extends Record<string, unknown> {
  readonly kind: 'trigger' | 'rule'
  readonly name: string
  /** The table or view that it is on, as SQL. */
  readonly relation: string
  /** What a trigger calls, as SQL. */
  readonly function: string | null
  readonly runsAsCaller: boolean | null
}

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
    for (const found of await findInterference(db, name, columns)) {
      const says = `when a password is written in ${name}, ${describe(found)}`
      findings.push(reportWarning(NAME, says, REMEDY))
    }
  }
  return findings.length > 0 ? findings : [reportOk(NAME, 'none runs when a password is written')]
}

function describe({ kind, name, relation, function: called, runsAsCaller }: Interference): string {
  if (kind === 'rule') return `the rule ${name} on ${relation} changes what is written`
  const whose = runsAsCaller ? "with this role's rights" : "with its owner's rights"
  return `the trigger ${name} on ${relation} calls ${called} ${whose}`
}

/**
 * Follows what a view shows and what a rule names, and goes down to partitions and children: there the
 * rows are, with the triggers that run for each.
 *
 * @param columns those written. Behind a view they may have other names
 */
async function findInterference(
  db: PostgresJsDatabase,
  table: string,
  columns: readonly string[],
): Promise<readonly Interference[]> {
  return db.execute<Interference>(sql`
    WITH RECURSIVE reached (relation) AS (
      SELECT to_regclass(${table})::oid
      UNION
      SELECT further.relation FROM reached CROSS JOIN LATERAL (
        SELECT d.refobjid FROM pg_rewrite r
        JOIN pg_depend d ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
          AND d.refclassid = 'pg_class'::regclass
        WHERE r.ev_class = reached.relation AND r.ev_type IN ('1', '2')
        UNION ALL SELECT inhrelid FROM pg_inherits WHERE inhparent = reached.relation
      ) AS further (relation)
    ), written (name) AS (
      SELECT jsonb_array_elements_text(${JSON.stringify(columns)}::jsonb)
    )
    SELECT 'trigger' AS kind, t.tgname AS name, t.tgrelid::regclass::text AS relation,
      p.oid::regprocedure::text AS function, NOT p.prosecdef AS "runsAsCaller"
    FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
    WHERE t.tgrelid IN (SELECT relation FROM reached) AND t.tgenabled IN ('O', 'A')
      AND t.tgtype & 16 <> 0
      -- A partition has what stands on its parent once more, up to PostgreSQL 14 as internal.
      AND (NOT t.tgisinternal OR t.tgparentid <> 0 AND p.pronamespace <> 'pg_catalog'::regnamespace)
      AND NOT EXISTS (SELECT FROM pg_trigger parent
        WHERE parent.oid = t.tgparentid AND parent.tgrelid IN (SELECT relation FROM reached))
      AND (cardinality(t.tgattr::int2[]) = 0
        OR EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = t.tgrelid
          AND a.attnum = ANY (t.tgattr::int2[]) AND a.attname IN (SELECT name FROM written))
        OR NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = t.tgrelid
          AND a.attname IN (SELECT name FROM written)))
    UNION ALL
    SELECT 'rule', r.rulename, r.ev_class::regclass::text, NULL, NULL
    FROM pg_rewrite r
    WHERE r.ev_class IN (SELECT relation FROM reached) AND r.ev_type = '2' AND r.ev_enabled IN ('O', 'A')
    ORDER BY relation, name`)
}
