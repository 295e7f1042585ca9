// The process that owns an embedded PostgreSQL: sets it up, and takes it down when its parent is gone.
// However the parent ends, kill -9 included, the channel between the two closes, and that is the
// one thing which this process watches.

import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { openSync } from 'node:fs'
import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { type InstalledServer, installServer } from './postgres-binaries.ts'

/** What the parent hears, once. */
export type KeeperAnswer = { port: number; password: string; logFile: string } | { error: string }

const throwAwaySettings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  shared_buffers: '64MB',
  fsync: 'off',
}

const ending = new AbortController()
process.once('disconnect', () => ending.abort())
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => ending.abort())
}
process.title = 'rekey-postgres'

let directory: string | undefined
try {
  directory = await mkdtemp(join(tmpdir(), 'rekey-postgres-'))
  await keepServer(directory, JSON.parse(process.argv[2] ?? '{}'))
} catch (error) {
  answer({ error: withAdvice(error instanceof Error ? error.message : String(error)) })
} finally {
  if (directory) await rm(directory, { recursive: true, force: true, maxRetries: 5 })
  if (process.connected) process.disconnect?.()
}

async function keepServer(directory: string, settings: Record<string, string>): Promise<void> {
  const server = await installServer(directory)
  const data = join(directory, 'data')
  const logFile = join(directory, 'server.log')
  const logFd = openSync(logFile, 'a')
  const logged = async (text: string) => (await readFile(logFile, 'utf8')).includes(text)
  const failure = async (what: string) =>
    new Error(
      `${what}:\n${(await readFile(logFile, 'utf8')).trimEnd().split('\n').slice(-8).join('\n')}`,
    )

  // Without a password every user of this machine would be the superuser of the server.
  const password = randomBytes(24).toString('base64url')
  const passwordFile = join(directory, 'password')
  await writeFile(passwordFile, password)
  // The server's user may not be us, and the directory keeps all others out.
  await chmod(passwordFile, 0o644)

  const initdbStatus = await run(server, 'initdb', directory, logFd, [
    ...['-D', data, '-U', 'postgres', `--pwfile=${passwordFile}`, '--auth=scram-sha-256'],
    // PostgreSQL's own C.UTF-8, which unlike a locale of the system is there on every machine.
    ...['--encoding=UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C'],
    ...['--no-sync', '--no-instructions'],
  ])
  if (initdbStatus !== 0) throw await failure('initdb failed')

  for (let attemptsLeft = 3; ; attemptsLeft--) {
    const port = await freePort()
    const flags = Object.entries({ ...throwAwaySettings, ...settings, port }).flatMap(
      ([name, value]) => ['-c', `${name}=${value}`],
    )
    let running = true
    const ended = run(server, 'postgres', directory, logFd, ['-D', data, ...flags]).finally(() => {
      running = false
    })
    while (running && !(await logged('ready to accept connections'))) {
      await Promise.race([ended, delay(10)])
    }
    if (running) {
      answer({ port, password, logFile })
      await ended
      return
    }
    // Somebody may have taken the port between our look and the server's.
    const portTaken = await logged('could not create any TCP/IP sockets')
    if (!portTaken || attemptsLeft === 1) throw await failure('the server ended at once')
  }
}

// Returns when the program has ended, which it is made to do when the parent is gone.
async function run(
  server: InstalledServer,
  program: 'initdb' | 'postgres',
  cwd: string,
  outputFd: number,
  args: string[],
): Promise<number | null> {
  const [file = '', ...rest] = [...server.runAs.command, join(server.bin, program), ...args]
  const child = spawn(file, rest, {
    ...server.runAs.user,
    cwd,
    env: { ...process.env, LC_ALL: 'C', TZ: 'UTC' },
    stdio: ['ignore', outputFd, outputFd],
    windowsHide: true,
  })
  const end = () => {
    child.kill('SIGINT')
    setTimeout(() => child.kill('SIGKILL'), 10_000).unref()
  }
  if (ending.signal.aborted) end()
  ending.signal.addEventListener('abort', end)
  const [status] = await once(child, 'exit')
  ending.signal.removeEventListener('abort', end)
  return status
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const address = probe.address()
  probe.close()
  await once(probe, 'close')
  return typeof address === 'object' && address ? address.port : 0
}

function answer(message: KeeperAnswer): void {
  // The parent may go at any moment, and then nobody is left to hear of it.
  if (process.connected) process.send?.(message, () => {})
}

function withAdvice(message: string): string {
  if (/unshare|effective user ID/.test(message)) {
    return `${message}\nIt runs neither as root nor as a user without a name: use one that /etc/passwd has.`
  }
  if (/ENOSPC|EDQUOT|No space left/.test(message)) {
    return `${message}\nIt needs 200 MB: free them, or set TMPDIR to a directory on another disk.`
  }
  if (/mkdtemp|EACCES|EPERM|EROFS|[Pp]ermission denied/.test(message)) {
    return `${message}\nSet TMPDIR to a directory where every user may write and run programs.`
  }
  return message
}
