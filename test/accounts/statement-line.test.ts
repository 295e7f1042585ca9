// The line before the driver: no more statements than connections, and none runs that was given up.

import { expect, test } from 'vitest'
import { openDatabase } from '../../src/accounts/database.ts'
import { createPostgresAccounts } from '../../src/accounts/postgres-accounts.ts'
import { createStatementLine } from '../../src/accounts/statement-line.ts'
import { startDeadline } from '../../src/deadline.ts'
import { createMappedTable, plainMapping } from './mapped-table.ts'

test('statements begin in order, as many at once as there are connections', async () => {
  const line = createStatementLine(2, 10_000)
  const begun: number[] = []
  const answers = Array.from({ length: 4 }, () => Promise.withResolvers<void>())
  const asked = answers.map(({ promise }, number) =>
    line(() => {
      begun.push(number)
      return promise
    }),
  )
  expect(begun).toEqual([0, 1])
  answers[1]?.reject(new Error('refused'))
  await expect(asked[1]).rejects.toThrow('refused')
  expect(begun).toEqual([0, 1, 2])
  for (const { resolve } of answers) resolve()
  await Promise.all([asked[0], asked[2], asked[3]])
  expect(begun).toEqual([0, 1, 2, 3])
})

test('a statement without an answer keeps its connection until the answer comes', async () => {
  const line = createStatementLine(1, 20)
  const late = Promise.withResolvers<string>()
  await expect(line(() => late.promise)).rejects.toThrow('no answer in time')
  await expect(line(async () => 'too soon')).rejects.toThrow('no connection is free')
  late.resolve('late')
  expect(await line(async () => 'in its turn')).toBe('in its turn')
})

test('a write is not begun where the reply to it would be late', async () => {
  const table = await createMappedTable(plainMapping, { id: 'bigint' })
  const { sql, database } = table
  await sql`insert into users (id, email, password_hash) values (1, 'a@b.c', 'a')`
  const opened = openDatabase({ url: database.url, ca: undefined, poolMax: 1, prepare: true })
  const accounts = createPostgresAccounts(opened, plainMapping, table.inspected.facts())
  const [account] = await accounts.read(['1'])
  if (!account) throw new Error('no such account')
  await expect(accounts.replacePassword(account, 'new', startDeadline(100))).rejects.toMatchObject({
    code: 'unavailable',
  })
  expect(await accounts.read(['1'])).toMatchObject([{ passwordHash: 'a' }])
  expect(await accounts.replacePassword(account, 'new', startDeadline(5000))).toBe(true)
  await opened.close()
  await table.end()
})

test('a write that was given up while it waited for a connection is never made', async () => {
  const table = await createMappedTable(plainMapping, { id: 'bigint' })
  const { sql, database } = table
  const facts = table.inspected.facts()
  await sql`insert into users (id, email, password_hash) values (1, 'a@b.c', 'a'), (2, 'd@e.f', 'd')`
  const opened = openDatabase({ url: database.url, ca: undefined, poolMax: 1, prepare: true })
  const ofOne = createStatementLine(1, 10_000)
  let limitMs = 10_000
  const line: typeof ofOne = (statement) => ofOne(statement, limitMs)
  const accounts = createPostgresAccounts({ ...opened, line, read: line }, plainMapping, facts)
  const [first, second] = await accounts.read(['1', '2'])
  if (!first || !second) throw new Error('no such accounts')

  const writes = await sql.begin(async (transaction) => {
    await transaction`lock table users in share mode`
    const blocked = accounts.replacePassword(first, 'new')
    limitMs = 50
    await expect(accounts.replacePassword(second, 'new')).rejects.toMatchObject({
      code: 'unavailable',
    })
    return { blocked }
  })
  expect(await writes.blocked).toBe(true)
  expect(await accounts.read(['2'])).toMatchObject([{ passwordHash: 'd' }])
  await opened.close()
  await table.end()
})
