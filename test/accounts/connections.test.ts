// What becomes of statements when connections die in silence, are cut, or lead to a server of no use.

import { createServer } from 'node:net'
import { sql } from 'drizzle-orm'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { type Database, openDatabase } from '../../src/accounts/database.ts'
import { createDatabase, type TestDatabase } from '../support/database.ts'
import { freePort } from '../support/free-port.ts'
import { createGate, type DatabaseGate } from './database-gate.ts'

const PLACES = 10

let database: TestDatabase
let gate: DatabaseGate
let opened: Database

beforeAll(async () => {
  database = await createDatabase()
  gate = await createGate(database.url)
})

afterEach(async () => {
  gate.treatNew('well')
  gate.delayAnswers(0)
  gate.leadTo(database.url)
  await opened?.close()
})

afterAll(async () => {
  await gate?.shut()
  await database?.drop()
})

const open = (url = gate.url, poolMax = PLACES) => {
  opened = openDatabase({ url, ca: undefined, poolMax, prepare: true })
  return opened
}
const read = () => opened.read(() => opened.db.execute(sql`select pg_sleep(0.02)`))
const readOnEach = () => Promise.allSettled(Array.from({ length: PLACES }, read))
const failures = (outcomes: readonly PromiseSettledResult<unknown>[]) =>
  outcomes.filter(({ status }) => status === 'rejected').length

test.each([1, 5, PLACES])(
  '%i of ten connections that died in silence are replaced',
  {
    timeout: 40_000,
  },
  async (dead) => {
    open()
    expect(failures(await readOnEach())).toBe(0)
    gate.silence(dead)
    // Nobody can know of a connection before something is sent on it.
    expect(failures(await readOnEach())).toBe(dead)
    expect(failures(await readOnEach())).toBe(0)
  },
)

test('what others wait for in vain is not given to those who come a moment later', async () => {
  open()
  await readOnEach()
  gate.silence()
  const lost = read().catch(() => 'lost')
  await new Promise((resolve) => setTimeout(resolve, 1100))
  expect(failures(await readOnEach())).toBe(0)
  expect(await lost).toBe('lost')
}, 20_000)

test('a server that is slow keeps its connections, and all get their answers', async () => {
  open()
  await readOnEach()
  // So slow that a new connection, which takes several answers, is not made in time.
  gate.delayAnswers(1500)
  const before = gate.accepted()
  for (let round = 0; round < 3; round += 1) expect(failures(await readOnEach())).toBe(0)
  expect(gate.accepted() - before).toBeLessThan(PLACES)
}, 20_000)

test('a transaction of many slow answers does not cost others their connections', async () => {
  open()
  await readOnEach()
  gate.delayAnswers(1500)
  const long = opened.line(() =>
    opened.db.transaction(async (inside) => {
      for (let more = 3; more > 0; more -= 1) await inside.execute(sql`select 1`)
    }),
  )
  await expect(long).rejects.toThrow('no answer in time')
  expect(failures(await readOnEach())).toBe(0)
}, 20_000)

test('statements that are slow do not have connections made without end', async () => {
  open()
  await readOnEach()
  const before = gate.accepted()
  const readSlowly = () => opened.read(() => opened.db.execute(sql`select pg_sleep(1.2)`))
  for (let round = 0; round < 3; round += 1) {
    const outcomes = await Promise.allSettled(Array.from({ length: PLACES }, readSlowly))
    expect(failures(outcomes)).toBe(0)
  }
  // The pool that came in the place of the first.
  expect(gate.accepted() - before).toBeLessThan(2 * PLACES)
}, 20_000)

test('what answers never and lets nothing new be better is given up in the end', async () => {
  open()
  await readOnEach()
  gate.silence()
  gate.treatNew('silently')
  expect(failures(await readOnEach())).toBe(PLACES)
  gate.treatNew('well')
  await expect.poll(() => readOnEach().then(failures), { timeout: 8000 }).toBe(0)
}, 20_000)

test('a read whose connection was cut is tried again', async () => {
  open()
  for (let round = 0; round < 20; round += 1) {
    expect(failures(await readOnEach())).toBe(0)
    gate.cut()
  }
}, 20_000)

