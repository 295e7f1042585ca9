// The SQL of accounts, built from the mapping: how they are found and read, and the compare-and-set
// write.

import { and, type SQL, type SQLWrapper, sql } from 'drizzle-orm'
import { PgSchema, pgTable, text } from 'drizzle-orm/pg-core'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { compileStatement } from './compiled-statement.ts'
import type { TableFacts } from './inspect-table.ts'
import {
  afterResetSql,
  conditionSql,
  type PasswordTable,
  type TableName,
  tableSql,
  trueSql,
  type UsersMapping,
} from './mapping.ts'
import { type PlannedSearch, searchSql } from './search.ts'

/** What the queries need to know of the table. */
export type QueryFacts = Pick<TableFacts, 'idType' | 'searches' | 'changedAtDigits'>

/** The values that the write compares, and the one that it writes. */
export type WriteValues = Readonly<{
  id: string
  passwordHash: string | null
  emailAddress: string
  lastLogin: string | null
  newHash: string
}>

/**
 * The most that is read of a name, a locale and a login: anybody who signs up may make them as long as
 * they like. No login that is typed is longer, and neither a greeting nor a rule of passwords needs more.
 */
const MOST_CHARACTERS = 256

/** What `createAccountQueries` prepares. */
export type AccountQueries = ReturnType<typeof createAccountQueries>

/** Prepares the statements of a mapping that `inspectTable` found no fault with. */
export function createAccountQueries(
  db: PostgresJsDatabase,
  mapping: UsersMapping,
  facts: QueryFacts,
) {
  const statements = buildStatements(db, mapping, facts, (name) => sql`${sql.placeholder(name)}`)
  const { write, touchOwner, afterReset, findUnchanged, readBack } = statements
  return {
    byIds: statements.byIds.prepare('read'),
    byAddresses: statements.byAddresses.prepare('find_by_address'),
    /** In the order of the mapping's login columns. */
    byLogin: statements.byLogin.map((query, index) => query.prepare(`find_by_login_${index}`)),
    /** Those that follow take `WriteValues`. @returns a result whose `count` is 1 when the row was as they say */
    write: compileStatement(write.getSQL()),
    /** Sets what changes with the hash, where that stands in another table; undefined if nothing. */
    touchOwner: touchOwner && compileStatement(touchOwner.getSQL()),
    /** AFTER_RESET_SQL, if there is one. */
    afterReset: afterReset && compileStatement(afterReset),
    /** @returns a row, if it still is as the values say */
    findUnchanged: compileStatement(findUnchanged),
    /** @returns what the row holds, if it has one place for it, and the id of the transaction */
    readBack: compileStatement<{ passwordHash: string | null; transactionId: string }>(readBack),
  }
}

/**
 * Builds the statements.
 *
 * @param value what stands for a value, by its name
 */
