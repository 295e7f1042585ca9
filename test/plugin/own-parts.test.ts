// Parts of an application's own that throw, lie or hang cost one request or one mail, and nothing is
// written that they have not allowed.

import Fastify from 'fastify'
import { SignJWT } from 'jose'
import {
  type Account,
  type Hasher,
  type Identifier,
  type OutgoingMail,
  type RekeyOptions,
  rekey,
} from 'rekey'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ACCEPTED, CHANGED, INVALID_JWT, INVALID_LINK, UNAVAILABLE } from '../support/answers.ts'
import { confide } from '../support/discretion.ts'
import { linkMailsTo, sealedLink } from '../support/links.ts'
import { startHost, type TestService } from '../support/service.ts'
import { createSurroundings, environmentFor, type Surroundings } from '../support/surroundings.ts'
import { addUser, createUsers, hasPassword, type StoredUser } from '../support/users.ts'

const NEW_PASSWORD = 'a brand new pass phrase'
const JWT_SECRET = confide('0123456789abcdef0123456789abcdef')
const tokenEnv = { JWT_SECRET, JWT_ISSUER: 'app', JWT_AUDIENCE: 'rekey' }
const fail = () => {
  throw new Error('with something secret: rk1_0123456789012345678901234567890123456789012')
}
const failWith = (thrown: unknown) => {
  throw thrown
}

let surroundings: Surroundings

beforeAll(async () => {
  surroundings = await createSurroundings()
  await createUsers(surroundings.database.sql)
})

afterAll(() => surroundings?.end())

async function withParts(
  { env, ...parts }: Partial<RekeyOptions>,
  work: (host: TestService) => Promise<void>,
): Promise<void> {
  const { DATABASE_URL, MAIL_TRANSPORT, ...all } = environmentFor(surroundings)
  const host = await startHost(surroundings, async (logger) => {
    const app = Fastify({ loggerInstance: logger })
    await app.register(rekey, { env: { DATABASE_URL, ...all, ...env }, ...parts })
    return app
  })
  await work(host)
  await host.stop()
}

async function tokenFor({ id }: StoredUser): Promise<{ authorization: string }> {
  const token = await new SignJWT({ sub: id, iss: 'app', aud: 'rekey' })
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuedAt()
    .setExpirationTime('1m')
    .sign(Buffer.from(JWT_SECRET))
  return { authorization: `Bearer ${confide(token)}` }
}

const reset = (host: TestService, user: StoredUser) =>
  host.post('reset-password', { ...sealedLink(user), password: NEW_PASSWORD })

describe('beforeReset', () => {
  test('refuses a password in its own words, and the link stays usable', async () => {
    const user = await addUser(surroundings.database.sql)
    const asked: unknown[] = []
    let refusal: string | undefined = 'Not this one.'
    const beforeReset: RekeyOptions['beforeReset'] = async (...all) => {
      asked.push(all)
      return refusal
    }
    await withParts({ beforeReset }, async (host) => {
      const body = { ...sealedLink(user), password: NEW_PASSWORD }
      const accept = { accept: 'application/problem+json' }
      const problem = await host.post('reset-password', body, accept)
      expect(JSON.parse(problem.text)).toMatchObject({
        status: 400,
        code: 'password_rejected',
        errors: [{ field: 'password', code: 'refused', detail: 'Not this one.' }],
      })
      expect((await reset(host, user)).answer).toBe('400 {"password":["Not this one."]}')
      expect(await hasPassword(surroundings.database.sql, user.id, user.password)).toBe(true)
      refusal = undefined
      expect((await reset(host, user)).status).toBe(200)
      expect(asked[0]).toEqual([{ accountId: user.id, occasion: 'reset' }, NEW_PASSWORD])
    })
  })

  test.each([
    ['throws', fail],
    ['rejects', async () => fail()],
    ['throws a text', () => failWith('with something secret')],
    ['throws nothing', () => failWith(undefined)],
    ['says false', () => false],
    ['says nothing by an empty text', () => ''],
  ])('that %s lets nothing be written', async (_, beforeReset) => {
    const user = await addUser(surroundings.database.sql)
    await withParts({ beforeReset: beforeReset as never }, async (host) => {
      const reply = await reset(host, user)
      expect([reply.answer, reply.headers['retry-after']]).toEqual([UNAVAILABLE, '5'])
      expect(await hasPassword(surroundings.database.sql, user.id, user.password)).toBe(true)
      await host.log.waitFor(({ part }) => part === 'beforeReset')
    })
  })

  test('is not asked about forged links, nor about passwords that break a rule', async () => {
    const user = await addUser(surroundings.database.sql)
    await withParts({ beforeReset: fail }, async (host) => {
      const weak = await host.post('reset-password', { ...sealedLink(user), password: '1' })
      expect(weak.status).toBe(400)
      const { signature } = sealedLink(user, 1_000_000_000)
      const forged = { ...sealedLink(user), signature, password: NEW_PASSWORD }
      expect((await host.post('reset-password', forged)).status).toBe(400)
    })
  })
})

