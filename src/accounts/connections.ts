// The driver's pool of connections, and a new one in its place when its connections cannot be trusted
// any more: one of them fell silent or was cut, or the server can only be read.
//
// A server that is slow is as silent as a dead connection. So a pool is replaced for silence only once a
// new connection has answered.
//
// A pool that was replaced gets no further statement. What runs on it may end, within a bound; its other
// connections are closed at once. So nothing has to be known of any single connection.

import { connect, isIPv6, type Socket } from 'node:net'
import postgres, { type Options, type Sql } from 'postgres'
import type { DatabaseHost } from '../core/database-url.ts'
import { waitWithin, withDeadline } from '../deadline.ts'
import { guardTransactions } from './guard-transactions.ts'

/** The servers of a connection string, and the one in use. Every pool of the string shares it. */
export interface Hosts {
  readonly count: number
  current(): DatabaseHost
  /** Goes on to the next server, unless another pool has done so already. */
  leave(host: DatabaseHost): void
}

/** The pool that is in use at a moment. */
export interface Pool {
  readonly client: Sql
  readonly host: DatabaseHost
  /** By the clock of `performance.now()`. */
  readonly openedAt: number
  /** How much has come on the connections that are open. */
  bytesHeard(): number
}

export interface Connections {
  /** Speaks to whichever pool is in use. */
  readonly client: Sql
  pool(): Pool
  /** Puts a new pool in the place of one that is still in use. */
  renew(pool: Pool): void
  /**
   * Does so once a connection of the new pool has answered: never where none does, and not again while
   * statements of the pool before may still run. Settles when it has, or will not.
   */
  renewIfBetter(pool: Pool): Promise<void>
  /** Gives running statements a second, then closes. */
  close(): Promise<void>
}

type Settings = Options<Record<string, never>>

/** How long a new connection may take to show that it is better than those there are. */
const PROOF_MS = 2000

/** Makes the choice of a server, which begins with the first. */
export function createHosts(hosts: readonly DatabaseHost[]): Hosts {
  let index = 0
  const current = () => hosts[index] as DatabaseHost
  return {
    count: hosts.length,
    current,
    leave(host) {
      if (host === current()) index = (index + 1) % hosts.length
    },
  }
}

/**
 * Makes a pool. It connects at the first statement.
 *
 * @param settings for the driver, without host and port
 * @param lastSeconds how long a statement may still run once its pool was replaced
 */
export function createConnections(
  settings: Settings,
  hosts: Hosts,
  lastSeconds: number,
): Connections {
  const sockets = new Map<Sql, Set<Socket>>()
  const open = (): Pool => {
    const host = hosts.current()
    const opened = new Set<Socket>()
    const client = postgres({ ...settings, ...openingOf(host, opened, settings.ssl) })
    guardTransactions(client)
    sockets.set(client, opened)
    const bytesHeard = () => [...opened].reduce((sum, { bytesRead }) => sum + bytesRead, 0)
    return { client, host, openedAt: performance.now(), bytesHeard }
  }
  const retire = async (client: Sql, seconds: number) => {
    // The driver waits for ever for an answer whose connection broke.
    await waitWithin(client.end({ timeout: seconds }), seconds * 1000)
    // The driver says goodbye and waits for the other side to hang up, which may never come.
    for (const socket of sockets.get(client) ?? []) socket.destroy()
    sockets.delete(client)
  }
  let pool = open()
  let replacedAt = Number.NEGATIVE_INFINITY
  let proving: Promise<void> | undefined
  const { options } = pool.client
  const replaceBy = (next: Pool) => {
    void retire(pool.client, lastSeconds)
    pool = next
    replacedAt = performance.now()
    // What Drizzle has told the first pool of types.
    Object.assign(pool.client.options.parsers, options.parsers)
    Object.assign(pool.client.options.serializers, options.serializers)
  }
  const prove = async () => {
    const suspect = pool
    const next = open()
    const hasAnswered = await withDeadline(next.client.unsafe('select 1'), PROOF_MS).then(
      () => true,
      () => false,
    )
    if (hasAnswered && suspect === pool) replaceBy(next)
    else void retire(next.client, 0)
  }
  return {
    client: new Proxy(pool.client, { get: (_, name) => Reflect.get(pool.client, name) }),
    pool: () => pool,
    renew(failed) {
      if (failed === pool) replaceBy(open())
    },
    async renewIfBetter(suspect) {
      const isTooEarly = performance.now() - replacedAt < lastSeconds * 1000
      if (suspect !== pool || isTooEarly) return
      proving ??= prove().finally(() => {
        proving = undefined
      })
      await proving
    },
    async close() {
      await Promise.all([...sockets.keys()].map((client) => retire(client, 1)))
    },
  }
}

function openingOf(
  { host, port }: DatabaseHost,
  opened: Set<Socket>,
  ssl: Settings['ssl'],
): Settings {
  const open = ({ host: [name = ''], port: [number = 0] }: { host: string[]; port: number[] }) => {
    const path = `${host}/.s.PGSQL.${number}`
    const socket = host?.startsWith('/') ? connect(path) : connect(number, name)
    opened.add(socket)
    socket.once('close', () => opened.delete(socket))
    // The driver tries for ever where the other side hangs up without a word, as a proxy without a server
    // behind it does.
    socket.once('end', () => {
      const error = Object.assign(new Error('hung up at once'), { code: 'HUNG_UP' })
      if (socket.bytesRead === 0) socket.destroy(error)
    })
    // The driver reads it to know whose certificate to expect.
    return Object.assign(socket, { host: name })
  }
  const name = host?.startsWith('/') ? 'localhost' : host
  // The driver takes a text apart at each colon, of which an IPv6 address is full, and a list as it is.
  const isList = name !== undefined && isIPv6(name)
  return {
    ...(name !== undefined && { host: isList ? [name] : name }),
    ...((isList || port !== undefined) && { port: isList ? [port ?? 5432] : port }),
    // For an address, the driver would check the certificate against the name localhost.
    ...(typeof ssl === 'object' && { ssl: { ...ssl, host: name } }),
    ...{ socket: open },
  } as Settings
}
