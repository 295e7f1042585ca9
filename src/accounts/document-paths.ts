// Finds the key of a document under which its rows keep a hash or an address.

import { sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { looksLikeAddress } from '../core/email-address.ts'
import { isUsableHash } from '../core/usable-hash.ts'
import { type TableName, tableSql } from './mapping.ts'

/** What is looked for in a document: a value that looks like it, under a name that says so. */
export interface WantedText {
  readonly looksRight: (text: string) => boolean
  readonly name: RegExp
  /** The key, where no row says another. */
  readonly usual: string
  /** What a view calls it. */
  readonly alias: string
}

export const HASH: WantedText = {
  looksRight: (text) => isUsableHash(text) && !/[\s@]/.test(text),
  name: /pass|hash|pwd|digest/i,
  usual: 'password',
  alias: 'rekey_password_hash',
}
export const ADDRESS: WantedText = {
  looksRight: looksLikeAddress,
  name: /mail/i,
  usual: 'email',
  alias: 'rekey_email',
}

const SAMPLE_SIZE = 100

/** @returns the keys, from the outermost one on */
export async function findDocumentPath(
  db: PostgresJsDatabase,
  table: TableName,
  column: string,
  wanted: WantedText,
): Promise<readonly string[]> {
  const rows = await db.execute<{ document: unknown }>(sql`
    SELECT ${sql.identifier(column)}::jsonb AS document FROM ${tableSql(table)}
    WHERE ${sql.identifier(column)} IS NOT NULL LIMIT ${SAMPLE_SIZE}`)
  const counts = new Map<string, number>()
  for (const { document } of rows) {
    for (const { path, text } of listTexts(document, [])) {
      if (!wanted.looksRight(text) || !wanted.name.test(path.at(-1) ?? '')) continue
      const key = JSON.stringify(path)
      counts.set(key, (counts.get(key) ?? 0) + 1)
    }
  }
  const [best] = [...counts].sort(([, a], [, b]) => b - a)
  return best ? JSON.parse(best[0]) : [wanted.usual]
}

function listTexts(
  value: unknown,
  path: readonly string[],
): { path: readonly string[]; text: string }[] {
  if (typeof value === 'string') return [{ path, text: value }]
  // A trigger could not tell which element of a list it is.
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return []
  return Object.entries(value).flatMap(([key, inner]) => listTexts(inner, [...path, key]))
}
