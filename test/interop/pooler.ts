// A transaction pooler before the database, as hosted PostgreSQL often has one: PgBouncer.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, mkdtempSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { freePort } from '../support/free-port.ts'

export interface Pooler {
  readonly version: string
  /** The connection string through it. */
  readonly url: string
  stop(): Promise<void>
}

const INSTALL = 'apt-get install --no-install-recommends pgbouncer'
/** It refuses to run as root. */
const NOBODY = 65_534

/**
 * Starts one before a database, and waits until it listens.
 *
 * @param connections how many it has to the database, for however many clients
 * @throws Error that says what to install when it is missing
 */
export async function startPooler(databaseUrl: string, connections: number): Promise<Pooler> {
  const { hostname, port, username, password, pathname } = new URL(databaseUrl)
  const url = new URL(databaseUrl)
  url.port = String(await freePort())
  const directory = mkdtempSync(join(tmpdir(), 'rekey-pooler-'))
  const settings = join(directory, 'pgbouncer.ini')
  const target = `host=${hostname} port=${port} user=${username} password=${decodeURIComponent(password)}`
  writeFileSync(
    settings,
    `[databases]
${pathname.slice(1)} = ${target}

[pgbouncer]
pool_mode = transaction
default_pool_size = ${connections}
listen_addr = ${hostname}
listen_port = ${url.port}
unix_socket_dir =
auth_type = any
`,
    { mode: 0o600 },
  )
  const isRoot = process.getuid?.() === 0
  if (isRoot) for (const path of [directory, settings]) chownSync(path, NOBODY, NOBODY)
  const child = spawn('pgbouncer', [settings], {
    env: { ...process.env, PATH: `${process.env['PATH']}:/usr/sbin` },
    stdio: ['ignore', 'ignore', 'pipe'],
    ...(isRoot && { uid: NOBODY, gid: NOBODY }),
  })
  const ended = once(child, 'close')
  ended.catch(() => {})
  const remove = () => rm(directory, { recursive: true, force: true })
  const said: string[] = []
  for await (const line of createInterface(child.stderr)) {
    said.push(line)
    const [, version] = /process up: PgBouncer ([\d.]+)/.exec(line) ?? []
    if (!version) continue
    child.stderr.resume()
    return {
      version,
      url: url.href,
      async stop() {
        child.kill('SIGINT')
        await ended
        await remove()
      },
    }
  }
  const cause = await ended.then(
    () => new Error(said.join('\n')),
    (error: Error) => error,
  )
  await remove()
  throw new Error(`PgBouncer does not start. Is it installed? ${INSTALL}`, { cause })
}
