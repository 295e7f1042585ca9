// Gathers what is wrong with the files of a configuration.

import { messageOf } from '../errors.ts'

/** What was made, or every fault that was found instead. */
export type Attempt<T> = { readonly made: T } | { readonly faults: readonly string[] }

/** Makes something of a configuration's files. */
export function attempt<T>(make: () => T): Attempt<T> {
  try {
    return { made: make() }
  } catch (error) {
    const errors: readonly unknown[] = error instanceof AggregateError ? error.errors : [error]
    return { faults: errors.map(messageOf) }
  }
}

/** The faults of an attempt; none where something was made. */
export function faultsOf(outcome: Attempt<unknown>): readonly string[] {
  return 'faults' in outcome ? outcome.faults : []
}
