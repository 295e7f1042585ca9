// The accounts in the host's PostgreSQL table: look-up, read, and the compare-and-set write.

import { and, type SQL, sql } from 'drizzle-orm'
import { PgSchema, pgTable, text } from 'drizzle-orm/pg-core'
import { foldAsciiCase } from '../core/email-address.ts'
import type { Account, Accounts } from '../ports.ts'
import { asUnavailable, type Database, isDataException, isRefusal } from './database.ts'
import type { TableFacts } from './inspect-table.ts'
import { eligibleSql, type UsersMapping } from './mapping.ts'

const MAX_ACCOUNTS_PER_IDENTIFIER = 5

interface Row {
  readonly account: Account
  /** In the order of the mapping's login columns. */
  readonly logins: readonly (string | null)[]
}

/**
 * Reads and writes through a mapping that `inspectTable` found no fault with.
 */
export function createPostgresAccounts(
  { db, line }: Pick<Database, 'db' | 'line'>,
  mapping: UsersMapping,
  facts: Pick<TableFacts, 'idType' | 'idIsInteger' | 'emailCollation'>,
): Accounts {
  const table = (
    mapping.schema === undefined ? pgTable : new PgSchema(mapping.schema).table
  ) as typeof pgTable
  const users = table(mapping.table, {
    id: text(mapping.id),
    emailAddress: text(mapping.emailAddress),
    passwordHash: text(mapping.passwordHash),
    changedAt: text(mapping.changedAt ?? ''),
    epoch: text(mapping.epoch ?? ''),
  })
  const column = (name: string) => sql`${sql.identifier(name)}::text`
  const optional = (name: string | undefined) => (name === undefined ? sql`NULL` : column(name))
  const fields = {
    id: sql<string>`${users.id}::text`,
    emailAddress: sql<string | null>`${users.emailAddress}::text`,
    passwordHash: sql<string | null>`${users.passwordHash}::text`,
    isEligible: sql<boolean>`${eligibleSql(mapping)}`,
    lastLogin: sql<string | null>`${optional(mapping.lastLogin)}`,
    name: sql<string | null>`${optional(mapping.name)}`,
    locale: sql<string | null>`${optional(mapping.locale)}`,
    logins: sql<
      (string | null)[]
    >`jsonb_build_array(${sql.join(mapping.loginColumns.map(column), sql`, `)})`,
  }
  const select = (where: SQL) => db.select(fields).from(users).where(where).orderBy(users.id)
  // One JSON text per list: it needs no array types from the catalogue and keeps the index in use.
  const listed = (type: string) =>
    sql`ARRAY(SELECT value::${sql.raw(type)} FROM jsonb_array_elements_text(${sql.placeholder('list')}::jsonb))`
  // Both sides by one idea of letter case; only ASCII's counts in the end, when rows are picked.
  const collate = sql.raw(facts.emailCollation ? ` COLLATE ${facts.emailCollation}` : '')
  const id = sql`${sql.placeholder('id')}::${sql.raw(facts.idType)}`

  const byIds = select(sql`${users.id} = ANY(${listed(facts.idType)})`).prepare('read')
  const byAddresses = select(
    sql`lower(${users.emailAddress}::text) = ANY(ARRAY(SELECT lower(value${collate}) FROM jsonb_array_elements_text(${sql.placeholder('list')}::jsonb)))`,
  ).prepare('find_by_address')
  const byLogin = mapping.loginColumns.map((name) =>
    select(sql`${sql.identifier(name)} = ANY(${listed('text')})`).prepare(`find_by_${name}`),
  )
  const write = db
    .update(users)
    .set({
      passwordHash: sql`${sql.placeholder('newHash')}`,
      ...(mapping.changedAt !== undefined && { changedAt: sql`now()` }),
      ...(mapping.epoch !== undefined && { epoch: sql`coalesce(${users.epoch}, 0) + 1` }),
    })
    .where(
      and(
        sql`${users.id} = ${id}`,
        sql`${users.passwordHash}::text IS NOT DISTINCT FROM ${sql.placeholder('passwordHash')}::text`,
        sql`${users.emailAddress}::text = ${sql.placeholder('emailAddress')}`,
        mapping.lastLogin === undefined
          ? undefined
          : sql`${column(mapping.lastLogin)} IS NOT DISTINCT FROM ${sql.placeholder('lastLogin')}::text`,
        eligibleSql(mapping),
      ),
    )
    .prepare('replace_password')

  const toRow = (row: Awaited<ReturnType<typeof byIds.execute>>[number]): Row => {
    const { logins } = row
    const emailAddress = row.emailAddress ?? ''
    const personal = [
      ...mapping.loginColumns.map((name, index) => ({ label: name, value: logins[index] })),
      { label: mapping.name ?? '', value: row.name },
      { label: 'email address', value: emailAddress },
    ].flatMap(({ label, value }) => (value ? [{ label: label.replaceAll('_', ' '), value }] : []))
    const account = {
      id: row.id,
      emailAddress,
      passwordHash: row.passwordHash,
      isEligible: row.isEligible,
      lastLogin: mapping.lastLogin === undefined ? undefined : row.lastLogin,
      name: row.name ?? undefined,
      locale: row.locale ?? undefined,
      personal,
    }
    return { account, logins }
  }
  const list = async (query: typeof byIds, values: readonly string[]): Promise<Row[]> => {
    if (values.length === 0) return []
    try {
      const rows = await line(() => query.execute({ list: JSON.stringify(values) }))
      return rows.map(toRow)
    } catch (error) {
      if (!isDataException(error)) throw asUnavailable(error)
      // A value that the database cannot represent names no row, and costs the others theirs: it is
      // searched for by halves.
      if (values.length === 1) return []
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
    const [row] = await list(byIds, [id])
    return row?.account.passwordHash === newHash
  }

  return {
    takesIntegerIds: () => facts.idIsInteger,

    async find(identifiers) {
      const byAddress = Map.groupBy(
        await list(byAddresses, [
          ...new Set(identifiers.flatMap(({ text }) => [text, foldAsciiCase(text)])),
        ]),
        ({ account }) => foldAsciiCase(account.emailAddress),
      )
      const found = identifiers.map(({ text }) =>
        pick(byAddress.get(foldAsciiCase(text)) ?? [], (row) => row.account.emailAddress === text),
      )
      for (const [index, query] of byLogin.entries()) {
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
      return (await list(byIds, ids)).map((row) => row.account)
    },

    async replacePassword(account, newHash) {
      const { id, passwordHash, emailAddress, lastLogin } = account
      const facts = { id, passwordHash, emailAddress, lastLogin: lastLogin ?? null, newHash }
      try {
        const result = await line(() => write.execute(facts))
        return result.count === 1
      } catch (error) {
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
