// A host application with a login and sessions of its own uses Rekey in three ways. In each, whoever was
// signed in before a reset is not any more after it.

import { randomBytes } from 'node:crypto'
import { verify } from '@node-rs/argon2'
import Fastify, { type FastifyInstance } from 'fastify'
import type { Sql } from 'postgres'
import { rekey } from 'rekey'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RESET } from './support/answers.ts'
import type { Client } from './support/client.ts'
import { endProcess } from './support/rekey-process.ts'
import {
  type ServiceProcess,
  startHost,
  startServiceProcess,
  type TestService,
} from './support/service.ts'
import { createSurroundings, environmentFor, type Surroundings } from './support/surroundings.ts'
import { addUser, createUsers, type StoredUser } from './support/users.ts'

const NEW_PASSWORD = 'a brand new pass phrase'

/** How the application keeps who is signed in. */
interface Sessions {
  start(user: { id: string; epoch: number }): Promise<string>
  /** @returns whose session it is, if it still is one */
  find(token: string): Promise<string | undefined>
}

const newToken = () => randomBytes(16).toString('base64url')

/** As rows, which AFTER_RESET_SQL deletes. */
function sessionRows(sql: Sql): Sessions {
  return {
    async start({ id }) {
      const token = newToken()
      await sql`insert into sessions (token, user_id) values (${token}, ${id})`
      return token
    },
    async find(token) {
      const [row] = await sql`select user_id from sessions where token = ${token}`
      return row?.['user_id']
    },
  }
}

/** As what the reader holds, good for one epoch of the account. A MAC would be over it. */
function epochSessions(sql: Sql): Sessions {
  return {
    start: async ({ id, epoch }) => `${id}.${epoch}`,
    async find(token) {
      const [id = '', epoch = ''] = token.split('.')
      const [row] = await sql`select id from users where id = ${id} and epoch = ${Number(epoch)}`
      return row?.['id']
    },
  }
}

/** In the memory of the process, which a hook of the plugin clears. */
function sessionsInMemory(): Sessions & { endAll(id: string): void } {
  const sessions = new Map<string, string>()
  return {
    async start({ id }) {
      const token = newToken()
      sessions.set(token, id)
      return token
    },
    find: async (token) => sessions.get(token),
    endAll(id) {
      for (const [token, owner] of sessions) if (owner === id) sessions.delete(token)
    },
  }
}

function addRoutes(app: FastifyInstance, sql: Sql, sessions: Sessions): void {
  app.post<{ Body: { email: string; password: string } }>('/sign-in', async (request, reply) => {
    const { email, password } = request.body
    const [row] = await sql`select id, epoch, password_hash from users where email = ${email}`
    if (!row || !(await verify(row['password_hash'], password))) return reply.code(401).send()
    return sessions.start({ id: row['id'], epoch: row['epoch'] })
  })
  app.get('/me', async (request, reply) => {
    const id = await sessions.find(String(request.headers['x-session']))
    return id ?? reply.code(401).send()
  })
}

async function signIn(app: FastifyInstance, email: string, password: string) {
  const reply = await app.inject({ method: 'POST', url: '/sign-in', payload: { email, password } })
  const session = reply.payload
  const isIn = async () => {
    const answer = await app.inject({ url: '/me', headers: { 'x-session': session } })
    return answer.statusCode === 200
  }
  return { status: reply.statusCode, isIn }
}

let surroundings: Surroundings
let sql: Sql

beforeAll(async () => {
  surroundings = await createSurroundings()
  sql = surroundings.database.sql
  await createUsers(sql, 'uuid', ['epoch integer not null default 0'])
  await sql`create table sessions (token text primary key, user_id uuid not null)`
  // What has changed in which transaction.
  await sql.unsafe(`
    create table journal (what text, account uuid, transaction xid8 default pg_current_xact_id());
    create function note_password() returns trigger language plpgsql as $$ begin
      insert into journal values ('password', new.id);
      if new.epoch <> old.epoch then insert into journal values ('epoch', new.id); end if;
      return new;
    end $$;
    create function note_session() returns trigger language plpgsql as $$ begin
      insert into journal values ('session', old.user_id);
      return old;
    end $$;
    create trigger note after update on users for each row execute function note_password();
    create trigger note before delete on sessions for each row execute function note_session()`)
})