describe('afterReset', () => {
  test('that fails is in the log, and the reader hears of the reset all the same', async () => {
    const user = await addUser(surroundings.database.sql)
    await withParts({ afterReset: fail }, async (host) => {
      expect((await reset(host, user)).status).toBe(200)
      expect(await hasPassword(surroundings.database.sql, user.id, NEW_PASSWORD)).toBe(true)
      const line = await host.log.waitFor(({ part }) => part === 'afterReset')
      expect(line).toMatchObject({ plugin: 'rekey', err: { type: 'Error' } })
    })
  })

  test('is told of a change by the old password too', async () => {
    const user = await addUser(surroundings.database.sql)
    const told: unknown[] = []
    const afterReset = (write: unknown) => told.push(write)
    await withParts({ env: tokenEnv, afterReset }, async (host) => {
      const body = { old_password: user.password, password: NEW_PASSWORD }
      const reply = await host.post('change-password', body, await tokenFor(user))
      expect(reply.status).toBe(200)
    })
    expect(told).toEqual([{ accountId: user.id, occasion: 'change' }])
  })
})

test('hooks that hang are waited for ten seconds: nothing is written, or all is as it was written', async () => {
  const hang = () => new Promise<never>(() => {})
  const [before, after] = [
    await addUser(surroundings.database.sql),
    await addUser(surroundings.database.sql),
  ]
  await Promise.all([
    withParts({ beforeReset: hang }, async (host) => {
      expect((await reset(host, before)).answer).toBe(UNAVAILABLE)
      expect(await hasPassword(surroundings.database.sql, before.id, before.password)).toBe(true)
    }),
    withParts({ afterReset: hang }, async (host) => {
      expect((await reset(host, after)).status).toBe(200)
      expect(await hasPassword(surroundings.database.sql, after.id, NEW_PASSWORD)).toBe(true)
    }),
  ])
})

describe('limits that cannot count', () => {
  test('make no failure of a password that is changed', async () => {
    const user = await addUser(surroundings.database.sql)
    const changes = { waitFor: () => 0, count: fail }
    await withParts({ env: tokenEnv, limits: { changes } }, async (host) => {
      const body = { old_password: user.password, password: NEW_PASSWORD }
      const reply = await host.post('change-password', body, await tokenFor(user))
      expect(reply.answer).toBe(CHANGED)
      const failure = await host.log.waitFor(({ part }) => part === 'limits.changes.count')
      expect(failure['level']).toBe(50)
      await surroundings.resend.waitForMail(({ to }) => to[0] === user.email)
    })
  })

  test.each([
    ['throw', fail],
    ['give a promise', async () => 0],
    ['give one that rejects', async () => fail()],
    ['give no number', () => Number.NaN],
  ])('and %s refuse', async (_, count) => {
    const limiter = { count, waitFor: count } as never
    const env = { RATE_LIMIT_REQUESTS: '', RATE_LIMIT_CONFIRMS: '' }
    await withParts({ env, limits: { requests: limiter, confirms: limiter } }, async (host) => {
      const asked = await host.post('send-reset-password-link', { email: 'a@b.example' })
      expect(asked.answer).toBe(UNAVAILABLE)
      expect((await host.post('check-reset-link', {})).answer).toBe(UNAVAILABLE)
    })
  })
})

