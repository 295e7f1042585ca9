// Counts the formats of the stored hashes in a sample, for the start and for `rekey doctor`.

import { sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { conditionSql, tableSql, type UsersMapping } from './mapping.ts'

/** A stored hash that no format reads. */
export const UNKNOWN = 'unknown'
/** One of them that says nothing of its format: Better Auth writes it, and so does other software. */
export const BARE_KEY = 'bare salt:key in hexadecimal'
/** No password at all. */
export const NONE = 'none'

/** How stored hashes are told apart. */
export interface HashReader {
  /** The format that PASSWORD_HASH names; undefined where each row keeps its own. */
  readonly named: string | undefined
  /** The format's name, the named one's before others; else UNKNOWN, BARE_KEY or NONE. */
  readonly nameFormat: (passwordHash: string | null) => string
}

export interface HashCensus {
  readonly hashes: readonly (string | null)[]
  /** Rows by what `nameFormat` says. */
  readonly counts: ReadonlyMap<string, number>
  /** Rows that hold a hash, in whatever format. */
  readonly withHash: number
}

const START_ROWS = 1000
const START_TIMEOUT_MS = 1000

/**
 * Reads a sample of the hashes, and counts.
 *
 * @throws whatever the driver throws
 */
export async function takeCensus(
  db: Pick<PostgresJsDatabase, 'execute'>,
  mapping: UsersMapping,
  { nameFormat }: Pick<HashReader, 'nameFormat'>,
  mostRows: number,
): Promise<HashCensus> {
  const { passwordTable, passwordHash } = mapping
  const rows = await db.execute<{ hash: string | null }>(sql`
    SELECT ${sql.identifier(passwordHash)}::text AS hash FROM ${tableSql(passwordTable ?? mapping)}
    WHERE ${conditionSql(passwordTable?.filterSql)} LIMIT ${mostRows}`)
  const hashes = rows.map(({ hash }) => hash)
  const counts = new Map<string, number>()
  for (const hash of hashes) {
    const name = nameFormat(hash)
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return { hashes, counts, withHash: hashes.length - (counts.get(NONE) ?? 0) }
}

/** Says so where more than half of the hashes are not in the format that PASSWORD_HASH names. */
export function findForeignHashes(
  { counts, withHash }: HashCensus,
  { named }: Pick<HashReader, 'named'>,
): { readonly says: string; readonly remedy: string } | undefined {
  if (named === undefined) return undefined
  const others = withHash - (counts.get(named) ?? 0)
  if (others * 2 <= withHash) return undefined
  return {
    says: `PASSWORD_HASH=${named}, and ${others} of ${withHash} hashes are in other formats (${listCounts(counts)}): if the application reads ${named} no more than it writes it, a reset locks the account out`,
    remedy: `set PASSWORD_HASH to the format that the application writes, or to auto, with which each row keeps its own; if the application moves to ${named}, sign in once with a password that a reset has set`,
  }
}

/** The counts in words, the most frequent format first. */
export function listCounts(counts: HashCensus['counts']): string {
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ')
}

/**
 * Looks at a sample that cannot hold up a start: at most 1,000 rows, for at most a second, and not at
 * all without a named format.
 *
 * @returns what `findForeignHashes` does; undefined also where the sample could not be read in time
 */
export async function sampleAtStart(
  db: PostgresJsDatabase,
  mapping: UsersMapping,
  reader: HashReader,
): Promise<ReturnType<typeof findForeignHashes>> {
  if (reader.named === undefined) return undefined
  try {
    return await db.transaction(async (transaction) => {
      await transaction.execute(sql.raw(`SET LOCAL statement_timeout = ${START_TIMEOUT_MS}`))
      const census = await takeCensus(transaction, mapping, reader, START_ROWS)
      return findForeignHashes(census, reader)
    })
  } catch {
    // It is only advice. The inspection reports tables that cannot be read.
    return undefined
  }
}
