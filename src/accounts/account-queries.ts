// The SQL of accounts, built from the mapping: how they are found and read, and the compare-and-set
// write.

import { and, type SQL, sql } from 'drizzle-orm'
import { PgSchema, pgTable, text } from 'drizzle-orm/pg-core'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import type { TableFacts } from './inspect-table.ts'
import { conditionSql, type TableName, tableSql, type UsersMapping } from './mapping.ts'

/** What the queries need to know of the table. */
export type QueryFacts = Pick<TableFacts, 'idType' | 'emailType' | 'folding' | 'lookUp'>

/** The values that the write compares, and the one that it writes. */
export interface WriteValues extends Record<string, unknown> {
  readonly id: string
  readonly passwordHash: string | null
  readonly emailAddress: string
  readonly lastLogin: string | null
  readonly newHash: string
}

/** What `createAccountQueries` builds. */
export type AccountQueries = ReturnType<typeof createAccountQueries>

type Runner = Pick<PostgresJsDatabase, 'select' | 'update' | 'with' | '$with'>

/** Builds the queries of a mapping that `inspectTable` found no fault with. */
export function createAccountQueries(
  db: PostgresJsDatabase,
  mapping: UsersMapping,
  facts: QueryFacts,
) {
  const users = nameTable(mapping)({
    id: text(mapping.id),
    emailAddress: text(mapping.emailAddress),
    passwordHash: text(mapping.passwordHash),
    changedAt: text(mapping.changedAt ?? ''),
    epoch: text(mapping.epoch ?? ''),
  })
  const column = (name: string) => sql`${sql.identifier(name)}::text`
  const optional = (name: string | undefined) => (name === undefined ? sql`NULL` : column(name))
  const { passwordHash, hasOne } = hashSql(mapping)
  const fields = {
    id: sql<string>`${users.id}::text`,
    emailAddress: sql<string | null>`${users.emailAddress}::text`,
    passwordHash: sql<string | null>`${passwordHash}`,
    isEligible: sql<boolean>`${conditionSql(mapping.eligibleSql)}${hasOne}`,
    lastLogin: sql<string | null>`${optional(mapping.lastLogin)}`,
    name: sql<string | null>`${optional(mapping.name)}`,
    locale: sql<string | null>`${optional(mapping.locale)}`,
    logins: sql<
      (string | null)[]
    >`jsonb_build_array(${sql.join(mapping.loginColumns.map(column), sql`, `)})`,
  }
  const select = (where: SQL) => db.select(fields).from(users).where(where).orderBy(users.id)
  const list = sql`${sql.placeholder('list')}`

  const isSame = [
    sql`${users.id} = ${sql.placeholder('id')}::${sql.raw(facts.idType)}`,
    sql`${users.emailAddress}::text = ${sql.placeholder('emailAddress')}`,
    mapping.lastLogin === undefined
      ? undefined
      : sql`${column(mapping.lastLogin)} IS NOT DISTINCT FROM ${sql.placeholder('lastLogin')}::text`,
    conditionSql(mapping.eligibleSql),
  ]
  const changes = {
    ...(mapping.changedAt !== undefined && { changedAt: sql`now()` }),
    ...(mapping.epoch !== undefined && { epoch: sql`coalesce(${users.epoch}, 0) + 1` }),
  }
  const newHash = sql`${sql.placeholder('newHash')}`
  const oldHash = sql`${sql.placeholder('passwordHash')}`

  const writeRow = (runner: Runner) =>
    runner
      .update(users)
      .set({ passwordHash: newHash, ...changes })
      .where(and(...isSame, sql`${users.passwordHash}::text IS NOT DISTINCT FROM ${oldHash}::text`))
      .prepare('replace_password')

  const { passwordTable } = mapping
  const writeSecondTable = (runner: Runner) => {
    const passwords = nameTable(passwordTable ?? mapping)({
      user: text(passwordTable?.userColumn ?? ''),
      hash: text(mapping.passwordHash),
    })
    // Locked by the statement that writes, so that the address cannot change under it. The names of
    // what is ours begin as no table of a host does.
    const owner = runner.$with('rekey_owner').as(
      runner
        .select({ id: users.id })
        .from(users)
        .where(and(...isSame))
        .for('no key update'),
    )
    return runner
      .with(owner)
      .update(passwords)
      .set({ hash: newHash })
      .where(
        and(
          sql`${passwords.user} = (SELECT ${sql.identifier(mapping.id)} FROM rekey_owner)`,
          sql`${passwords.hash}::text IS NOT DISTINCT FROM ${oldHash}::text`,
          conditionSql(passwordTable?.filterSql),
        ),
      )
      .prepare('replace_password')
  }

  return {
    byIds: select(sql`${users.id} = ANY(${listSql(list, facts.idType)})`).prepare('read'),
    byAddresses: select(addressSql(mapping, facts, list)).prepare('find_by_address'),
    /** In the order of the mapping's login columns. */
    byLogin: mapping.loginColumns.map((name) =>
      select(sql`${sql.identifier(name)} = ANY(${listSql(list, 'text')})`).prepare(
        `find_by_${name}`,
      ),
    ),
    /** Takes `WriteValues`. @returns a result whose `count` is 1 when the row was as they say */
    write: passwordTable ? writeSecondTable : writeRow,
    /** Sets what changes with the hash, where that stands in another table; undefined if nothing. */
    touchOwner:
      passwordTable && Object.keys(changes).length > 0
        ? (runner: Runner, id: string) =>
            runner
              .update(users)
              .set(changes)
              .where(sql`${users.id} = ${id}::${sql.raw(facts.idType)}`)
        : undefined,
  }
}

