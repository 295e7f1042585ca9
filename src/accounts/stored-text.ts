// Writes the SQL that reads a text out of a column of JSON, of bytes or behind an expression of a view, and
// the SQL that writes it back.

import { bare } from './index-use.ts'
import { quoteName } from './mapping.ts'
import { TEXT_TYPES } from './relations.ts'

/** SQL over a row of the table that has it. */
export interface StoredText {
  readonly column: string
  readonly read: string
  /** @param value the new text, as SQL */
  readonly write: (value: string) => string
}

/** A column, then keys of a document. */
const KEYS = /^[^']*?((?: ->>? '(?:[^']|'')*')+)$/

/** @param path the keys of the document, from the outermost one on */
export function storeInDocument(column: string, type: string, path: readonly string[]): StoredText {
  const name = quoteName(column)
  const keys = path.map((key) => `'${key.replaceAll("'", "''")}'`)
  const outer = keys.slice(0, -1).map((key) => ` -> ${key}`)
  const set = (value: string) =>
    `jsonb_set(${name}::jsonb, ARRAY[${keys.join(', ')}], to_jsonb(${value}::text))`
  return {
    column,
    read: `${name}${outer.join('')} ->> ${keys.at(-1)}`,
    write: (value) => (type === 'json' ? `${set(value)}::json` : set(value)),
  }
}

export function storeAsBytes(column: string): StoredText {
  return {
    column,
    read: `convert_from(${quoteName(column)}, 'UTF8')`,
    write: (value) => `convert_to(${value}::text, 'UTF8')`,
  }
}

/**
 * Finds the column that an expression of a view shows, and how to read and write it.
 *
 * @param expression as a plan has it, without an alias
 * @param types the types of the table's columns by name
 * @returns undefined where it cannot be told how to write it
 */
export function findStored(
  expression: string,
  types: ReadonlyMap<string, string>,
): StoredText | undefined {
  const words = expression
    .replaceAll(/'(?:[^']|'')*'/g, '')
    .matchAll(/"((?:[^"]|"")*)"|\b([a-z_]\w*)\b(?!\()/g)
  const names = Array.from(
    words,
    ([, quoted, plain = '']) => quoted?.replaceAll('""', '"') ?? plain,
  )
  const [column, ...others] = new Set(names.filter((name) => types.has(name)))
  if (column === undefined || others.length > 0) return undefined
  const type = types.get(column) ?? ''
  const isPlain = bare(expression).replaceAll('"', '') === column.replaceAll('"', '')
  if (isPlain || TEXT_TYPES.includes(type)) {
    return { column, read: expression, write: (value) => value }
  }
  if (type === 'bytea') return storeAsBytes(column)
  const keys = KEYS.exec(bare(expression))?.[1]
  if (!['json', 'jsonb'].includes(type) || keys === undefined) return undefined
  const path = Array.from(keys.matchAll(/'((?:[^']|'')*)'/g), ([, key = '']) =>
    key.replaceAll("''", "'"),
  )
  return storeInDocument(column, type, path)
}