describe('accounts', () => {
  const account = (user: StoredUser): Account => ({
    id: user.id,
    emailAddress: user.email,
    passwordHash: user.passwordHash,
    isEligible: true,
    personal: [],
    name: undefined,
    locale: undefined,
    lastLogin: undefined,
    changedAt: undefined,
  })
  const accounts = (found: readonly unknown[], replacePassword: () => unknown = () => true) =>
    ({
      find: async () => [found],
      read: async () => found,
      replacePassword: async () => replacePassword(),
      takesIntegerIds: () => false,
    }) as never

  test('that throw show nothing to who asks for a link, and 503 to who holds one', async () => {
    const user = await addUser(surroundings.database.sql)
    const broken = { find: fail, read: fail, replacePassword: fail, takesIntegerIds: fail }
    await withParts({ accounts: broken as never }, async (host) => {
      const asked = await host.post('send-reset-password-link', { email: user.email })
      expect(asked.answer).toBe(ACCEPTED)
      await host.log.waitFor(({ part }) => part === 'accounts.find')
      expect((await reset(host, user)).answer).toBe(UNAVAILABLE)
    })
  })

  test.each([
    ['that write and fail', true],
    ['that fail and write nothing', false],
  ])('%s leave a password set and told of, or not set', async (_, writes) => {
    const { sql } = surroundings.database
    const user = await addUser(sql)
    const told: unknown[] = []
    const own = {
      find: async () => [],
      read: async () => {
        const [row] = await sql`select password_hash from users where id = ${user.id}`
        return [{ ...account(user), passwordHash: row?.['password_hash'] }]
      },
      replacePassword: async (_account: Account, password_hash: string) => {
        if (writes) await sql`update users set ${sql({ password_hash })} where id = ${user.id}`
        throw new Error('the connection is gone')
      },
      takesIntegerIds: () => false,
    }
    const afterReset = (write: unknown) => told.push(write)
    await withParts({ accounts: own, afterReset }, async (host) => {
      expect((await reset(host, user)).answer).toBe(UNAVAILABLE)
      expect(await hasPassword(sql, user.id, NEW_PASSWORD)).toBe(writes)
      await host.stop()
      const completed = host.log.lines.filter(({ event }) => event === 'password_reset.completed')
      expect([completed.length, told.length]).toEqual(writes ? [1, 1] : [0, 0])
      const notices = surroundings.resend.mails.filter(({ to }) => to[0] === user.email)
      expect(notices).toHaveLength(writes ? 1 : 0)
    })
  })

  test('that are none, or not the one asked for, are left out', async () => {
    const [user, other] = [
      await addUser(surroundings.database.sql),
      await addUser(surroundings.database.sql),
    ]
    const found = [{ ...account(user), isEligible: 1 }, { id: 7 }, account(other)]
    await withParts({ accounts: accounts(found) }, async (host) => {
      expect(await host.code('check-reset-link', sealedLink(user))).toBe('link_superseded')
      expect((await host.post('check-reset-link', sealedLink(other))).status).toBe(200)
    })
  })

  test.each<readonly [what: string, garbage: (user: StoredUser) => unknown]>([
    ['null', () => null],
    ['a text', () => 'nobody'],
    ['a list of nothing', () => [null, undefined]],
    ['a person without a value', (user) => [{ ...account(user), personal: [null] }]],
    ['a locale that is none', (user) => [{ ...account(user), locale: 7 }]],
    ['a name that is none', (user) => [{ ...account(user), name: {} }]],
    ['a last login that is none', (user) => [{ ...account(user), lastLogin: new Date() }]],
  ])('that find %s for one address find others all the same', async (_, garbage) => {
    const [strange, user] = [
      await addUser(surroundings.database.sql),
      await addUser(surroundings.database.sql),
    ]
    const own = {
      find: async (identifiers: readonly Identifier[]) =>
        identifiers.map(({ text }) => (text === user.email ? [account(user)] : garbage(strange))),
      read: async () => [garbage(strange), [account(user)]].flat(),
      replacePassword: async () => true,
      takesIntegerIds: () => false,
    }
    await withParts({ accounts: own as never }, async (host) => {
      await host.post('send-reset-password-link', { email: strange.email })
      const link = await host.mailedLink(user.email)
      const { url, ...body } = link
      expect((await host.post('check-reset-link', body)).status).toBe(200)
      expect(linkMailsTo(surroundings.resend, strange.email)).toEqual([])
    })
  })

  test.each([
    ['a text', '2026-01-31T12:00:00Z'],
    ['a Date', new Date()],
    ['no number', Number.NaN],
  ])('that say by %s when they changed let no token of before pass', async (_, changedAt) => {
    const user = await addUser(surroundings.database.sql)
    const found = [{ ...account(user), changedAt }]
    await withParts({ env: tokenEnv, accounts: accounts(found) }, async (host) => {
      const body = { old_password: user.password, password: NEW_PASSWORD }
      const reply = await host.post('change-password', body, await tokenFor(user))
      expect(reply.answer).toBe(INVALID_JWT)
      await host.log.waitFor(({ part }) => part === 'accounts.read')
    })
  })

  test.each([
    [false, INVALID_LINK],
    [undefined, UNAVAILABLE],
  ])('that answer a write with %s have not written', async (isReplaced, answer) => {
    const user = await addUser(surroundings.database.sql)
    await withParts({ accounts: accounts([account(user)], () => isReplaced) }, async (host) => {
      expect((await reset(host, user)).answer).toBe(answer)
    })
  })
})

