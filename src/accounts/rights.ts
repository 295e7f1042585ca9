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

/** Why a column is among those that may be updated although nothing writes it. */
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
        mapping.epoch,
      ),
      INSERT: [],
      UPDATE: named(
        passwordTable ? undefined : mapping.passwordHash,
        mapping.changedAt,
        mapping.epoch,
        chooseLockColumn(mapping)?.column,
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
 * Chooses the column of the users table whose UPDATE lets its rows be locked: PostgreSQL asks for that
 * right on some column. Undefined where one is written anyway.
 */
export function chooseLockColumn(mapping: UsersMapping): LockColumn | undefined {
  const { passwordTable, changedAt, epoch, locale, name, lastLogin, id } = mapping
  if (!passwordTable || changedAt !== undefined || epoch !== undefined) return undefined
  const choices = [
    [locale, 'it chooses the language of mails and nothing else'],
    [name, 'mails greet by it and nothing else here depends on it'],
    [lastLogin, 'the worst that a change does is to void links that were mailed'],
    [id, 'no other column that Rekey knows is harmless, and keys that refer to an id hold it'],
  ] as const
  return choices.flatMap(([column, reason]) =>
    column === undefined ? [] : [{ column, reason }],
  )[0]
}

/** Puts the rights on the same tables together, in the order in which the tables come first. */
export function mergeRights(rights: readonly TableRights[]): TableRights[] {
  const byName = Map.groupBy(rights, ({ name }) => JSON.stringify([name.schema, name.table]))
  return [...byName.values()].map((same) => {
    const merge = (privilege: ColumnPrivilege) => [
      ...new Set(same.flatMap(({ columns }) => columns[privilege])),
    ]
    return {
      name: same[0]?.name ?? { schema: undefined, table: '' },
      columns: { SELECT: merge('SELECT'), INSERT: merge('INSERT'), UPDATE: merge('UPDATE') },
      deletes: same.some(({ deletes }) => deletes),
    }
  })
}