afterAll(() => surroundings?.end())

/** Signs in, resets the password by a mailed link, and looks who is still signed in. */
async function resetWhileSignedIn(app: FastifyInstance, client: Client, user: StoredUser) {
  const other = await addUser(sql)
  const before = await signIn(app, user.email, user.password)
  const othersSession = await signIn(app, other.email, other.password)
  expect([await before.isIn(), await othersSession.isIn()]).toEqual([true, true])

  const { url, ...link } = await client.mailedLink(user.email)
  const reset = await client.post('reset-password', { ...link, password: NEW_PASSWORD })
  expect(reset.answer).toBe(RESET)

  expect([await before.isIn(), await othersSession.isIn()]).toEqual([false, true])
  expect((await signIn(app, user.email, user.password)).status).toBe(401)
  const after = await signIn(app, user.email, NEW_PASSWORD)
  expect(await after.isIn()).toBe(true)
}

async function journalOf({ id }: StoredUser) {
  const rows = await sql`
    select transaction::text, array_agg(what order by what) as changes
    from journal where account = ${id} group by transaction`
  return rows.map(({ changes }) => changes)
}

describe('beside a container that runs AFTER_RESET_SQL', () => {
  let container: ServiceProcess
  let app: FastifyInstance

  beforeAll(async () => {
    container = await startServiceProcess(surroundings, {
      AFTER_RESET_SQL: 'DELETE FROM sessions WHERE user_id = :user_id',
    })
    app = Fastify()
    addRoutes(app, sql, sessionRows(sql))
  })

  afterAll(async () => {
    await app?.close()
    await endProcess(container)
  })

  test('sessions end with the password, in one transaction', async () => {
    const user = await addUser(sql)
    await resetWhileSignedIn(app, container, user)
    expect(await journalOf(user)).toEqual([['password', 'session']])
  })

  test('where they cannot be ended, nothing is written, and the link still works', async () => {
    const user = await addUser(sql)
    const session = await signIn(app, user.email, user.password)
    const { url, ...link } = await container.mailedLink(user.email)
    await sql.unsafe(`
      create function refuse() returns trigger language plpgsql as $$ begin raise 'no'; end $$;
      create trigger refuse before delete on sessions for each row execute function refuse()`)
    const refused = await container.post('reset-password', { ...link, password: NEW_PASSWORD })
    expect(refused.status).toBe(503)
    expect(await session.isIn()).toBe(true)
    expect((await signIn(app, user.email, user.password)).status).toBe(200)

    await sql`drop trigger refuse on sessions`
    const done = await container.post('reset-password', { ...link, password: NEW_PASSWORD })
    expect(done.status).toBe(200)
    expect(await session.isIn()).toBe(false)
  })
})

test('beside a container that increments an epoch, sessions end with the password, in one statement', async () => {
  const container = await startServiceProcess(surroundings, { USERS_EPOCH_COLUMN: 'epoch' })
  const app = Fastify()
  addRoutes(app, sql, epochSessions(sql))
  const user = await addUser(sql)
  await resetWhileSignedIn(app, container, user)
  expect(await journalOf(user)).toEqual([['epoch', 'password']])
  await app.close()
  await endProcess(container)
})

test('with Rekey as a plugin, a hook has ended the sessions before the reader hears of the reset', async () => {
  const sessions = sessionsInMemory()
  let app: FastifyInstance | undefined
  const client: TestService = await startHost(surroundings, async (logger) => {
    app = Fastify({ loggerInstance: logger })
    await app.register(rekey, {
      env: environmentFor(surroundings),
      afterReset: ({ accountId }) => sessions.endAll(accountId),
    })
    addRoutes(app, sql, sessions)
    return app
  })
  const user = await addUser(sql)
  if (app) await resetWhileSignedIn(app, client, user)
  expect(await journalOf(user)).toEqual([['password']])
  await client.stop()
})
