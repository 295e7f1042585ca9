// The rights that Rekey's database role needs: which columns its own statements read and write.

import type { TableName, UsersMapping } from './mapping.ts'

/** A table or view, by its name and the rights on it that are needed. */
export interface TableRights {
  readonly name: TableName
  /** Columns by privilege: each on these columns and no others. */
  readonly columns: Readonly<Record<ColumnPrivilege, readonly string[]>>
  /** Whether rows are deleted, for which there is no right on columns. */
  readonly deletes: boolean
}

/** What can be granted on single columns, as far as Rekey may need it. */
export const COLUMN_PRIVILEGES = ['SELECT', 'INSERT', 'UPDATE'] as const
export type ColumnPrivilege = (typeof COLUMN_PRIVILEGES)[number]

/** Lists the commands that the rights are for, as policies of row-level security name them. */
export function listCommands({ columns, deletes }: TableRights) {
  const onColumns = COLUMN_PRIVILEGES.filter((privilege) => columns[privilege].length > 0)
  return deletes ? ([...onColumns, 'DELETE'] as const) : onColumns
}

/** A column that may be updated although nothing writes it, and why that one. */
export interface LockColumn {
  readonly column: string
  readonly reason: string
}

/**
 * Lists what the statements need that the mapping alone makes. What the operator's own SQL needs is
 * PostgreSQL's to say: see `findOperatorRights`.
 */
export function listMappingRights(mapping: UsersMapping): TableRights[] {
  const { passwordTable } = mapping
  const named = (...columns: readonly (string | undefined)[]) =>
    columns.filter((column) => column !== undefined)
  const users = {
    name: mapping,
    columns: {
      SELECT: named(
        mapping.id,
        mapping.emailAddress,
        passwordTable ? undefined : mapping.passwordHash,
        ...mapping.loginColumns,
        mapping.name,
        mapping.locale,
        mapping.lastLogin,
        mapping.readsChangedAt ? mapping.changedAt : undefined,
        mapping.epoch,
      ),
      INSERT: [],
      UPDATE: named(
        passwordTable ? undefined : mapping.passwordHash,
        mapping.changedAt,
        mapping.epoch,
      ),
    },
    deletes: false,
  }
  if (!passwordTable) return [users]
  const { userColumn } = passwordTable
  const passwords = {
    name: passwordTable,
    columns: {
      SELECT: [userColumn, mapping.passwordHash],
      INSERT: [],
      UPDATE: [mapping.passwordHash],
    },
    deletes: false,
  }
  return [users, passwords]
}

/**
 * Chooses a column of the users table for the right to lock its rows: PostgreSQL asks for UPDATE on
 * some column, and here none is written.
 */
export function chooseLockColumn({ locale, name, lastLogin, id }: UsersMapping): LockColumn {
  if (locale !== undefined) {
    return { column: locale, reason: 'it chooses the language of mails and nothing else' }
  }
  if (name !== undefined) {
    return { column: name, reason: 'mails greet by it and nothing else here depends on it' }
  }
  if (lastLogin !== undefined) {
    const reason = 'the worst that a change does is to void links that were mailed'
    return { column: lastLogin, reason }
  }
  const reason =
    'no other column that Rekey knows is harmless, and keys that refer to an id hold it'
  return { column: id, reason }
}

/** Puts the rights on the same tables together, in the order in which the tables come first. */
export function mergeRights(rights: readonly TableRights[]): TableRights[] {
  const byName = new Map<string, TableRights>()
  for (const { name, columns, deletes } of rights) {
    const key = JSON.stringify([name.schema, name.table])
    const earlier = byName.get(key)
    const merge = (privilege: ColumnPrivilege) => [
      ...new Set([...(earlier?.columns[privilege] ?? []), ...columns[privilege]]),
    ]
    byName.set(key, {
      name,
      columns: { SELECT: merge('SELECT'), INSERT: merge('INSERT'), UPDATE: merge('UPDATE') },
      deletes: deletes || earlier?.deletes === true,
    })
  }
  return [...byName.values()]
}