test('a hasher that makes what it could not replace again writes nothing', async () => {
  const user = await addUser(surroundings.database.sql)
  const hasher: Hasher = {
    maxBytes: undefined,
    canReplace: (passwordHash) => passwordHash === user.passwordHash,
    prepare: (password) => ({ prepared: password, maxBytes: undefined }),
    hash: async () => 'gibberish',
    verify: async () => true,
  }
  await withParts({ hasher }, async (host) => {
    expect((await reset(host, user)).answer).toBe(UNAVAILABLE)
    expect(await hasPassword(surroundings.database.sql, user.id, user.password)).toBe(true)
  })
})

test('a hasher that would replace anything leaves an account without a password alone', async () => {
  const user = await addUser(surroundings.database.sql)
  const { sql } = surroundings.database
  await sql`update users set password_hash = 'locked' where id = ${user.id}`
  const hasher: Hasher = {
    maxBytes: undefined,
    canReplace: () => true,
    prepare: (password) => ({ prepared: password, maxBytes: undefined }),
    hash: async () => user.passwordHash,
    verify: async () => true,
  }
  await withParts({ hasher, env: { LOG_LEVEL: 'debug' } }, async (host) => {
    const other = await addUser(sql)
    await host.post('send-reset-password-link', { email: user.email })
    await host.mailedLink(other.email)
  })
  expect(linkMailsTo(surroundings.resend, user.email)).toEqual([])
})

test('a hasher that prepares nothing writes nothing', async () => {
  const user = await addUser(surroundings.database.sql)
  const hasher = { canReplace: () => true, prepare: () => undefined }
  await withParts({ hasher: hasher as never }, async (host) => {
    expect((await reset(host, user)).answer).toBe(UNAVAILABLE)
  })
})

test.each([
  ['nothing', undefined],
  ['another word', { status: 'done' }],
])('a transport that answers %s is asked again, and the log says so', async (_, outcome) => {
  const user = await addUser(surroundings.database.sql)
  let attempts = 0
  const transport = {
    knowsKeys: true,
    async send() {
      attempts += 1
      return attempts === 1 ? outcome : { status: 'sent' }
    },
    async close() {
      failWith('nothing to close')
    },
  }
  await withParts({ transport: transport as never }, async (host) => {
    await host.post('send-reset-password-link', { email: user.email })
    await host.log.waitFor(({ part }) => part === 'transport.send')
    await expect.poll(() => attempts, { timeout: 20_000 }).toBe(2)
  })
})

test('a transport is given the message, and one that throws is asked again with the same mail', async () => {
  const user = await addUser(surroundings.database.sql)
  const mails: OutgoingMail[] = []
  const transport: RekeyOptions['transport'] = {
    knowsKeys: false,
    async send(mail) {
      confide(mail.idempotencyKey)
      mails.push(mail)
      if (mails.length === 1) fail()
      return { status: 'sent' }
    },
    close() {},
  }
  await withParts({ transport }, async (host) => {
    await host.post('send-reset-password-link', { email: user.email })
    await expect.poll(() => mails.length, { timeout: 20_000 }).toBe(2)
    expect(mails[1]).toEqual(mails[0])
    expect(mails[0]).toMatchObject({
      to: user.email,
      accountId: user.id,
      message: { kind: 'reset-link', ttlSeconds: 3600 },
    })
  })
})

test.each([
  ['does not replace', () => false],
  ['cannot judge', fail],
])('a hasher that knows an old password of a format it %s changes nothing', async (_, judge) => {
  const user = await addUser(surroundings.database.sql)
  const hasher: Hasher = {
    maxBytes: undefined,
    canReplace: (passwordHash) => (passwordHash === user.passwordHash ? judge() : true),
    prepare: (password) => ({ prepared: password, maxBytes: undefined }),
    hash: async () => 'a hash of a new password',
    verify: async () => true,
  }
  await withParts({ hasher, env: tokenEnv }, async (host) => {
    const body = { old_password: user.password, password: '1' }
    const { answer } = await host.post('change-password', body, await tokenFor(user))
    expect(answer).toBe('400 {"old_password":["Old password is not correct"]}')
    expect((await reset(host, user)).answer).toBe('400 {"detail":"Invalid signature"}')
    expect(await hasPassword(surroundings.database.sql, user.id, user.password)).toBe(true)
  })
})
