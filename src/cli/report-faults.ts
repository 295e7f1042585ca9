// Says what is wrong with a configuration, all at once.

import { EXIT_CONFIG, type ExitStatus, type Terminal } from './terminal.ts'

/** @param faults each names its variable or file, and holds no value */
export function reportFaults(
  terminal: Pick<Terminal, 'err'>,
  faults: readonly string[],
): ExitStatus {
  terminal.err('This configuration does not work:')
  for (const fault of faults) terminal.err(`  ${fault}`)
  terminal.err('Every variable is explained in .env.example.')
  return EXIT_CONFIG
}
