// Whether the clock of this machine agrees with the one of the database.

import { sql } from 'drizzle-orm'
import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { type Finding, reportFault, reportOk, reportWarning } from '../../core/finding.ts'

const NAME = 'clock'
const WARNING_SECONDS = 5
/** A link from further in the future is refused. */
const FAULT_SECONDS = 60
const REMEDY = 'let both machines take their time from NTP'

/** @param now milliseconds of the unix epoch */
export async function checkClock(db: PostgresJsDatabase, now: () => number): Promise<Finding[]> {
  const before = now()
  const [row] = await db.execute<{ ms: number }>(
    sql`SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS ms`,
  )
  const after = now()
  const ahead = Math.max(before - (row?.ms ?? 0), 0)
  const behind = Math.max((row?.ms ?? 0) - after, 0)
  const seconds = Math.round(Math.max(ahead, behind) / 1000)
  const says = `this clock is ${seconds} s ${ahead > behind ? 'ahead of' : 'behind'} the database's`
  if (seconds > FAULT_SECONDS) return [reportFault(NAME, says, REMEDY)]
  if (seconds > WARNING_SECONDS) return [reportWarning(NAME, says, REMEDY)]
  return [reportOk(NAME, "this clock agrees with the database's")]
}
