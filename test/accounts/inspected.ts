// An inspection as tests read it: facts, and what the findings say.

import type { PostgresJsDatabase } from 'drizzle-orm/postgres-js'
import { inspectTable, type TableFacts } from '../../src/accounts/inspect-table.ts'
import type { UsersMapping } from '../../src/accounts/mapping.ts'

/** What the faults and the warnings say, and what to do about all of them. */
export interface Inspected {
  readonly faults: readonly string[]
  readonly warnings: readonly string[]
  readonly remedies: readonly string[]
  /** @throws Error with the faults where there are any */
  readonly facts: () => TableFacts
}

export async function inspect(db: PostgresJsDatabase, mapping: UsersMapping): Promise<Inspected> {
  const { facts, findings } = await inspectTable(db, mapping)
  const listed = (wanted: string) =>
    findings.filter(({ status }) => status === wanted).map(({ says }) => says)
  const faults = listed('fault')
  return {
    faults,
    warnings: listed('warning'),
    remedies: findings.flatMap(({ remedy }) => remedy ?? []),
    facts: () => {
      if (!facts) throw new Error(faults.join('\n'))
      return facts
    },
  }
}
