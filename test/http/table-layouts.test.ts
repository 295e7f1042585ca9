// The whole flow, from the request to the new hash, on the tables that a host may have.

import { verify } from '@node-rs/argon2'
import type { Sql } from 'postgres'
import { describe, expect, test } from 'vitest'
import { ACCEPTED, UNAVAILABLE } from '../support/answers.ts'
import type { Environment } from '../support/rekey-process.ts'
import { startService } from '../support/service.ts'
import { createSurroundings } from '../support/surroundings.ts'
import { argon2id, createUsers, idTypes } from '../support/users.ts'

const email = 'Kim@Example.org'
const password = 'a brand new pass phrase'

interface Layout {
  readonly name: string
  readonly env: Environment
  /** Makes the tables with one account, whose hash is given. */
  readonly make: (sql: Sql, hash: string) => Promise<unknown>
  readonly storedHash: (sql: Sql) => Promise<{ hash: string }[]>
}

const plainHash = async (sql: Sql) =>
  sql<{ hash: string }[]>`select password_hash as hash from users`
const twoTables = `
  create table people (id uuid primary key default gen_random_uuid(), email text, changed timestamptz);
  create index on people (lower(email));
  create table credentials (person uuid, kind text, secret text);
  with person as (insert into people (email) values ('Kim@Example.org') returning id)
    insert into credentials select id, kind, case kind when 'password' then current_setting('rekey.hash') end
    from person, unnest(array['password', 'passkey']) as kind`

const layouts: readonly Layout[] = [
  ...idTypes.map(
    (idType): Layout => ({
      name: `ids of type ${idType}`,
      env: {},
      async make(sql, hash) {
        await createUsers(sql, idType)
        await sql`insert into users (email, password_hash) values (${email}, ${hash})`
      },
      storedHash: plainHash,
    }),
  ),
  {
    name: 'two tables',
    env: {
      USERS_TABLE: 'people',
      USERS_PASSWORD_TABLE: 'credentials',
      USERS_PASSWORD_USER_COLUMN: 'person',
      USERS_PASSWORD_COLUMN: 'secret',
      USERS_PASSWORD_FILTER_SQL: "kind = 'password'",
      USERS_CHANGED_AT_COLUMN: 'changed',
    },
    make: (sql, hash) =>
      sql.begin(async (transaction) => {
        await transaction`select set_config('rekey.hash', ${hash}, true)`
        await transaction.unsafe(twoTables)
      }),
    storedHash: async (sql) =>
      sql<{ hash: string }[]>`
        select secret as hash from credentials join people on person = id
        where kind = 'password' and changed is not null`,
  },
  {
    name: 'an updatable view in a schema',
    env: { USERS_TABLE: 'app."all users"', USERS_EMAIL_COLUMN: 'Mail Address' },
    async make(sql, hash) {
      await createUsers(sql, 'bigint', ['gone boolean default false'])
      await sql`insert into users (email, password_hash) values (${email}, ${hash})`
      await sql`create schema app`
      await sql`
        create view app."all users" as
        select id, email as "Mail Address", password_hash from users where not gone`
    },
    storedHash: plainHash,
  },
  {
    name: 'citext addresses and padded hashes',
    env: {},
    async make(sql, hash) {
      await sql`create extension citext`
      await sql`create table users (id char(8) primary key, email citext unique, password_hash char(120))`
      await sql`insert into users values ('kim', ${email}, ${hash})`
    },
    storedHash: plainHash,
  },
]

describe.each(layouts)('with $name', ({ env, make, storedHash }) => {
  test('a link sets the password once', async () => {
    const surroundings = await createSurroundings()
    const { sql } = surroundings.database
    await make(sql, await argon2id('forgotten'))
    const service = await startService(surroundings, env)
    const { answer } = await service.post('send-reset-password-link', {
      email: email.toUpperCase(),
    })
    expect(answer).toBe(ACCEPTED)
    const link = await service.mailedLink(email)
    expect((await service.post('check-reset-link', link)).status).toBe(200)
    expect((await service.post('reset-password', { ...link, password })).status).toBe(200)
    const [stored] = await storedHash(sql)
    expect(await verify(stored?.hash.trimEnd() ?? '', password)).toBe(true)
    expect(await service.code('reset-password', { ...link, password })).toBe('link_superseded')
    await service.stop()
    await surroundings.end()
  })
})

test('AFTER_RESET_SQL that fails leaves everything as it was, the link included', async () => {
  const surroundings = await createSurroundings()
  const { sql } = surroundings.database
  await createUsers(sql, 'bigint')
  await sql`insert into users (email, password_hash) values (${email}, ${await argon2id('forgotten')})`
  await sql`create table sessions (user_id bigint)`
  await sql`insert into sessions select id from users`
  await sql.unsafe(`
    create table maintenance (since timestamptz);
    create function end_sessions(bigint) returns void language plpgsql as $$
      begin
        delete from sessions where user_id = $1;
        if exists (select from maintenance) then raise 'not now'; end if;
      end $$`)
  const service = await startService(surroundings, {
    AFTER_RESET_SQL: 'SELECT end_sessions(:user_id)',
  })
  const link = await service.mailedLink(email)
  const before = await sql`select * from users`

  await sql`insert into maintenance values (now())`
  const refused = await service.post('reset-password', { ...link, password })
  expect([refused.answer, refused.headers['retry-after']]).toEqual([UNAVAILABLE, '5'])
  expect(await sql`select * from users`).toEqual(before)
  expect(await sql`select from sessions`).toHaveLength(1)
  await service.log.waitFor(({ cause }) => cause === 'AFTER_RESET_SQL: P0001')

  await sql`delete from maintenance`
  expect((await service.post('reset-password', { ...link, password })).status).toBe(200)
  expect(await sql`select from sessions`).toHaveLength(0)
  await service.stop()
  await surroundings.end()
})
