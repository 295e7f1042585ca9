// Runs a command of the CLI in this process, which takes a hundredth of the time of one of its own.

import { runCommand as runWords } from '../../src/cli/run-command.ts'
import type { ExitStatus, Terminal } from '../../src/cli/terminal.ts'
import type { CommandName } from '../../src/cli/usages.ts'
import { expectDiscretion } from './discretion.ts'
import type { Environment } from './rekey-process.ts'
import type { LogLine } from './service-log.ts'

export interface CommandEnd {
  readonly status: ExitStatus
  readonly output: string
  /** What it said on standard error, line by line, but for its log. */
  readonly said: readonly string[]
  readonly log: readonly LogLine[]
}

/**
 * Checks that what it says and logs holds nothing that was confided; its output may.
 *
 * @param readPassword answers where it asks for a password
 */
export async function runCommand(
  name: CommandName,
  args: readonly string[],
  env: Environment,
  readPassword: Terminal['readPassword'] = async () => undefined,
): Promise<CommandEnd> {
  let output = ''
  let errors = ''
  const status = await runWords([name, ...args], {
    env,
    out: (text) => {
      output += `${text}\n`
    },
    err: (text) => {
      errors += `${text}\n`
    },
    readPassword,
    stopSignal: () => new Promise<string>(() => {}),
  })
  return { status, output, ...readErrors(errors) }
}

/** Takes standard error apart. */
export function readErrors(errors: string): Pick<CommandEnd, 'said' | 'log'> {
  expectDiscretion(errors)
  const lines = errors.split('\n').filter(Boolean)
  const isLog = (line: string) => line.startsWith('{"level"')
  const log = lines.filter(isLog).map((line) => JSON.parse(line))
  return { said: lines.filter((line) => !isLog(line)), log }
}
