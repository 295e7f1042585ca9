// Writes the least rights of Rekey's database role as SQL that can be pasted.

import { quoteName, renderSql, tableSql, type UsersMapping } from './mapping.ts'
import type { NeededRights } from './needed-rights.ts'
import { COLUMN_PRIVILEGES, chooseLockColumn, type TableRights } from './rights.ts'

/**
 * Writes the statements.
 *
 * @returns lines; those that begin with `--` say why, and what PostgreSQL could not tell
 */
export function writeGrants(needed: NeededRights, mapping: UsersMapping, role: string): string[] {
  const to = `TO ${quoteName(role)}`
  const lock = chooseLockColumn(mapping)
  return [
    "-- The rights of Rekey's database role, and no others. Run this as the owner of the tables.",
    `-- CREATE ROLE ${quoteName(role)} LOGIN PASSWORD '...';`,
    ...(needed.closedDatabase === undefined
      ? []
      : [`GRANT CONNECT ON DATABASE ${quoteName(needed.closedDatabase)} ${to};`]),
    ...needed.schemas.map((schema) => `GRANT USAGE ON SCHEMA ${quoteName(schema)} ${to};`),
    ...(lock && needed.tables[0]?.columns.UPDATE.includes(lock.column)
      ? [
          '-- The row of the address is locked while the hash is written, for which PostgreSQL asks for',
          `-- UPDATE on any one of its columns: ${quoteName(lock.column)}, because ${lock.reason}.`,
        ]
      : []),
    ...needed.tables.flatMap((table) => writeTableGrants(table).map((grant) => `${grant} ${to};`)),
    ...needed.sequences.map(({ name }) => `GRANT USAGE ON SEQUENCE ${name} ${to};`),
    ...needed.functions.map(({ name }) => `GRANT EXECUTE ON FUNCTION ${name} ${to};`),
    ...needed.opaque.map(
      ({ name }) =>
        `-- ${name} runs with the rights of its caller: grant what its body needs too, or make it SECURITY DEFINER.`,
    ),
    ...needed.unknown.map(
      ({ variable, reason }) =>
        `-- ${variable}: PostgreSQL could not be asked what it needs (${reason}): grant that too, or print this with a DATABASE_URL of the tables' owner.`,
    ),
    ...writePolicies(needed, role),
  ]
}

/** Writes the grants on one table, each without the role that it is for. */
export function writeTableGrants({ name, columns, deletes }: TableRights): string[] {
  const table = renderSql(tableSql(name))
  return [
    ...COLUMN_PRIVILEGES.filter((privilege) => columns[privilege].length > 0).map(
      (privilege) =>
        `GRANT ${privilege} (${columns[privilege].map(quoteName).join(', ')}) ON ${table}`,
    ),
    ...(deletes ? [`GRANT DELETE ON ${table}`] : []),
  ]
}

function writePolicies({ underRowSecurity }: NeededRights, role: string): string[] {
  if (underRowSecurity.length === 0) return []
  return [
    '-- Row-level security is on, and hides every row from a role without a policy. These show all of',
    '-- them to Rekey; policies that are RESTRICTIVE go on taking rows away.',
    ...underRowSecurity.flatMap((name) => {
      const table = renderSql(tableSql(name))
      return [
        ['rekey_reads', 'SELECT'],
        ['rekey_writes', 'UPDATE'],
      ].flatMap(([policy, command]) => [
        `DROP POLICY IF EXISTS ${policy} ON ${table};`,
        `CREATE POLICY ${policy} ON ${table} FOR ${command} TO ${quoteName(role)} USING (true);`,
      ])
    }),
  ]
}
