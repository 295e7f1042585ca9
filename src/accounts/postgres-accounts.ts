// The accounts in the host's PostgreSQL table: look-up, read, and the compare-and-set write.

import { sql } from 'drizzle-orm'
import { foldAsciiCase, MAX_ACCOUNTS_PER_IDENTIFIER } from '../core/email-address.ts'
import { RekeyError } from '../errors.ts'
import type { Account, Accounts } from '../ports.ts'
import {
  type AccountQueries,
  createAccountQueries,
  type QueryFacts,
  type WriteValues,
} from './account-queries.ts'
import {
  asUnavailable,
  type Database,
  isRefusal,
  isRowFault,
  isUntranslatable,
  nameFailure,
} from './database.ts'
import type { TableFacts } from './inspect-table.ts'
import { afterResetSql, mappingVariables, nameInWords, type UsersMapping } from './mapping.ts'

// Of each statement where several make one write.
const STEP_TIMEOUT = "'4s'"

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
  { db, line, read, limitsStatements }: Pick<Database, 'db' | 'line' | 'read' | 'limitsStatements'>,
  mapping: UsersMapping,
  facts: QueryFacts & Pick<TableFacts, 'idIsInteger' | 'idIsUnique'>,
  onRowFault: (code: string) => void = () => {},
): Accounts {
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
  ): Promise<Row[]> => {
    if (values.length === 0) return []
    try {
      const rows = await read(() => query.execute({ list: JSON.stringify(values) }))
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
        ...(await list(query, values.slice(0, middle))),
        ...(await list(query, values.slice(middle))),
      ]
      // By its own idea of letter case the database may find a row for a value of either.
      return [...new Map(halves.map((row) => [row.account.id, row])).values()]
    }
  }

  const isWritten = async (id: string, newHash: string) => {
    const [row] = await list(queries.byIds, [id])
    return row?.account.passwordHash === newHash
  }

  const { touchOwner } = queries
  const { afterReset } = mapping
  const writeAlone = queries.write(db)
  const writeInSteps = (values: WriteValues) =>
    db.transaction(async (transaction) => {
      await transaction.execute(sql`SET LOCAL statement_timeout = ${sql.raw(STEP_TIMEOUT)}`)
      const { count } = await queries.write(transaction).execute(values)
      if (count === 0) return false
      // Two rows, or an owner that a trigger of the host holds back: nothing of it may stay.
      if (count > 1) throw new RekeyError('unavailable', 'several rows have the same id')
      if (touchOwner) {
        const touched = await touchOwner(transaction).execute(values)
        if (touched.count !== 1) throw new RekeyError('unavailable', 'the account was not written')
      }
      if (afterReset) {
        const id = sql`${values.id}::${sql.raw(facts.idType)}`
        await transaction.execute(afterResetSql(afterReset, id)).catch((error: unknown) => {
          throw asUnavailable(error, mappingVariables.afterReset)
        })
      }
      return true
    })
  const isOneStep = !touchOwner && !afterReset && limitsStatements && facts.idIsUnique
  const write = isOneStep
    ? async (values: WriteValues) => (await writeAlone.execute(values)).count === 1
    : writeInSteps

  return {
    takesIntegerIds: () => facts.idIsInteger,

    async find(identifiers) {
      const byAddress = Map.groupBy(
        await list(queries.byAddresses, [
          ...new Set(identifiers.flatMap(({ text }) => [text, foldAsciiCase(text)])),
        ]),
        ({ account }) => foldAsciiCase(account.emailAddress),
      )
      const found = identifiers.map(({ text }) =>
        pick(byAddress.get(foldAsciiCase(text)) ?? [], (row) => row.account.emailAddress === text),
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

    async read(ids) {
      const byId = Map.groupBy(await list(queries.byIds, ids), ({ account }) => account.id)
      // An id that two rows share names nobody.
      return [...byId.values()]
        .flatMap((rows) => (rows.length === 1 ? rows : []))
        .map((row) => row.account)
    },

    async replacePassword(account, newHash) {
      const { id, passwordHash, emailAddress, lastLogin } = account
      const values = { id, passwordHash, emailAddress, lastLogin: lastLogin ?? null, newHash }
      try {
        return await line(() => write(values))
      } catch (error) {
        if (error instanceof RekeyError) throw error
        // The answer may be lost and the write done. Its salt makes the hash tell.
        if (!isRefusal(error) && (await isWritten(id, newHash))) return true
        throw asUnavailable(error)
      }
    },
  }
}

/** The exact spelling first; within each group the order of ids, as the query gave it. */
function pick(rows: readonly Row[], isExact: (row: Row) => boolean): Account[] {
  const exact = rows.filter(isExact)
  const others = rows.filter((row) => !isExact(row))
  return [...exact, ...others].slice(0, MAX_ACCOUNTS_PER_IDENTIFIER).map((row) => row.account)
}
