// Judges the formats of the stored hashes, and the width of their column for what would be written.

import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { type Finding, reportFault, reportOk, reportWarning } from '../../core/finding.ts'
import {
  BARE_KEY,
  findForeignHashes,
  type HashCensus,
  type HashReader,
  listCounts,
  NONE,
  takeCensus,
  UNKNOWN,
} from '../hash-census.ts'
import { mappingVariables, quoteName, type UsersMapping } from '../mapping.ts'
import { type MappedColumns, readMappedColumns, widenColumn } from '../table-columns.ts'

const NAME = 'hash-formats'
const TRY_ONE =
  'before going live, try one account whose password you know: `rekey verify <address or id>`'

/** How hashes are told apart and measured. */
export interface HashMeter extends HashReader {
  /** Characters of the hash that a reset would write in this one's format; 0 where it would not. */
  readonly measureReset: (passwordHash: string | null) => number
}

export async function checkHashes(
  db: PostgresJsDatabase,
  mapping: UsersMapping,
  meter: HashMeter,
  mostRows: number,
): Promise<Finding[]> {
  const census = await takeCensus(db, mapping, meter, mostRows)
  const longest = census.hashes.reduce((most, hash) => Math.max(most, meter.measureReset(hash)), 0)
  const columns = await readMappedColumns(db, mapping)
  const findings = [judgeFormats(census, meter)]
  if ('faults' in columns) return findings
  return [...findings, ...findHabits(columns), ...findWidthFault(columns, mapping, longest)]
}

function judgeFormats(census: HashCensus, { named }: HashReader): Finding {
  const { hashes, counts, withHash } = census
  const says = `of ${hashes.length} rows that were looked at, the hashes are: ${listCounts(counts) || NONE}`
  const foreign = findForeignHashes(census, { named })
  if (foreign) return reportFault(NAME, foreign.says, `${foreign.remedy}; ${TRY_ONE}`)
  const bare = counts.get(BARE_KEY) ?? 0
  const unknown = (counts.get(UNKNOWN) ?? 0) + bare
  if (unknown === 0) {
    return withHash > 0 ? reportOk(NAME, says, TRY_ONE) : reportOk(NAME, says)
  }
  if (named !== undefined) {
    const remedy = 'see that the application reads what PASSWORD_HASH names beside them'
    return reportOk(NAME, `${says}; the unknown ones are replaced`, `${remedy}; ${TRY_ONE}`)
  }
  const remedies = [
    ...(bare > 0
      ? [
          'if Better Auth made the bare salt:key hashes, set USERS_PRESET=better-auth or PASSWORD_HASH=better_auth_scrypt (other software writes the same shape with other parameters)',
        ]
      : []),
    'set PASSWORD_HASH to a format that the application reads too, or let the application rehash them',
  ]
  const remedy = remedies.join('; otherwise ')
  return unknown === withHash
    ? reportFault(NAME, `${says}; no password can be reset`, remedy)
    : reportWarning(
        NAME,
        `${says}; accounts with an unknown one cannot be reset`,
        `${remedy}; ${TRY_ONE}`,
      )
}

/** A salt of its own, which a hash of any known format has in itself, and the mark of Flask-Security. */
const HABITS = /^(?:.*_)?(?:salt|pepper)$|^fs_uniquifier$/i

/** Looks for columns of applications that change a password before they hash it. */
function findHabits({ users, passwords }: MappedColumns): Finding[] {
  const names = new Set([...users.keys(), ...passwords.keys()].filter((name) => HABITS.test(name)))
  return [...names].map((name) => {
    const says = `the column ${quoteName(name)} points to an application that changes a password before it hashes it, which no hash shows`
    return reportWarning('hash-input', says, TRY_ONE)
  })
}

/** Raised parameters may have a digit more than those of the row. */
function findWidthFault(
  { passwords }: MappedColumns,
  mapping: UsersMapping,
  longest: number,
): Finding[] {
  const { passwordHash, passwordTable } = mapping
  const column = passwords.get(passwordHash)
  if (!column?.width || column.width >= longest) return []
  const says = `${mappingVariables.passwordHash}: the column ${quoteName(passwordHash)} holds ${column.width} characters, a reset would write ${longest}`
  return [reportFault('hash-width', says, widenColumn(passwordTable ?? mapping, column))]
}
