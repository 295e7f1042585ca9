// One account that takes too long to be looked up, among others that do not.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { ACCEPTED } from '../support/answers.ts'
import { linkMailsTo } from '../support/links.ts'
import { startService, type TestService } from '../support/service.ts'
import { createSurroundings, type Surroundings } from '../support/surroundings.ts'
import { addUser, createUsers, type StoredUser } from '../support/users.ts'

const ROUTE = 'send-reset-password-link'

let surroundings: Surroundings
let service: TestService

beforeAll(async () => {
  surroundings = await createSurroundings()
  const { sql, url } = surroundings.database
  await createUsers(sql, 'bigint', ['username text'])
  await sql`create index on users (username)`
  await sql.unsafe(`
    create table slow_accounts (email text);
    create function is_checked(text) returns boolean language plpgsql as $$
      begin
        if exists (select from slow_accounts where email = $1) then perform pg_sleep(60); end if;
        return true;
      end $$`)
  const name = new URL(url).pathname.slice(1)
  await sql.unsafe(`alter database ${name} set statement_timeout = '500ms'`)
  service = await startService(surroundings, {
    // With it, Rekey would set a timeout of its own, of ten seconds.
    DATABASE_PREPARE: 'false',
    USERS_ELIGIBLE_SQL: 'is_checked(email)',
    USERS_LOGIN_COLUMNS: 'username',
  })
})

afterAll(async () => {
  await service?.stop()
  await surroundings?.end()
})

const isMailed = ({ email }: StoredUser) => linkMailsTo(surroundings.resend, email).length > 0
const isDrop = ({ reason, level }: { reason?: unknown; level?: unknown }) =>
  reason === 'look_up_too_slow' && level === 40

test.each(['email', 'login'])(
  'asked for by its %s, it is dropped, and the others are mailed',
  async (field) => {
    const { sql } = surroundings.database
    const users: (StoredUser & { login: string })[] = []
    for (const name of ['a', 'b', 'slow', 'c', 'd']) {
      const login = `${name}-by-${field}`
      users.push({ ...(await addUser(sql, { username: login })), login })
    }
    const others = users.toSpliced(2, 1)
    await sql`insert into slow_accounts values (${users[2]?.email ?? ''})`
    const from = service.log.lines.length
    const bodies = users.map(({ email, login }) => (field === 'email' ? { email } : { login }))
    const replies = await Promise.all(bodies.map((body) => service.post(ROUTE, body)))
    expect(replies.map(({ answer }) => answer)).toEqual(users.map(() => ACCEPTED))
    await surroundings.resend.waitForMail(() => others.every(isMailed))
    await service.log.waitFor(isDrop, from)
    expect(users.filter(isMailed)).toEqual(others)
  },
)
