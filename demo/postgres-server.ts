// Starts a real PostgreSQL for the demo, the tests and the benchmarks, from binaries that npm brings.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { KeeperAnswer } from './postgres-keeper.ts'

export interface PostgresServer {
  readonly port: number
  /** The server's log, complete up to the last answer that a client has seen. */
  readonly logFile: string
  /** @returns A connection string for the superuser, on 127.0.0.1. */
  url(database?: string): string
  /** Ends the server and removes everything it stored. Further calls wait for the same end. */
  stop(): Promise<void>
}

/**
 * Starts an empty PostgreSQL on a free loopback port, in a temporary directory of its own.
 * It ends with this process at the latest, even if that is killed, and does not keep it alive.
 *
 * @param options.settings Server settings beside the defaults for throw-away data, or instead of them.
 * @throws Error that says what to do, when there are no binaries for this platform, no room or
 *   no rights in the temporary directory, or the server does not come up.
 */
export async function startPostgres(
  options: { settings?: Record<string, string> } = {},
): Promise<PostgresServer> {
  const keeper = fork(
    new URL('./postgres-keeper.ts', import.meta.url),
    [JSON.stringify(options.settings ?? {})],
    // A process group of its own, so that Ctrl-C leaves the server up until its clients are done.
    { detached: true, execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] },
  )
  const exited = once(keeper, 'exit')
  const answered = once(keeper, 'message') as Promise<[KeeperAnswer]>
  const [answer] = await Promise.race([answered, exited.then(() => [{ error: 'it was killed' }])])
  if ('error' in answer) {
    await exited
    throw new Error(`PostgreSQL did not start: ${answer.error}`)
  }

  keeper.unref()
  keeper.channel?.unref()
  return {
    port: answer.port,
    logFile: answer.logFile,
    url: (database = 'postgres') =>
      `postgres://postgres:${answer.password}@127.0.0.1:${answer.port}/${encodeURIComponent(database)}`,
    async stop() {
      keeper.ref()
      if (keeper.connected) keeper.disconnect()
      await exited
    },
  }
}
