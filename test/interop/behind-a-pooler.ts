// The whole flow behind a transaction pooler, which gives a client another connection at every
// transaction: two services with more clients than there are connections.

import { verify } from '@node-rs/argon2'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { INVALID_LINK, RESET } from '../support/answers.ts'
import { confide } from '../support/discretion.ts'
import { startService, type TestService } from '../support/service.ts'
import { createSurroundings, type Surroundings } from '../support/surroundings.ts'
import { addUser, createUsers, type StoredUser } from '../support/users.ts'
import { type Pooler, startPooler } from './pooler.ts'

const ROUTE = 'reset-password'
const CONNECTIONS = 2
const ROUNDS = 5
const POSTS = 20

let surroundings: Surroundings
let pooler: Pooler
let services: readonly TestService[] = []

beforeAll(async () => {
  surroundings = await createSurroundings()
  const { sql, url } = surroundings.database
  await createUsers(sql, 'bigint', ['changed_at timestamptz', 'epoch integer'])
  await sql`create table sessions (user_id bigint not null)`
  await sql`create table resets (user_id bigint, settings text)`
  // With what a client has set, so that a pooler which mixes clients up would be seen.
  await sql.unsafe(`create function end_everything(id bigint) returns void language sql as $$
    delete from sessions where user_id = id;
    insert into resets values (id, concat_ws(' ', current_setting('TimeZone'),
      current_setting('DateStyle'), current_setting('application_name')))
  $$`)
  pooler = await startPooler(url, CONNECTIONS)
  process.stdout.write(`\nPgBouncer ${pooler.version}\n`)
  const env = {
    DATABASE_URL: pooler.url,
    DATABASE_PREPARE: 'false',
    USERS_CHANGED_AT_COLUMN: 'changed_at',
    USERS_EPOCH_COLUMN: 'epoch',
    AFTER_RESET_SQL: 'SELECT end_everything(:user_id)',
  }
  services = await Promise.all([startService(surroundings, env), startService(surroundings, env)])
})

afterAll(async () => {
  for (const service of services) expect(await service.stop()).toBe(0)
  await pooler?.stop()
  await surroundings?.end()
})

const replica = (n: number): TestService => {
  const service = services[n % services.length]
  if (!service) throw new Error('no service')
  return service
}

const rowOf = async ({ id }: StoredUser) => {
  const { sql } = surroundings.database
  const [row] = await sql`select password_hash, changed_at, epoch,
    (select count(*)::int from sessions where user_id = users.id) as sessions,
    (select array_agg(settings) from resets where user_id = users.id) as resets
    from users where id = ${id}`
  confide(row?.['password_hash'])
  return row
}

const addSignedIn = async () => {
  const user = await addUser(surroundings.database.sql)
  await surroundings.database.sql`insert into sessions values (${user.id}), (${user.id})`
  return user
}

test('a link is mailed, checked, used once, and ends the sessions', async () => {
  const user = await addSignedIn()
  const link = await replica(0).mailedLink(user.email)
  expect((await replica(1).post('check-reset-link', link)).status).toBe(200)
  const password = ' a brand new pass phrase '
  expect((await replica(0).post(ROUTE, { ...link, password })).answer).toBe(RESET)
  for (const service of services) {
    expect(await service.code(ROUTE, { ...link, password: 'another pass phrase' })).toBe(
      'link_superseded',
    )
  }
  const row = await rowOf(user)
  expect(await verify(row?.['password_hash'], password)).toBe(true)
  expect(row).toMatchObject({
    changed_at: expect.any(Date),
    epoch: 1,
    sessions: 0,
    resets: ['UTC ISO, MDY rekey'],
  })
  await surroundings.resend.waitForMail(
    ({ to, text }) => to[0] === user.email && !text?.includes('signature='),
  )
})

test(`of ${POSTS} parallel posts with ${POSTS} passwords one wins, and its password is stored`, async () => {
  for (let round = 0; round < ROUNDS; round++) {
    const user = await addSignedIn()
    const link = await replica(round).mailedLink(user.email)
    const words = Array.from({ length: POSTS }, (_, n) => `pass phrase ${n} of round ${round}`)
    const replies = await Promise.all(
      words.map((password, n) => replica(n).post(ROUTE, { ...link, password })),
    )
    const winners = words.filter((_, n) => replies[n]?.answer === RESET)
    expect(winners).toHaveLength(1)
    const losers = replies.map(({ answer }) => answer).filter((answer) => answer !== RESET)
    expect(new Set(losers)).toEqual(new Set([INVALID_LINK]))
    const row = await rowOf(user)
    expect(await verify(row?.['password_hash'], winners[0] ?? '')).toBe(true)
    expect(row).toMatchObject({ epoch: 1, sessions: 0, resets: [expect.any(String)] })
  }
  const { sql } = surroundings.database
  const [{ count } = {}] = await sql`select count(*)::int from pg_stat_activity
    where application_name = 'rekey' and datname = current_database()`
  expect(count).toBe(CONNECTIONS)
})

test('many links at once are mailed and used', async () => {
  const users = await Promise.all(Array.from({ length: POSTS }, addSignedIn))
  const links = await Promise.all(users.map(({ email }, n) => replica(n).mailedLink(email)))
  const replies = await Promise.all(
    links.map((link, n) => replica(n + 1).post(ROUTE, { ...link, password: `pass phrase ${n}` })),
  )
  expect(replies.map(({ answer }) => answer)).toEqual(users.map(() => RESET))
  for (const user of users) expect(await rowOf(user)).toMatchObject({ epoch: 1, sessions: 0 })
})

test('where AFTER_RESET_SQL fails, nothing is written and the link still works', async () => {
  const { sql } = surroundings.database
  const user = await addSignedIn()
  const link = await replica(0).mailedLink(user.email)
  const body = { ...link, password: 'a brand new pass phrase' }
  await sql`alter table resets add constraint closed check (user_id <> ${sql.unsafe(user.id)})`
  expect((await replica(0).post(ROUTE, body)).status).toBe(503)
  expect(await rowOf(user)).toMatchObject({
    password_hash: user.passwordHash,
    changed_at: null,
    epoch: null,
    sessions: 2,
    resets: null,
  })
  await sql`alter table resets drop constraint closed`
  expect((await replica(1).post(ROUTE, body)).answer).toBe(RESET)
})