test('a read whose server shut down beneath it is tried again', async () => {
  open()
  await readOnEach()
  const waiting = opened.read(() => opened.db.execute(sql`select 'kill me', pg_sleep(0.5)`))
  await expect
    .poll(
      () => database.sql`
        select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and query like '%kill me%' and pid <> pg_backend_pid()`,
    )
    .toHaveLength(1)
  expect(await waiting).toHaveLength(1)
})

test('a write whose connection was cut is never tried again', async () => {
  open(gate.url, 1)
  await database.sql`create table writes (at timestamptz default now())`
  await database.logStatements()
  const write = () => opened.line(() => opened.db.execute(sql`insert into writes default values`))
  await write()
  gate.cut()
  const outcome = await write().then(
    () => 'written',
    () => 'unknown',
  )
  // The driver may have heard of the cut before, and then the write is on a new connection.
  const [row] = await database.sql`select count(*)::int as n from writes`
  expect(row?.['n']).toBe(outcome === 'written' ? 2 : 1)
})

test('connections that are refused are made again at once when they can be', async () => {
  open()
  await gate.shut()
  for (let round = 0; round < 30; round += 1) await readOnEach()
  await gate.open()
  await expect.poll(() => readOnEach().then(failures), { timeout: 2000 }).toBe(0)
}, 20_000)

test.each(['silently', 'by hanging up'] as const)(
  'a statement ends when new connections are treated %s, and the server is not flooded',
  async (how) => {
    open()
    gate.treatNew(how)
    const before = gate.accepted()
    expect(failures(await readOnEach())).toBe(PLACES)
    expect(gate.accepted() - before).toBeLessThan(5 * PLACES)
    gate.treatNew('well')
    await expect.poll(() => readOnEach().then(failures), { timeout: 5000 }).toBe(0)
  },
  20_000,
)

test('a transaction whose connection is lost ends, and so does the next statement', async () => {
  open(gate.url, 1)
  for (let round = 0; round < 3; round += 1) {
    const transaction = opened.line(() =>
      opened.db.transaction(async (inside) => {
        await inside.execute(sql`select 1`)
        gate.cut()
        await inside.execute(sql`select 2`)
      }),
    )
    await expect(transaction).rejects.toThrow()
    expect(await read()).toHaveLength(1)
  }
})

const withHosts = (ports: readonly number[], query = '') => {
  const url = new URL(database.url)
  const hosts = ports.map((port) => `127.0.0.1:${port}`).join(',')
  return `postgres://${url.username}:${url.password}@${hosts}${url.pathname}${query}`
}

test('of several servers the one that is there is used, and the next when it is gone', async () => {
  const second = await createGate(database.url)
  open(withHosts([await freePort(), gate.port, second.port]))
  expect(await read()).toHaveLength(1)
  await gate.shut()
  expect(failures(await readOnEach())).toBe(0)
  await gate.open()
  await second.shut()
  expect(failures(await readOnEach())).toBe(0)
}, 20_000)

test('of several servers none is waited for that hangs up, or that is silent', async () => {
  const silent = createServer().listen(0, '127.0.0.1')
  const rude = createServer((socket) => socket.end()).listen(0, '127.0.0.1')
  const portOf = (server: typeof silent) => (server.address() as { port: number }).port
  await expect.poll(() => silent.listening && rude.listening).toBe(true)
  open(withHosts([portOf(rude), portOf(silent), gate.port]))
  await opened.findServer()
  expect(await read()).toHaveLength(1)
  silent.close()
  rude.close()
}, 20_000)

test('the probe answers by a new connection where its own is dead', async () => {
  open()
  expect(await opened.probe()).toBe('writable')
  await readOnEach()
  gate.silence()
  expect(await opened.probe()).toBe('writable')
  // It has spoken for the others too.
  expect(failures(await readOnEach())).toBe(0)
}, 20_000)

test('the probe knows that statements have no connection, though it has one itself', async () => {
  open()
  expect(await opened.probe()).toBe('writable')
  gate.treatNew('by hanging up')
  expect(failures(await readOnEach())).toBe(PLACES)
  await expect(opened.probe()).rejects.toThrow()
  gate.treatNew('well')
  expect(await opened.probe()).toBe('writable')
}, 20_000)
