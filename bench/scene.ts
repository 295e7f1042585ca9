// What every benchmark plays in: database, mail provider, load, compiled floors, and Rekey with its
// production defaults.

import { execFile } from 'node:child_process'
import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { generateSecret } from '../src/core/key-ring.ts'
import { compileFloors, type Floor } from './compile-floors.ts'
import { type Load, startLoad } from './load.ts'
import { type MailProvider, startMailProvider } from './mail-provider.ts'
import { type ServerOptions, type ServerProcess, startServer } from './processes.ts'
import { startUsersDatabase, type UsersDatabase } from './users.ts'

export interface Scene {
  readonly isQuick: boolean
  readonly database: UsersDatabase
  readonly mailProvider: MailProvider
  readonly load: Load
  readonly secret: string
  floor(floor: Floor): ServerOptions
  rekey(): ServerOptions
  /** Starts a server that ends with the scene at the latest. */
  start(options: ServerOptions): Promise<ServerProcess>
  stop(): Promise<void>
}

/** The audience of the links. */
export const RESET_PAGE_ORIGIN = 'https://app.bench.example'

const REKEY = fileURLToPath(new URL('../dist/main.js', import.meta.url))

export async function setScene(isQuick: boolean): Promise<Scene> {
  const directory = await mkdtemp(join(tmpdir(), 'rekey-bench-'))
  const removeDirectory = () => rmSync(directory, { recursive: true, force: true })
  // However this process ends.
  process.once('exit', removeDirectory)
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

  const undo: (() => Promise<unknown>)[] = []
  const stop = async () => {
    for (const step of undo.splice(0).reverse()) await step()
  }
  try {
    const floors = await compileFloors(directory)
    const database = await startUsersDatabase(migrate)
    undo.push(() => database.stop())
    const mailProvider = await startMailProvider()
    undo.push(() => mailProvider.stop())
    const load = startLoad()
    undo.push(() => load.stop())
    const secret = generateSecret()
    let started = 0
    const options = (file: string, env: Readonly<Record<string, string>>): ServerOptions => {
      started += 1
      return { file, env, logFile: join(directory, `${started}.log`) }
    }
    return {
      isQuick,
      database,
      mailProvider,
      load,
      secret,
      floor: (floor) => options(floors[floor], { DATABASE_URL: database.url }),
      rekey: () =>
        options(REKEY, {
          DATABASE_URL: database.url,
          LINK_SECRETS: secret,
          RESET_PAGE_URL: `${RESET_PAGE_ORIGIN}/reset`,
          MAIL_FROM: 'Bench <no-reply@bench.example>',
          RESEND_API_KEY: 're_bench',
          RESEND_BASE_URL: mailProvider.url,
          // On, and out of the way: all requests come from one address.
          RATE_LIMIT_REQUESTS: '999999/1s',
          RATE_LIMIT_CONFIRMS: '999999/1s',
        }),
      async start(serverOptions) {
        const server = await startServer(serverOptions)
        let stopped: Promise<void> | undefined
        const stopOnce = () => {
          stopped ??= server.stop()
          return stopped
        }
        // What is still up by then belongs to a benchmark that has failed already.
        undo.push(() => stopOnce().catch(() => {}))
        return { ...server, stop: stopOnce }
      },
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

async function migrate(url: string): Promise<void> {
  await promisify(execFile)(process.execPath, [REKEY, 'migrate'], {
    env: { PATH: process.env['PATH'], DATABASE_URL: url },
  })
}
