// Writes the view, or the trigger of one, that makes a column usable which Rekey cannot use as it stands.
//
// A hash may stand within a document, or behind an expression of a view. Through a view PostgreSQL can
// read it, and an INSTEAD OF trigger of that view writes it: without one, nobody could.

import { sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { ADDRESS, findDocumentPath, HASH, type WantedText } from './document-paths.ts'
import {
  type MappingVariable,
  mappingVariables,
  quoteName,
  renderSql,
  type TableName,
  tableSql,
  type UsersMapping,
} from './mapping.ts'
import { listKeys, planStatement } from './plan.ts'
import { readColumnTypes, readRelationName } from './relations.ts'
import { findStored, type StoredText, storeAsBytes, storeInDocument } from './stored-text.ts'
import type { Columns, MappedColumns } from './table-columns.ts'

/** A table of the mapping, by what Rekey does with its columns. */
interface Use {
  readonly table: TableName
  readonly variable: MappingVariable
  readonly columns: Columns
  /** The column that tells its rows apart. */
  readonly key: string
  readonly texts: readonly Text[]
  /** Columns that are written as they are, by the variable that names each. */
  readonly written: readonly (readonly [MappingVariable, string])[]
}

interface Text {
  readonly variable: MappingVariable
  readonly column: string
  readonly wanted: WantedText
}

type UnfitText = Text & { readonly stored: StoredText }

const GRANTS = 'and run what `rekey grants` prints'
/** Long names are cut, and this leaves room for what is put behind one. */
const MOST_LETTERS = 40

/** @returns what to do about each variable whose column a view would make usable, as SQL to paste */
export async function writeViewRemedies(
  db: PostgresJsDatabase,
  mapping: UsersMapping,
  columns: MappedColumns,
): Promise<ReadonlyMap<string, string>> {
  const remedies = new Map<string, string>()
  for (const use of listUses(mapping, columns)) {
    const unfit: UnfitText[] = []
    for (const text of use.texts) {
      const stored = await findUnfit(db, use, text)
      if (stored) unfit.push({ ...text, stored })
    }
    if (unfit.length > 0) {
      const remedy = await writeView(db, use, unfit)
      for (const { variable } of unfit) remedies.set(variable, remedy)
      continue
    }
    const computed = use.written.filter(([, name]) => use.columns.get(name)?.computed === 'view')
    const remedy = computed.length > 0 ? await writeTriggerOfView(db, use) : undefined
    if (remedy !== undefined) for (const [variable] of computed) remedies.set(variable, remedy)
  }
  return remedies
}

function listUses(mapping: UsersMapping, { users, passwords }: MappedColumns): Use[] {
  const { passwordTable, emailAddress, passwordHash, changedAt, epoch } = mapping
  const address = { variable: mappingVariables.emailAddress, column: emailAddress, wanted: ADDRESS }
  const hash = { variable: mappingVariables.passwordHash, column: passwordHash, wanted: HASH }
  const named = (variable: MappingVariable, column: string | undefined) =>
    column === undefined ? [] : [[variable, column] as const]
  const writtenHash = named(hash.variable, passwordHash)
  const alongside = [
    ...named(mappingVariables.changedAt, changedAt),
    ...named(mappingVariables.epoch, epoch),
  ]
  const own = { table: mapping, variable: mappingVariables.table, columns: users, key: mapping.id }
  if (!passwordTable) {
    return [{ ...own, texts: [hash, address], written: [...writtenHash, ...alongside] }]
  }
  return [
    { ...own, texts: [address], written: alongside },
    {
      table: passwordTable,
      variable: mappingVariables.passwordTable,
      columns: passwords,
      key: passwordTable.userColumn,
      texts: [hash],
      written: writtenHash,
    },
  ]
}

async function findUnfit(
  db: PostgresJsDatabase,
  { table, columns }: Use,
  { column, wanted }: Text,
): Promise<StoredText | undefined> {
  const found = columns.get(column)
  if (!found?.selectable) return undefined
  if (found.type === 'bytea') return storeAsBytes(column)
  if (found.type !== 'json' && found.type !== 'jsonb') return undefined
  return storeInDocument(column, found.type, await findDocumentPath(db, table, column, wanted))
}

/** Writes a view of the whole table with the texts beside its columns, and what writes the hash in it. */
async function writeView(
  db: PostgresJsDatabase,
  { table, variable, key, written }: Use,
  unfit: readonly UnfitText[],
): Promise<string> {
  const { schema, table: name } = await readRelationName(db, table)
  const base = renderSql(tableSql({ schema, table: name }))
  const view = { schema, table: `${name.slice(0, MOST_LETTERS)}_for_rekey` }
  const fields = unfit.map(({ stored, wanted }) => `${stored.read} AS ${quoteName(wanted.alias)}`)
  const make = `CREATE VIEW ${renderSql(tableSql(view))} AS SELECT *, ${fields.join(', ')} FROM ${base}`
  const hash = unfit.find(({ wanted }) => wanted === HASH)
  const others = written.filter(([variable]) => variable !== hash?.variable)
  const sets = others.map(([, column]) => ({
    column,
    value: `NEW.${quoteName(column)}`,
  }))
  const trigger = hash
    ? writeTrigger(
        view,
        base,
        [
          { column: hash.stored.column, value: hash.stored.write(`NEW.${quoteName(HASH.alias)}`) },
          ...sets,
        ],
        [
          `${quoteName(key)} = OLD.${quoteName(key)}`,
          `(${hash.stored.read}) IS NOT DISTINCT FROM OLD.${quoteName(HASH.alias)}`,
        ],
      )
    : []
  const settings = [
    `${variable}=${[schema, view.table].map(spell).join('.')}`,
    ...unfit.map(({ variable, wanted }) => `${variable}=${wanted.alias}`),
  ]
  return `${[make, ...trigger].join('; ')}; -- then set ${settings.join(' and ')}, ${GRANTS}`
}

/** @returns the trigger that a view lacks; nothing where its columns are not all of one table */
async function writeTriggerOfView(
  db: PostgresJsDatabase,
  { table, key, written }: Use,
): Promise<string | undefined> {
  const follow = async (column: string) => {
    const roots = await planStatement(
      db,
      sql`SELECT ${sql.identifier(column)} FROM ${tableSql(table)}`,
    )
    const [place, ...others] = roots.flatMap(listKeys)
    return others.length > 0 ? undefined : place
  }
  const place = await follow(key)
  if (!place) return undefined
  const base = renderSql(tableSql(place.name))
  const types = await readColumnTypes(db, place.name)
  const sets: { column: string; value: string }[] = []
  const same = [`${place.expression} = OLD.${quoteName(key)}`]
  for (const [variable, column] of written) {
    const found = await follow(column)
    const stored = found?.at === place.at ? findStored(found.expression, types) : undefined
    if (!stored) return undefined
    sets.push({ column: stored.column, value: stored.write(`NEW.${quoteName(column)}`) })
    if (variable === mappingVariables.passwordHash) {
      same.push(`(${stored.read}) IS NOT DISTINCT FROM OLD.${quoteName(column)}`)
    }
  }
  const view = await readRelationName(db, table)
  return writeTrigger(view, base, sets, same).join('; ')
}

/** Like an UPDATE of a table, the trigger skips a row that is no longer as it was read. */
function writeTrigger(
  view: TableName,
  base: string,
  sets: readonly { column: string; value: string }[],
  same: readonly string[],
): string[] {
  const name = renderSql(
    tableSql({ schema: view.schema, table: `${view.table.slice(0, MOST_LETTERS + 10)}_write` }),
  )
  const assignments = sets.map(({ column, value }) => `${quoteName(column)} = ${value}`)
  const body = [
    `BEGIN UPDATE ${base} SET ${assignments.join(', ')} WHERE ${same.join(' AND ')};`,
    'IF NOT FOUND THEN RETURN NULL; END IF; RETURN NEW; END',
  ]
  return [
    `CREATE FUNCTION ${name}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $rekey$ ${body.join(' ')} $rekey$`,
    `CREATE TRIGGER rekey_write INSTEAD OF UPDATE ON ${renderSql(tableSql(view))} FOR EACH ROW EXECUTE FUNCTION ${name}()`,
  ]
}

/** A name as USERS_TABLE takes it. */
function spell(name = ''): string {
  return /^\w+$/.test(name) ? name : quoteName(name)
}
