// Runs a command of Rekey in a process of its own.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { expectDiscretion } from './discretion.ts'
import { createLog, type ServiceLog } from './service-log.ts'

export type Environment = Readonly<Record<string, string>>

export interface RekeyProcess {
  readonly child: ChildProcess
  readonly log: ServiceLog
  /** Settles when the process is gone; what it has said is checked by then. */
  readonly ended: Promise<{ status: number | null; output: string; errors: string }>
}

/** What Node.js is told to run: the sources as they stand. */
const SOURCES = [
  '--disable-warning=ExperimentalWarning',
  fileURLToPath(new URL('../../src/main.ts', import.meta.url)),
]

/** Processes that a failed test has left behind end with the surroundings of its file. */
const running = new Set<ChildProcess>()

/**
 * Runs Rekey with exactly this environment.
 *
 * @param program What to run instead of the sources, and options of Node.js for it
 */
export function runRekey(
  args: readonly string[],
  env: Environment,
  program: readonly string[] = SOURCES,
  cwd?: string,
): RekeyProcess {
  const child = spawn(process.execPath, [...program, ...args], {
    env,
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const log = createLog()
  let rest = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) if (line.startsWith('{')) log.add(line)
  })
  running.add(child)
  const gone = once(child, 'close').finally(() => running.delete(child))
  const ended = Promise.all([text(child.stdout), text(child.stderr), gone]).then(
    ([output, errors]) => {
      // Printing what the service must not tell is what these are for.
      const isOutspoken = ['keygen', 'link', 'explain'].includes(args[0] ?? '')
      expectDiscretion(isOutspoken ? errors : output + errors)
      return { status: child.exitCode, output, errors }
    },
  )
  // Whoever cares waits for it; a process that is only killed at the end concerns nobody.
  ended.catch(() => {})
  return { child, log, ended }
}

/** Waits until a process listens. @returns where */
export async function originOf({ log, ended }: RekeyProcess): Promise<string> {
  const early = ended.then(({ status, errors }) => {
    throw new Error(`Rekey ended with ${status}: ${errors}`)
  })
  const listening = log.waitFor(({ msg }) => String(msg).startsWith('Rekey listens at '))
  const { msg } = await Promise.race([listening, early])
  return String(msg).slice('Rekey listens at '.length)
}

/** Ends a process with a signal and waits until it is gone. */
export async function endProcess(
  { child, ended }: RekeyProcess,
  signal: NodeJS.Signals = 'SIGTERM',
): ReturnType<() => RekeyProcess['ended']> {
  child.kill(signal)
  return ended
}

/** Ends those that a failed test has left behind. */
export function killProcesses(): void {
  for (const child of running) child.kill('SIGKILL')
}
