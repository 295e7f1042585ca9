// Gathers what is wrong with the files of a configuration.

import { messageOf } from '../errors.ts'

/** Makes something of a configuration's files. @returns it, or every fault that it threw */
export function attempt<T>(
  make: () => T,
): { readonly made: T } | { readonly faults: readonly string[] } {
  try {
    return { made: make() }
  } catch (error) {
    const errors: readonly unknown[] = error instanceof AggregateError ? error.errors : [error]
    return { faults: errors.map(messageOf) }
  }
}
