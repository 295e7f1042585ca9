// Whether the accounts can be used: the database answers, and the tables are still as they are mapped.

import { describeFinding, type Finding } from '../core/finding.ts'
import { RekeyError } from '../errors.ts'

/** How often the tables are looked at again, when somebody asks. */
const INSPECT_MS = 10_000

/** What readiness is made of. */
export interface ReadinessSources {
  /** Whether the database was reached once, so that the mapping has been held against it. */
  readonly hasArrived: () => boolean
  readonly ping: () => Promise<boolean>
  /** @returns all findings. @throws when the database cannot be reached */
  readonly inspect: () => Promise<readonly Finding[]>
  /** Is told when other faults are found than before, each as a line; none when all is well again. */
  readonly onChange: (faults: readonly string[]) => void
  /** @returns unix milliseconds */
  readonly clock: () => number
}

/**
 * A table that was altered, or a right that was taken away, while the service runs: nobody waits for
 * that answer, so it is the one of the look before.
 *
 * @returns a check. It throws RekeyError `unavailable`, with a fault for each fatal finding's name
 */
export function createReadiness(sources: ReadinessSources): () => Promise<void> {
  let lookedAt = sources.clock()
  let faults: readonly Finding[] = []
  const look = async () => {
    const findings = await sources.inspect()
    const found = findings.filter(({ status }) => status === 'fault')
    const [before, after] = [faults.map(describeFinding), found.map(describeFinding)]
    faults = found
    if (after.join('\n') !== before.join('\n')) sources.onChange(after)
  }
  return async () => {
    const refuse = (reason: string) => {
      const names = [...new Set(faults.map(({ name }) => name))]
      return new RekeyError('unavailable', reason, {
        retryAfterSeconds: 5,
        faults: names.map((field) => ({ field, code: 'fault', detail: SEE_DOCTOR })),
      })
    }
    if (!sources.hasArrived() || !(await sources.ping())) {
      throw refuse('the database does not answer')
    }
    if (sources.clock() - lookedAt >= INSPECT_MS) {
      lookedAt = sources.clock()
      // Without an answer the next ping says so.
      look().catch(() => {})
    }
    if (faults.length > 0) throw refuse('the tables are no longer as they are mapped')
  }
}

const SEE_DOCTOR = 'Run `rekey doctor`: it says what is wrong and what to do.'
