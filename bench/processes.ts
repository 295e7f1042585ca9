// Server processes: started with an environment of their own, watched from outside, stopped.
// CPU time and memory are read from /proc, so they are NaN on any other system than Linux.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

export interface ServerProcess {
  readonly port: number
  /** Everything it has written to its standard output. */
  readonly logFile: string
  /** CPU time in user and system mode since it was started. */
  cpuMs(): number
  residentBytes(): number
  /** @throws Error when it does not end with 0: what it had accepted is lost */
  stop(): Promise<void>
}

export interface ServerOptions {
  /** The compiled file. */
  readonly file: string
  readonly logFile: string
  readonly env: Readonly<Record<string, string>>
}

// Linux gives times to programs in hundredths of a second on every architecture Node runs on.
const TICK_MS = 10
const START_TIMEOUT_MS = 20_000

/** Starts a server without waiting for it. It ends with this process at the latest. */
export function spawnServer({ file, logFile, env }: ServerOptions) {
  const logFd = openSync(logFile, 'w')
  // Nothing of the caller's environment but the path, so that no setting of theirs slips in.
  const child = spawn(process.execPath, [file], {
    env: { PATH: process.env['PATH'], NODE_ENV: 'production', ...env },
    stdio: ['ignore', logFd, 'inherit'],
  })
  closeSync(logFd)
  const exited = once(child, 'exit')
  const kill = () => child.kill('SIGKILL')
  process.once('exit', kill)
  child.once('exit', () => process.off('exit', kill))
  const { pid } = child
  return {
    cpuMs: () => cpuMsOf(pid),
    residentBytes: () => residentBytesOf(pid),
    hasEnded: () => child.exitCode !== null || child.signalCode !== null,
    async stop() {
      child.kill('SIGTERM')
      const [status] = await exited
      if (status !== 0) throw new Error(`${file} ended with ${status}: see ${logFile}`)
    },
  }
}

/** Starts a server and waits until it says where it listens. */
export async function startServer(options: ServerOptions): Promise<ServerProcess> {
  const server = spawnServer({ ...options, env: { HOST: '127.0.0.1', PORT: '0', ...options.env } })
  const { logFile } = options
  const deadline = performance.now() + START_TIMEOUT_MS
  for (;;) {
    const log = readFileSync(logFile, 'utf8')
    const port = /listen(?:s|ing) at http:\/\/127\.0\.0\.1:(\d+)/.exec(log)?.[1]
    if (port !== undefined) return { ...server, port: Number(port), logFile }
    if (server.hasEnded() || performance.now() > deadline) {
      throw new Error(`${options.file} does not listen:\n${log}`)
    }
    await delay(10)
  }
}

function cpuMsOf(pid: number | undefined): number {
  if (process.platform !== 'linux') return NaN
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The second field is the program's name in brackets and may hold anything; 14 and 15 are ours.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) * TICK_MS
}

function residentBytesOf(pid: number | undefined): number {
  if (process.platform !== 'linux') return NaN
  const status = readFileSync(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? NaN) * 1024
}