/**
 * The condition that finds addresses.
 *
 * @param list a JSON array of them, as SQL
 */
export function addressSql(mapping: UsersMapping, facts: QueryFacts, list: SQL): SQL {
  const address = sql`${tableSql({ ...mapping, schema: undefined })}.${sql.identifier(mapping.emailAddress)}`
  if (facts.lookUp === 'plain') return sql`${address} = ANY(${listSql(list, facts.emailType)})`
  // Both sides by one idea of letter case; only ASCII's counts in the end, when rows are picked.
  const { collation, isForced } = facts.folding
  const collate = sql.raw(collation === undefined ? '' : ` COLLATE ${collation}`)
  return sql`lower(${address}::text${isForced ? collate : sql``}) = ANY(ARRAY(SELECT lower(value${collate}) FROM jsonb_array_elements_text(${list}::jsonb)))`
}

/** One JSON text per list: it needs no array types from the catalogue and keeps the index in use. */
function listSql(list: SQL, type: string): SQL {
  return sql`ARRAY(SELECT value::${sql.raw(type)} FROM jsonb_array_elements_text(${list}::jsonb))`
}

/** The hash of a row, and whether there is exactly one place to write it to. */
function hashSql(mapping: UsersMapping): { passwordHash: SQL; hasOne: SQL } {
  const { passwordTable } = mapping
  const hash = sql`${sql.identifier(mapping.passwordHash)}`
  if (!passwordTable) return { passwordHash: sql`${hash}::text`, hasOne: sql`` }
  const owner = sql`${tableSql({ ...mapping, schema: undefined })}.${sql.identifier(mapping.id)}`
  const user = sql.identifier(passwordTable.userColumn)
  const rows = sql`FROM ${tableSql(passwordTable)} AS rekey_passwords WHERE rekey_passwords.${user} = ${owner} AND ${conditionSql(passwordTable.filterSql)}`
  return {
    passwordHash: sql`(SELECT min(rekey_passwords.${hash}::text) ${rows})`,
    hasOne: sql` AND (SELECT count(*) ${rows}) = 1`,
  }
}

function nameTable({ schema, table }: TableName) {
  const make = (schema === undefined ? pgTable : new PgSchema(schema).table) as typeof pgTable
  return <Columns extends Record<string, ReturnType<typeof text>>>(columns: Columns) =>
    make(table, columns)
}
