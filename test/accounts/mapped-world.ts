// A mapped table as the world of the accounts' contract.

import { renderSql, tableSql, type UsersMapping } from '../../src/accounts/mapping.ts'
import type { Accounts } from '../../src/ports.ts'
import type { AccountsWorld } from './accounts-contract.ts'
import type { createMappedTable, MappedTable } from './mapped-table.ts'

export const uuids = [...'0123456'].map((n) => `${n}b0f3c1e-8d5e-4a53-9a0e-0d5a7f0f9a11`)

/**
 * Makes the world.
 *
 * @param accounts whom to ask; the table's own superuser by default
 */
export function createMappedWorld(
  table: () => MappedTable,
  mapping: UsersMapping,
  types: Parameters<typeof createMappedTable>[1],
  ids: readonly string[],
  accounts: () => Accounts = () => table().accounts,
): AccountsWorld {
  const isPadded = types?.passwordHash?.startsWith('char') ?? false
  const names: Readonly<Record<string, string | undefined>> = {
    ...(mapping as unknown as Record<string, string>),
    login: mapping.loginColumns[0]?.replaceAll('_', ' '),
    name: mapping.name?.replaceAll('_', ' '),
  }
  const quoted = (name: string) => `"${name.replaceAll('"', '""')}"`
  return {
    accounts,
    ids,
    unknownId: ids === uuids ? 'ffffffff-8d5e-4a53-9a0e-0d5a7f0f9a11' : '31000',
    store: (row) => table().store(row),
    async row(id) {
      const row = await table().row(id)
      const hash = row?.[mapping.passwordHash]
      // What the padding adds is not what was written.
      return isPadded && typeof hash === 'string'
        ? { ...row, [mapping.passwordHash]: hash.trimEnd() }
        : row
    },
    async change(id, row) {
      const at = renderSql(tableSql(mapping))
      for (const [key, value] of Object.entries(row)) {
        const active = mapping.eligibleSql?.startsWith('"') ? 'is Active' : 'active'
        const column = quoted(key === 'active' ? active : (names[key] ?? ''))
        const second = key === 'passwordHash' ? mapping.passwordTable : undefined
        const where = quoted(second?.userColumn ?? mapping.id)
        await table().sql.unsafe(
          `update ${second ? renderSql(tableSql(second)) : at} set ${column} = $1 where ${where}::text = $2`,
          [value as string, id],
        )
      }
    },
    async remove(id) {
      const at = renderSql(tableSql(mapping))
      await table().sql.unsafe(`delete from ${at} where ${quoted(mapping.id)}::text = $1`, [id])
    },
    column: (key) => names[key] ?? '',
    async empty() {
      const names = [mapping, mapping.passwordTable ?? mapping].map((name) =>
        renderSql(tableSql(name)),
      )
      await table().sql.unsafe(`truncate ${names.join()}`)
    },
  }
}