export function buildStatements(
  db: PostgresJsDatabase,
  mapping: UsersMapping,
  facts: QueryFacts,
  value: (name: keyof WriteValues | 'list') => SQL,
) {
  const { searches } = facts
  const users = nameTable(mapping)({
    id: text(mapping.id),
    emailAddress: text(mapping.emailAddress),
    passwordHash: text(mapping.passwordHash),
    changedAt: text(mapping.changedAt ?? ''),
    epoch: text(mapping.epoch ?? ''),
  })
  const column = (name: string) => sql`${sql.identifier(name)}::text`
  const beginning = (name: string) =>
    sql`left(${column(name)}, ${sql.raw(String(MOST_CHARACTERS))})`
  const optional = (name: string | undefined, as = column) =>
    name === undefined ? sql`NULL` : as(name)
  const { passwordHash, hasOne } = hashSql(mapping)
  const fields = {
    id: sql<string>`${users.id}::text`,
    emailAddress: sql<string | null>`${users.emailAddress}::text`,
    passwordHash: sql<string | null>`${passwordHash}`,
    isEligible: sql<boolean>`${conditionSql(mapping.eligibleSql)}${hasOne}`,
    lastLogin: sql<string | null>`${optional(mapping.lastLogin)}`,
    name: sql<string | null>`${optional(mapping.name, beginning)}`,
    locale: sql<string | null>`${optional(mapping.locale, beginning)}`,
    changedAt: sql<number | null>`${changedAtSql(mapping)}`,
    logins: sql<
      (string | null)[]
    >`jsonb_build_array(${sql.join(mapping.loginColumns.map(beginning), sql`, `)})`,
  }
  const select = (planned: PlannedSearch) =>
    db
      .select(fields)
      .from(users)
      .where(searchSql(planned, value('list'), mapping.eligibleSql))
      .orderBy(users.id)

  const id = sql`${value('id')}::${sql.raw(facts.idType)}`
  const hasId = sql`${users.id} = ${id}`
  const isSame = [
    hasId,
    isSameText(users.emailAddress, value('emailAddress')),
    mapping.lastLogin === undefined
      ? undefined
      : isSameText(sql.identifier(mapping.lastLogin), value('lastLogin')),
    conditionSql(mapping.eligibleSql),
  ]
  const changes = {
    ...(mapping.changedAt !== undefined && { changedAt: nowSql(facts) }),
    ...(mapping.epoch !== undefined && { epoch: sql`coalesce(${users.epoch}, 0) + 1` }),
  }
  const newHash = value('newHash')
  const oldHash = value('passwordHash')

  const { passwordTable, afterReset } = mapping
  const writeRow = () =>
    db
      .update(users)
      .set({ passwordHash: newHash, ...changes })
      .where(and(...isSame, isSameText(users.passwordHash, oldHash)))

  const writeSecondTable = ({ userColumn, filterSql, ...name }: PasswordTable) => {
    const passwords = nameTable(name)({ user: text(userColumn), hash: text(mapping.passwordHash) })
    // Locked by the statement that writes, so that the address cannot change under it. The names of
    // what is ours begin as no table of a host does.
    const owner = db.$with('rekey_owner').as(
      db
        .select({ id: users.id })
        .from(users)
        .where(and(...isSame))
        .for('no key update'),
    )
    return db
      .with(owner)
      .update(passwords)
      .set({ hash: newHash })
      .where(
        and(
          sql`${passwords.user} = (SELECT ${sql.identifier(mapping.id)} FROM rekey_owner)`,
          isSameText(passwords.hash, oldHash),
          conditionSql(filterSql),
        ),
      )
  }

  return {
    byIds: select(searches.ids),
    byAddresses: select(searches.addresses),
    byLogin: searches.logins.map(select),
    write: passwordTable ? writeSecondTable(passwordTable) : writeRow(),
    touchOwner:
      passwordTable && Object.keys(changes).length > 0
        ? db.update(users).set(changes).where(hasId)
        : undefined,
    afterReset: afterReset && afterResetSql(afterReset, id),
    findUnchanged: sql`SELECT FROM ${users} WHERE ${and(...isSame, isSameText(passwordHash, oldHash))}${hasOne}`,
    readBack: sql`SELECT ${passwordHash} AS "passwordHash", pg_current_xact_id()::text AS "transactionId" FROM ${users} WHERE ${hasId}${hasOne}`,
  }
}

/** Compares byte by byte, whatever the column's collation takes for the same. NULL is like NULL. */
function isSameText(column: SQLWrapper, value: SQL): SQL {
  return sql`${column}::text COLLATE "C" IS NOT DISTINCT FROM ${value}::text`
}

/** The hash of a row, and whether there is exactly one place to write it to. */
function hashSql(mapping: UsersMapping): { passwordHash: SQL; hasOne: SQL } {
  const { passwordTable } = mapping
  const hash = sql`${sql.identifier(mapping.passwordHash)}`
  if (!passwordTable) return { passwordHash: sql`${hash}::text`, hasOne: sql`` }
  const owner = sql`${tableSql({ ...mapping, schema: undefined })}.${sql.identifier(mapping.id)}`
  const user = sql.identifier(passwordTable.userColumn)
  // Only where both tables have one name, as the filter may call its table by it.
  const isSameName = passwordTable.table === mapping.table
  const passwords = sql.identifier(isSameName ? 'rekey_passwords' : passwordTable.table)
  const alias = isSameName ? sql` AS ${passwords}` : sql``
  const rows = sql`FROM ${tableSql(passwordTable)}${alias} WHERE ${passwords}.${user} = ${owner} AND ${trueSql(passwordTable.filterSql)}`
  return {
    passwordHash: sql`(SELECT min(${passwords}.${hash}::text) ${rows})`,
    hasOne: sql` AND (SELECT count(*) ${rows}) = 1`,
  }
}

/** Unix seconds. A timestamp without a zone is read as it is written: in the connection's own. */
function changedAtSql({ changedAt, readsChangedAt }: UsersMapping): SQL {
  if (changedAt === undefined || !readsChangedAt) return sql`NULL`
  return sql`extract(epoch FROM ${sql.identifier(changedAt)}::timestamptz)::float8`
}

/** The time, cut to what the column keeps: rounded up, it would be later than JWTs issued after it. */
function nowSql({ changedAtDigits: digits }: QueryFacts): SQL {
  if (digits === undefined) return sql`now()`
  return digits < 3 ? sql`date_trunc('second', now())` : sql`date_trunc('milliseconds', now())`
}

function nameTable({ schema, table }: TableName) {
  const make = (schema === undefined ? pgTable : new PgSchema(schema).table) as typeof pgTable
  return <Columns extends Record<string, ReturnType<typeof text>>>(columns: Columns) =>
    make(table, columns)
}
