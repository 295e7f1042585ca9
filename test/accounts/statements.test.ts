// What the database gets to hear: which statements, which columns, and whether an index serves them.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { openDatabase } from '../../src/accounts/database.ts'
import { createPostgresAccounts } from '../../src/accounts/postgres-accounts.ts'
import type { Account, Accounts } from '../../src/ports.ts'
import { createMappedTable, type MappedTable, plainMapping } from './mapped-table.ts'

const USERS = 20_000

let table: MappedTable
let accounts: Accounts
let close: () => Promise<void>

beforeAll(async () => {
  table = await createMappedTable(plainMapping, { id: 'bigint' })
  const { sql, database } = table
  const facts = table.inspected.facts()
  await sql`
    insert into users (id, email, password_hash, username)
    select n, 'User-' || n || '@example.com', '$argon2id$' || n, 'user-' || n
    from generate_series(1, ${USERS}) n`
  await sql`analyze users`
  await database.logStatements()
  const opened = openDatabase({ url: database.url, ca: undefined, poolMax: 1, prepare: true })
  accounts = createPostgresAccounts(opened, plainMapping, facts)
  close = opened.close
})

afterAll(async () => {
  await close?.()
  await table?.end()
})

/** What a piece of work makes the database hear, as one line each. */
async function statementsOf(work: () => Promise<unknown>): Promise<string[]> {
  const before = await table.database.statements()
  await work()
  const after = await table.database.statements()
  return after.slice(before.length).map((statement) => statement.replace(/\s+/g, ' ').trim())
}

const someone = async (): Promise<Account> => {
  const [account] = await accounts.read(['77'])
  if (!account) throw new Error('no such account')
  return account
}
const facts =
  '"id"::text, "email"::text, "password_hash"::text, ((active ) IS TRUE), "last_login"::text, left("full_name"::text, 256), left("locale"::text, 256), NULL, jsonb_build_array(left("username"::text, 256), left("staff_no"::text, 256))'

test('addresses are looked up in one statement, which asks for the needed columns only', async () => {
  const named = ['user-1@example.com', 'x@y.z'].map((text) => ({ kind: 'address', text }) as const)
  expect(await statementsOf(() => accounts.find(named))).toEqual([
    `select ${facts} from "users" where lower("email"::text) = ANY(ARRAY(SELECT lower(value) FROM jsonb_array_elements_text($1::jsonb))) order by "users"."id"`,
  ])
})

test('a login asks one more for each login column, until there is a match', async () => {
  const columns = async (text: string) => {
    const statements = await statementsOf(() => accounts.find([{ kind: 'login', text }]))
    return statements.map((statement) => / where (.*?) =/.exec(statement)?.[1])
  }
  const byAddress = 'lower("email"::text)'
  expect(await columns('user-9@example.com')).toEqual([byAddress])
  expect(await columns('user-9')).toEqual([byAddress, '"username"'])
  expect(await columns('nobody')).toEqual([byAddress, '"username"', '"staff_no"'])
})

test('accounts are read in one statement', async () => {
  expect(await statementsOf(() => accounts.read(['1', '2', '3']))).toEqual([
    `select ${facts} from "users" where "id" = ANY(ARRAY(SELECT value::bigint FROM jsonb_array_elements_text($1::jsonb))) order by "users"."id"`,
  ])
})

test('a password is replaced in one statement that repeats every fact, and read before the commit', async () => {
  const account = await someone()
  expect(await statementsOf(() => accounts.replacePassword(account, 'new'))).toEqual([
    'begin',
    'update "users" set "password_hash" = $1, "changed_at" = now(), "token_version" = coalesce("users"."token_version", 0) + 1 where ("users"."id" = $2::bigint and "users"."email"::text COLLATE "C" IS NOT DISTINCT FROM $3::text and "last_login"::text COLLATE "C" IS NOT DISTINCT FROM $4::text and ((active ) IS TRUE) and "users"."password_hash"::text COLLATE "C" IS NOT DISTINCT FROM $5::text)',
    'SET CONSTRAINTS ALL IMMEDIATE',
    'SELECT "password_hash"::text AS "passwordHash", pg_current_xact_id()::text AS "transactionId" FROM "users" WHERE "users"."id" = $1::bigint',
    'commit',
  ])
})

test('nothing is asked for nobody', async () => {
  expect(
    await statementsOf(async () => [await accounts.find([]), await accounts.read([])]),
  ).toEqual([])
})

test.each<[string, () => Promise<unknown>, number, string]>([
  [
    'by address',
    () => accounts.find([{ kind: 'address', text: 'user-5@example.com' }]),
    0,
    'users_lower_idx',
  ],
  ['by login', () => accounts.find([{ kind: 'login', text: 'user-5' }]), 1, 'users_username_idx'],
  ['by id', () => accounts.read(['5']), 0, 'users_pkey'],
])(
  'among 20,000 rows an index serves the look-up %s, for one and for 500',
  async (_, work, at, index) => {
    const statement = (await statementsOf(work))[at] ?? ''
    await table.sql.begin(async (connection) => {
      await connection.unsafe(`prepare looked_up as ${statement}`)
      for (const mode of ['force_custom_plan', 'force_generic_plan']) {
        await connection.unsafe(`set local plan_cache_mode = ${mode}`)
        for (const values of [['5'], [...Array(500).keys()].map(String)]) {
          const rows = await connection.unsafe(
            `explain execute looked_up('${JSON.stringify(values)}')`,
          )
          const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
          expect(plan).toContain(index)
          expect(plan).not.toContain('Seq Scan')
        }
      }
      await connection.unsafe('deallocate looked_up')
    })
  },
)

test('with prepared statements off, nothing is prepared and everything works', async () => {
  const settings = { url: table.database.url, ca: undefined, poolMax: 1, prepare: false }
  const opened = openDatabase(settings)
  const unprepared = createPostgresAccounts(opened, plainMapping, table.inspected.facts())
  const [found] = await unprepared.find([{ kind: 'login', text: 'user-6' }])
  expect(found).toHaveLength(1)
  const account = found?.[0]
  expect(account && (await unprepared.replacePassword(account, 'new'))).toBe(true)
  const [prepared] = await opened.db.execute<{ count: string }>(
    'select count(*) from pg_prepared_statements',
  )
  expect(prepared?.count).toBe('0')
  await opened.close()
})
