// Whether the accounts can be used: the database answers and takes writes, and the tables are still as
// they are mapped.

import { describeFinding, type Finding } from '../core/finding.ts'
import { RekeyError } from '../errors.ts'
import type { Inspection, TableFacts } from './inspect-table.ts'
import type { Writability } from './probe.ts'
import { READ_ONLY } from './read-only.ts'

/** How often the tables are looked at again, when somebody asks. */
const INSPECT_MS = 10_000
/** The least time between two looks that failed statements ask for. */
const FAILURE_LOOK_MS = 1000

/** What readiness is made of. */
export interface ReadinessSources {
  /** Whether the database was reached once, so that the mapping has been held against it. */
  readonly hasArrived: () => boolean
  /** Rejects when the database gives no answer. */
  readonly probe: () => Promise<Writability>
  /** Rejects when the database gives no answer. */
  readonly inspect: () => Promise<Inspection>
  /** Called with the facts and findings of each look without a fault. */
  readonly onFit: (facts: TableFacts, findings: readonly Finding[]) => void
  /** Is told when other faults are found than before, each as a line; none when all is well again. */
  readonly onChange: (faults: readonly string[]) => void
  /** Called when the database stops taking writes, and when it takes them again. */
  readonly onWritability: (writability: Writability) => void
  /** @returns unix milliseconds */
  readonly clock: () => number
}

export interface Readiness {
  /**
   * Waits for no look at the tables: the answer is that of the look before.
   *
   * @throws RekeyError `unavailable`, with a fault for each fatal finding's name
   */
  assertReady(): Promise<void>
  /** Looks at the tables because a statement failed, and settles when that has been done. */
  lookAfterFailure(): Promise<void>
}

/** Makes it, for a service whose table may be altered, and its rights taken away, while it runs. */
export function createReadiness(sources: ReadinessSources): Readiness {
  let lookedAt = sources.clock()
  let failedAt = Number.NEGATIVE_INFINITY
  let looking: Promise<void> | undefined
  let faults: readonly Finding[] = []
  let writability: Writability = 'writable'

  const inspect = async () => {
    const { facts, findings } = await sources.inspect()
    const found = findings.filter(({ status }) => status === 'fault')
    const [before, after] = [faults.map(describeFinding), found.map(describeFinding)]
    faults = found
    if (after.join('\n') !== before.join('\n')) sources.onChange(after)
    if (facts) sources.onFit(facts, findings)
  }
  const look = () => {
    looking ??= inspect()
      // Where it has no answer, the next probe says so.
      .catch(() => {})
      .finally(() => {
        lookedAt = sources.clock()
        looking = undefined
      })
    return looking
  }
  const refuse = (reason: string, found: readonly Finding[] = faults) => {
    const names = [...new Set(found.map(({ name }) => name))]
    return new RekeyError('unavailable', reason, {
      retryAfterSeconds: 5,
      faults: names.map((field) => ({ field, code: 'fault', detail: SEE_DOCTOR })),
    })
  }

  return {
    async assertReady() {
      const answer = sources.hasArrived() ? await sources.probe().catch(() => undefined) : undefined
      if (answer === undefined) throw refuse('the database does not answer', [])
      if (answer !== writability) sources.onWritability(answer)
      writability = answer
      if (sources.clock() - lookedAt >= INSPECT_MS) void look()
      if (answer === 'read-only') throw refuse(READ_ONLY.says, [READ_ONLY, ...faults])
      if (faults.length > 0) throw refuse('the tables are no longer as they are mapped')
    },
    async lookAfterFailure() {
      if (looking === undefined && sources.clock() - failedAt < FAILURE_LOOK_MS) return
      failedAt = sources.clock()
      await look()
    },
  }
}

const SEE_DOCTOR = 'Run `rekey doctor`: it says what is wrong and what to do.'
