// Writes whose answer is late or lost: what nobody waits for any more is not committed, and what may be
// is asked for until it is known.

import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type Database, openDatabase } from '../../src/accounts/database.ts'
import { createOpenWrites } from '../../src/accounts/open-writes.ts'
import { createPostgresAccounts } from '../../src/accounts/postgres-accounts.ts'
import { withDeadline } from '../../src/deadline.ts'
import type { Account, Accounts, OpenWrite } from '../../src/ports.ts'
import { createGate, type DatabaseGate } from './database-gate.ts'
import { createMappedTable, leastMapping, type MappedTable } from './mapped-table.ts'

describe('a write without an answer in time', () => {
  let table: MappedTable
  let gate: DatabaseGate
  let opened: Database
  let accounts: Accounts
  let account: Account

  beforeEach(async () => {
    table = await createMappedTable(leastMapping)
    gate = await createGate(table.database.url)
    opened = openDatabase({ url: gate.url, ca: undefined, poolMax: 2, prepare: true })
    const line: Database['line'] = (statement) => withDeadline(statement(), 500)
    accounts = createPostgresAccounts({ ...opened, line }, leastMapping, table.inspected.facts())
    await table.store({ id: 1, emailAddress: 'a@b.c', passwordHash: 'old' })
    account = (await accounts.read(['1']))[0] as Account
  })

  afterEach(async () => {
    await opened?.close()
    await gate?.shut()
    await table?.end()
  })

  const transactions = () => table.sql`
    select pid, state from pg_stat_activity
    where datname = current_database() and application_name = 'rekey'
      and state <> 'idle' and backend_xid is not null`

  test('is not committed once it gets its turn', async () => {
    await table.sql.begin(async (host) => {
      await host`select from users where id = 1 for update`
      await expect(accounts.replacePassword(account, 'new')).rejects.toMatchObject({
        code: 'unavailable',
      })
    })
    await expect.poll(transactions).toEqual([])
    expect(await accounts.read(['1'])).toEqual([account])
    expect(await accounts.replacePassword(account, 'new')).toBe(true)
  })

  test('stays open while its COMMIT may yet arrive, and is not made once it cannot', async () => {
    const held = gate.holdAtQuestion('commit')
    const outcome = (await accounts.replacePassword(account, 'new')) as OpenWrite
    await held
    expect(await outcome.ask()).toBe(undefined)
    const [lost] = await transactions()
    await table.sql`select pg_terminate_backend(${lost?.['pid']})`
    await expect.poll(transactions).toEqual([])
    expect(await outcome.ask()).toBe(false)
    expect(await accounts.read(['1'])).toEqual([account])
  })

  test('holds its row no longer than the server is told to let it', async () => {
    const rows = await opened.db.execute<{ timeout: string }>(
      `select current_setting('idle_in_transaction_session_timeout') as timeout`,
    )
    expect([...rows]).toEqual([{ timeout: '4s' }])
  })
})

describe('the outcomes of open writes', () => {
  const announced: string[] = []
  const announce = (name: string) => async () => {
    announced.push(name)
  }
  /** A write that answers as it is told to, the last answer for ever. */
  const writeOf = (...answers: (boolean | undefined | 'no answer')[]): OpenWrite => ({
    async ask() {
      const answer = answers.length > 1 ? answers.shift() : answers[0]
      if (answer === 'no answer') throw new Error(answer)
      return answer
    },
  })
  const create = (capacity = 10, onFull = () => {}) =>
    createOpenWrites({ capacity, onFull, firstPauseMs: 1 })

  beforeEach(() => {
    announced.length = 0
  })

  test('are asked for until they are known, and announced once where it was made', async () => {
    const writes = create()
    writes.follow(writeOf('no answer', undefined, 'no answer', true), announce('late'))
    writes.follow(writeOf(false), announce('never'))
    writes.follow(writeOf(true), announce('soon'))
    expect(writes.waiting()).toBe(3)
    await writes.drained()
    expect(announced.toSorted()).toEqual(['late', 'soon'])
    expect(writes.waiting()).toBe(0)
  })

  test('are known of the others where one has no answer', async () => {
    const writes = create()
    writes.follow(writeOf('no answer'), announce('never'))
    writes.follow(writeOf(true), announce('soon'))
    await expect.poll(() => announced).toEqual(['soon'])
    expect(writes.waiting()).toBe(1)
    writes.close()
    await writes.drained()
    expect(announced).toEqual(['soon'])
  })

  test('count as waiting until they are announced', async () => {
    const writes = create()
    const told = Promise.withResolvers<void>()
    const begun = Promise.withResolvers<void>()
    writes.follow(writeOf(true), () => {
      begun.resolve()
      return told.promise
    })
    await begun.promise
    expect(writes.waiting()).toBe(1)
    told.resolve()
    await writes.drained()
    expect(writes.waiting()).toBe(0)
  })

  test('are given up beyond a number, and that is said', async () => {
    let full = 0
    const writes = create(1, () => {
      full += 1
    })
    writes.follow(writeOf(true), announce('first'))
    writes.follow(writeOf(true), announce('second'))
    await writes.drained()
    expect([announced, full]).toEqual([['first'], 1])
  })

  test('are asked for no more after the end', async () => {
    const writes = create()
    writes.follow(writeOf(true), announce('too late'))
    writes.close()
    await writes.drained()
    expect(announced).toEqual([])
  })
})
