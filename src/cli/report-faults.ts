// Says what is wrong with a configuration, all at once.

import { EXIT_CONFIG, type ExitStatus, type Terminal } from './terminal.ts'

/** @param faults each begins with the name of its variable and holds no value */
export function reportFaults(terminal: Terminal, faults: readonly string[]): ExitStatus {
  terminal.err('Rekey cannot start with this configuration:')
  for (const fault of faults) terminal.err(`  ${fault}`)
  terminal.err('Every variable is explained in .env.example.')
  return EXIT_CONFIG
}
