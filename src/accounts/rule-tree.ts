// Reads which privileges PostgreSQL will check from a rule as its catalogue keeps it: the text of a
// parsed statement.

/** What will be checked on one table or view. Columns are by number; 0 stands for the whole row. */
export interface TableCheck {
  /** Its oid. */
  readonly relation: string
  readonly privileges: ReadonlySet<keyof typeof BITS>
  readonly selected: readonly number[]
  readonly inserted: readonly number[]
  readonly updated: readonly number[]
}

const BITS = { INSERT: 1, SELECT: 2, UPDATE: 4, DELETE: 8 } as const
const PRIVILEGES = Object.keys(BITS) as (keyof typeof BITS)[]
/** Table, privileges as bits, and columns as bits. */
const CHECKS =
  /:relid (\d+)(?:(?!:relid )[\s\S])*?:requiredPerms (\d+) :checkAsUser \d+ :selectedCols \(b([ \d]*)\) :insertedCols \(b([ \d]*)\) :updatedCols \(b([ \d]*)\)/g
/** What a column's number is counted from, so that those of system columns are not negative. */
const FIRST_COLUMN = -7

/**
 * @param ruleTable oid of the table that the rule belongs to, of which each rule speaks
 * @returns the checks on other tables; undefined where the text has a form that is not known here
 */
export function readTableChecks(tree: string, ruleTable: string): TableCheck[] | undefined {
  const checks = [...tree.matchAll(CHECKS)].map(([, relation = '', bits, ...columns]) => {
    const [selected = [], inserted = [], updated = []] = columns.map(readNumbers)
    const asked = Number(bits)
    const privileges = new Set(PRIVILEGES.filter((privilege) => asked & BITS[privilege]))
    return { relation, privileges, selected, inserted, updated }
  })
  if (!checks.some(({ relation }) => relation === ruleTable)) return undefined
  return checks.filter(({ relation, privileges }) => relation !== ruleTable && privileges.size > 0)
}

function readNumbers(bits: string | undefined): number[] {
  return (bits?.match(/\d+/g) ?? []).map((bit) => Number(bit) + FIRST_COLUMN)
}
