// The accounts in the host's PostgreSQL table: look-up, read, and the compare-and-set write.

import { foldAddress, MAX_ACCOUNTS_PER_IDENTIFIER, spellAddress } from '../core/email-address.ts'
import type { Account, Accounts, Deadline } from '../ports.ts'
import { type AccountQueries, createAccountQueries, type QueryFacts } from './account-queries.ts'
import { asUnavailable, isRowFault, isUntranslatable, nameFailure } from './failures.ts'
import type { TableFacts } from './inspect-table.ts'
import { nameInWords, type UsersMapping } from './mapping.ts'
import { createPasswordWriter, type WritableDatabase } from './write-password.ts'

interface Row {
  readonly account: Account
  /** In the order of the mapping's login columns. */
  readonly logins: readonly (string | null)[]
}

/**
 * Reads and writes through a mapping that `inspectTable` found no fault with.
 *
 * @param onRowFault is told, by its code, of a failure that left an account out
 */
export function createPostgresAccounts(
  database: WritableDatabase,
  mapping: UsersMapping,
  facts: QueryFacts & Pick<TableFacts, 'idIsInteger'>,
  onRowFault: (code: string) => void = () => {},
): Accounts {
  const { db, read } = database
  const queries = createAccountQueries(db, mapping, facts)

  const toRow = (row: Awaited<ReturnType<AccountQueries['byIds']['execute']>>[number]): Row => {
    const { logins } = row
    const emailAddress = row.emailAddress ?? ''
    const personal = [
      ...mapping.loginColumns.map((name, index) => ({ label: name, value: logins[index] })),
      { label: mapping.name ?? '', value: row.name },
      { label: 'email address', value: emailAddress },
    ].flatMap(({ label, value }) => (value ? [{ label: nameInWords(label), value }] : []))
    const account = {
      id: row.id,
      emailAddress,
      passwordHash: row.passwordHash,
      isEligible: row.isEligible,
      lastLogin: mapping.lastLogin === undefined ? undefined : row.lastLogin,
      name: row.name ?? undefined,
      locale: row.locale ?? undefined,
      changedAt: row.changedAt ?? undefined,
      personal,
    }
    return { account, logins }
  }
  const list = async (
    query: AccountQueries['byIds'],
    values: readonly string[],
    deadline?: Deadline,
  ): Promise<Row[]> => {
    if (values.length === 0) return []
    try {
      const rows = await read(
        () => query.execute({ list: JSON.stringify(values) }),
        deadline?.leftMs(),
      )
      // After a statement that failed between two rows, the driver begins the next result of that
      // connection with holes: these are left out.
      return rows.flatMap((row) => [toRow(row)])
    } catch (error) {
      if (!isRowFault(error)) throw asUnavailable(error)
      // A value that the database cannot represent names no row, and a row that cannot be judged is
      // nobody's: neither costs the others theirs. It is searched for by halves.
      if (values.length === 1) {
        if (!isUntranslatable(error)) onRowFault(nameFailure(error))
        return []
      }
      const middle = Math.ceil(values.length / 2)
      const halves = [
        ...(await list(query, values.slice(0, middle), deadline)),
        ...(await list(query, values.slice(middle), deadline)),
      ]
      // By its own idea of letter case the database may find a row for a value of either.
      return [...new Map(halves.map((row) => [row.account.id, row])).values()]
    }
  }

  const readHash = async (id: string) => {
    const [row] = await list(queries.byIds, [id])
    return row?.account.passwordHash
  }

  return {
    takesIntegerIds: () => facts.idIsInteger,

    async find(identifiers) {
      const byAddress = Map.groupBy(
        await list(queries.byAddresses, [
          ...new Set(identifiers.flatMap(({ text }) => spellAddress(text))),
        ]),
        ({ account }) => foldAddress(account.emailAddress),
      )
      const found = identifiers.map(({ text }) =>
        pick(byAddress.get(foldAddress(text)) ?? [], (row) => row.account.emailAddress === text),
      )
      for (const [index, query] of queries.byLogin.entries()) {
        const open = identifiers.flatMap(({ kind, text }, at) =>
          kind === 'login' && found[at]?.length === 0 ? [{ at, text }] : [],
        )
        const matches = Map.groupBy(
          await list(query, [...new Set(open.map(({ text }) => text))]),
          (row) => row.logins[index],
        )
        for (const { at, text } of open) found[at] = pick(matches.get(text) ?? [], () => true)
      }
      return found
    },

    async read(ids, deadline) {
      const rows = await list(queries.byIds, ids, deadline)
      const byId = Map.groupBy(rows, ({ account }) => account.id)
      // An id that two rows share names nobody.
      return [...byId.values()]
        .flatMap((rows) => (rows.length === 1 ? rows : []))
        .map((row) => row.account)
    },

    replacePassword: createPasswordWriter(database, queries, readHash),
  }
}

/** The exact spelling first; within each group the order of ids, as the query gave it. */
function pick(rows: readonly Row[], isExact: (row: Row) => boolean): Account[] {
  const exact = rows.filter(isExact)
  const others = rows.filter((row) => !isExact(row))
  return [...exact, ...others].slice(0, MAX_ACCOUNTS_PER_IDENTIFIER).map((row) => row.account)
}
