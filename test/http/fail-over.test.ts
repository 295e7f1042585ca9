// What becomes of resets when another server takes over, of those that DATABASE_URL names.

import postgres, { type Sql } from 'postgres'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type PostgresServer, startPostgres } from '../../demo/postgres-server.ts'
import { confide } from '../support/discretion.ts'
import { sealedLink } from '../support/links.ts'
import { startService, type TestService } from '../support/service.ts'
import { createSurroundings, type Surroundings } from '../support/surroundings.ts'
import { addUser, createUsers } from '../support/users.ts'

const PASSWORD = confide('of a role on two servers')

let surroundings: Surroundings
let servers: { server: PostgresServer; sql: Sql }[]
let service: TestService

beforeAll(async () => {
  surroundings = await createSurroundings()
  const started = await Promise.all([startPostgres(), startPostgres()])
  servers = started.map((server) => {
    const connection = { options: '-c default_transaction_read_only=off' }
    return { server, sql: postgres(server.url(), { max: 1, onnotice: () => {}, connection }) }
  })
  for (const { sql } of servers) {
    await createUsers(sql)
    await sql.unsafe(`create role rekey login password '${PASSWORD}'`)
    await sql`grant select, update on users to rekey`
  }
}, 60_000)

afterAll(async () => {
  await service?.stop()
  for (const { sql, server } of servers ?? []) {
    await sql.end()
    await server.stop()
  }
  await surroundings?.end()
})

/** As a server does that hands over: sessions live on, and every transaction is read-only. */
async function makeWritable(isWritable: readonly boolean[]): Promise<void> {
  for (const [index, { server, sql }] of servers.entries()) {
    const value = isWritable[index] ? 'off' : 'on'
    await sql.unsafe(`alter system set default_transaction_read_only = ${value}`)
    await sql`select pg_reload_conf()`
    const show = async () => {
      const other = postgres(server.url(), { max: 1 })
      const [row] = await other`show default_transaction_read_only`
      await other.end()
      return row?.['default_transaction_read_only']
    }
    await expect.poll(show).toBe(value)
  }
}

const urlOf = (query: string) => {
  const hosts = servers.map(({ server }) => `127.0.0.1:${server.port}`).join(',')
  return `postgres://rekey:${encodeURIComponent(PASSWORD)}@${hosts}/postgres${query}`
}

async function addReader() {
  const [first, second] = servers
  if (!first || !second) throw new Error('no servers')
  const reader = await addUser(first.sql)
  const { id, email, passwordHash } = reader
  await addUser(second.sql, { id, email, password_hash: passwordHash })
  return reader
}

async function reset() {
  const reader = await addReader()
  const link = sealedLink(reader)
  const { status } = await service.post('reset-password', {
    ...link,
    password: 'a new pass phrase',
  })
  const written: boolean[] = []
  for (const { sql } of servers) {
    const [row] = await sql`select password_hash as hash from users where id = ${reader.id}`
    written.push(row?.['hash'] !== reader.passwordHash)
  }
  return [status, ...written]
}

test('the server that can be written is used, whichever it is, and /readyz says whether there is one', async () => {
  const isReady = async () => (await service.ask('/readyz')).status
  await makeWritable([false, true])
  service = await startService(surroundings, {
    DATABASE_URL: urlOf('?target_session_attrs=read-write'),
  })
  expect(await reset()).toEqual([200, false, true])
  expect(await isReady()).toBe(200)

  await makeWritable([false, false])
  expect(await reset()).toEqual([503, false, false])
  const reply = await service.ask('/readyz')
  expect(reply.answer).toContain('503 {"read-only":')

  await makeWritable([true, false])
  await expect.poll(isReady, { timeout: 10_000 }).toBe(200)
  expect(await reset()).toEqual([200, true, false])

  // Nobody asks whether it is ready, and the first write finds out.
  await makeWritable([false, true])
  await expect.poll(async () => (await reset())[0], { timeout: 10_000 }).toBe(200)
  expect(await reset()).toEqual([200, false, true])

  await makeWritable([true, true])
  await servers[1]?.server.stop()
  await expect.poll(isReady, { timeout: 10_000 }).toBe(200)
}, 60_000)
