// One link, many hands: of any number of parallel posts exactly one wins, and no change is lost.

import { verify } from '@node-rs/argon2'
import type { Sql, TransactionSql } from 'postgres'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { INVALID_LINK } from '../support/answers.ts'
import { confide } from '../support/discretion.ts'
import { sealedLink } from '../support/links.ts'
import { endProcess } from '../support/rekey-process.ts'
import {
  type ServiceProcess,
  startService,
  startServiceProcess,
  type TestService,
} from '../support/service.ts'
import { createSurroundings, type Surroundings } from '../support/surroundings.ts'
import { addUser, argon2id, createUsers, type StoredUser } from '../support/users.ts'

const ROUNDS = 20
const POSTS = 50

let surroundings: Surroundings

beforeAll(async () => {
  surroundings = await createSurroundings()
  await createUsers(surroundings.database.sql, 'bigint', [
    'active boolean not null default true',
    'last_login timestamptz',
  ])
})

afterAll(() => surroundings?.end())

const rowOf = async ({ id }: StoredUser) => {
  const [row] = await surroundings.database.sql`select * from users where id = ${id}`
  return row
}

describe('two services side by side', () => {
  let replicas: readonly ServiceProcess[]

  beforeAll(async () => {
    replicas = await Promise.all([
      startServiceProcess(surroundings),
      startServiceProcess(surroundings),
    ])
  })

  afterAll(async () => {
    for (const replica of replicas ?? []) expect((await endProcess(replica)).status).toBe(0)
  })

  test('of 50 parallel posts with 50 passwords one wins, and its password is stored', async () => {
    for (let round = 0; round < ROUNDS; round++) {
      const user = await addUser(surroundings.database.sql)
      const link = await replicas[round % 2]?.mailedLink(user.email)
      const passwords = [...Array(POSTS)].map((_, n) => `pass phrase ${n} of round ${round}`)
      const replies = await Promise.all(
        passwords.map((password, n) =>
          replicas[n % 2]?.post('reset-password', { ...link, password }),
        ),
      )
      const winners = passwords.filter((_, n) => replies[n]?.status === 200)
      expect(winners).toHaveLength(1)
      const losers = replies.filter((reply) => reply?.status !== 200)
      expect(new Set(losers.map((reply) => reply?.answer))).toEqual(new Set([INVALID_LINK]))
      const stored = confide((await rowOf(user))?.['password_hash'])
      expect(await verify(stored, winners[0] ?? '')).toBe(true)
    }
  })

  test('a link from one works at the other', async () => {
    const user = await addUser(surroundings.database.sql)
    const link = await replicas[0]?.mailedLink(user.email)
    const body = { ...link, password: 'a brand new pass phrase' }
    expect((await replicas[1]?.post('reset-password', body))?.status).toBe(200)
    expect((await replicas[0]?.post('reset-password', body))?.status).toBe(400)
  })

  test('both mail the same link under the same key, so that it arrives once', async () => {
    const { sql } = surroundings.database
    const { resend } = surroundings
    const user = await addUser(sql)
    const sent = () => resend.requests.filter(({ rawBody }) => rawBody.includes(user.email))
    // At the end of a bucket the two would be asked in different ones.
    for (let asked = 0; ; asked += 2) {
      await Promise.all(
        replicas.map((each) => each.post('send-reset-password-link', { email: user.email })),
      )
      await resend.waitForRequest(() => sent().length === asked + 2)
      const [one, other] = sent().slice(asked)
      if (one?.rawBody !== other?.rawBody && asked === 0) continue
      expect(one?.rawBody).toBe(other?.rawBody)
      expect(one?.headers['idempotency-key']).toBe(other?.headers['idempotency-key'])
      return
    }
  })
})

describe('a row that changes between the check and the write', () => {
  let service: TestService

  beforeAll(async () => {
    service = await startService(surroundings, {
      USERS_ELIGIBLE_SQL: 'active',
      USERS_LAST_LOGIN_COLUMN: 'last_login',
    })
  })

  afterAll(() => service?.stop())

  /** Waits until a statement of the service waits for a lock. */
  const untilBlocked = async (sql: Sql) => {
    let waiting: readonly unknown[] = []
    while (waiting.length === 0) {
      waiting = await sql`
        select from pg_stat_activity where datname = current_database()
          and application_name = 'rekey' and wait_event_type = 'Lock'`
    }
  }

  test.each<[string, (sql: TransactionSql, id: string) => Promise<unknown>]>([
    ['disabled', (sql, id) => sql`update users set active = false where id = ${id}`],
    ['signed in', (sql, id) => sql`update users set last_login = now() where id = ${id}`],
    [
      'given another address',
      (sql, id) => sql`update users set email = 'x' || email where id = ${id}`,
    ],
    [
      'given another password',
      async (sql, id) => {
        const other = await argon2id('chosen in the application')
        await sql`update users set password_hash = ${other} where id = ${id}`
      },
    ],
    ['deleted', (sql, id) => sql`delete from users where id = ${id}`],
  ])('%s is not changed by the link, which is superseded', async (_, change) => {
    const { sql } = surroundings.database
    const user = await addUser(sql)
    const link = sealedLink(user, undefined, { lastLogin: null })
    const { confirmed, changed } = await sql.begin(async (lock) => {
      await lock`select from users where id = ${user.id} for update`
      const body = { ...link, password: 'a brand new pass phrase' }
      const confirming = service.code('reset-password', body)
      await untilBlocked(sql)
      await change(lock, user.id)
      const [row] = await lock`select * from users where id = ${user.id}`
      return { confirmed: () => confirming, changed: row }
    })
    expect(await confirmed()).toBe('link_superseded')
    expect(await rowOf(user)).toEqual(changed)
  })

  test('back to what it was is changed by it', async () => {
    const { sql } = surroundings.database
    const user = await addUser(sql)
    const link = sealedLink(user, undefined, { lastLogin: null })
    const confirmed = await sql.begin(async (lock) => {
      await lock`update users set active = false where id = ${user.id}`
      const body = { ...link, password: 'a brand new pass phrase' }
      const confirming = service.post('reset-password', body)
      await untilBlocked(sql)
      await lock`update users set active = true where id = ${user.id}`
      return () => confirming
    })
    expect((await confirmed()).status).toBe(200)
  })

  test('costs one hash for a burst of posts, since they take turns', async () => {
    const user = await addUser(surroundings.database.sql)
    const link = sealedLink(user, undefined, { lastLogin: null })
    const seen = service.log.lines.length
    const bodies = [...Array(30)].map((_, n) => ({ ...link, password: `pass phrase number ${n}` }))
    const replies = await Promise.all(bodies.map((body) => service.post('reset-password', body)))
    expect(replies.filter(({ status }) => status === 200)).toHaveLength(1)
    const causes = service.log.lines.slice(seen).flatMap(({ cause }) => (cause ? [cause] : []))
    expect(new Set(causes)).toEqual(new Set(['inner seal does not match: the account has changed']))
  })
})
