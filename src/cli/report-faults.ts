// Says what is wrong with a configuration, all at once.

import { messageOf } from '../errors.ts'
import { EXIT_CONFIG, type ExitStatus, type Terminal } from './terminal.ts'

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

/** @param faults each names its variable or file, and holds no value */
export function reportFaults(terminal: Terminal, faults: readonly string[]): ExitStatus {
  terminal.err('This configuration does not work:')
  for (const fault of faults) terminal.err(`  ${fault}`)
  terminal.err('Every variable is explained in .env.example.')
  return EXIT_CONFIG
}
