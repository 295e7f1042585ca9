// Changing a password with a token of the host application and the old password, through the front door.

import { hash as hashBcrypt } from '@node-rs/bcrypt'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createGate } from '../accounts/database-gate.ts'
import {
  CHANGED,
  INVALID_JWT,
  INVALID_LINK,
  NOT_FOUND,
  NOT_SIGNED_IN,
  UNAVAILABLE,
} from '../support/answers.ts'
import { basePath, type Reply } from '../support/client.ts'
import {
  bearer,
  claimsOf,
  createKey,
  jwtVariables,
  type SigningKey,
  sign,
  startIssuer,
  type TokenIssuer,
} from '../support/jwt-issuer.ts'
import { sealedLink } from '../support/links.ts'
import type { Environment } from '../support/rekey-process.ts'
import { seconds } from '../support/seconds.ts'
import { startService, type TestService } from '../support/service.ts'
import { createSurroundings, type Surroundings } from '../support/surroundings.ts'
import {
  addUser,
  argon2id,
  createUsers,
  hasPassword,
  type StoredUser,
  storedHash,
} from '../support/users.ts'

const ROUTE = 'change-password'
const WRONG = '400 {"old_password":["Old password is not correct"]}'
const password = 'a brand new pass phrase'
const required = ['This field is required.']

let surroundings: Surroundings
let key: SigningKey
let issuer: TokenIssuer
let service: TestService

beforeAll(async () => {
  surroundings = await createSurroundings()
  await createUsers(surroundings.database.sql, 'uuid', [
    'username text',
    'active boolean default true',
    'changed_at timestamptz',
    'changed_second timestamp(0)',
  ])
  await surroundings.database.sql`create table sessions (user_id uuid, secret text)`
  key = await createKey()
  issuer = await startIssuer(key)
  service = await start({ USERS_LOGIN_COLUMNS: 'username', USERS_ELIGIBLE_SQL: 'active' })
})

afterAll(async () => {
  await service?.stop()
  await issuer?.stop()
  await surroundings?.end()
})

function start(env: Environment = {}): Promise<TestService> {
  return startService(surroundings, { JWKS_URL: issuer.url, ...jwtVariables, ...env })
}

/** Runs a test on a service of its own. */
async function withService(
  env: Environment,
  use: (own: TestService) => Promise<void>,
): Promise<void> {
  const own = await start(env)
  try {
    await use(own)
  } finally {
    await own.stop()
  }
}

const tokenFor = (user: { id: string }, changes = {}) => sign(key, claimsOf(user.id, changes))
const newUser = (columns = {}) => addUser(surroundings.database.sql, columns)

async function change(
  user: StoredUser,
  body: unknown = { old_password: user.password, password },
  on: TestService = service,
): Promise<Reply> {
  return on.post(ROUTE, body, bearer(await tokenFor(user)))
}

describe('a change', () => {
  test('sets the password once, tells the owner, and signs nobody in', async () => {
    const user = await newUser()
    const { lines } = service.log
    const from = lines.length
    const reply = await change(user)
    expect(reply.answer).toBe(CHANGED)
    for (const name of ['set-cookie', 'location', 'authorization', 'www-authenticate']) {
      expect(reply.headers).not.toHaveProperty(name)
    }
    expect(reply.headers['cache-control']).toBe('no-store')
    expect(await hasPassword(surroundings.database.sql, user.id, password)).toBe(true)
    const mail = await surroundings.resend.waitForMail(({ to }) => to[0] === user.email)
    expect(mail.subject).toBe('Your Rekey password was changed')
    const event = await service.log.waitFor((line) => line['event'] === 'password.changed', from)
    expect(event['accountId']).toBe(user.id)
    const done = await service.log.waitFor((line) => line['route'] !== undefined, from)
    expect(done).toMatchObject({ route: `${basePath}/${ROUTE}`, status: 200, accountId: user.id })
    expect((await change(user)).answer).toBe(WRONG)
    expect(await hasPassword(surroundings.database.sql, user.id, password)).toBe(true)
  })

  test('kills the links that were mailed before it', async () => {
    const user = await newUser()
    const link = sealedLink(user)
    expect((await change(user)).answer).toBe(CHANGED)
    const { answer } = await service.post('reset-password', { ...link, password })
    expect(answer).toBe(INVALID_LINK)
  })

  test('may set the old password again', async () => {
    const user = await newUser()
    const same = { old_password: user.password, password: user.password }
    expect((await change(user, same)).answer).toBe(CHANGED)
  })

  test('is reached with a slash at its end, and with any spelling of the scheme', async () => {
    const user = await newUser()
    const reply = await service.ask(`${basePath}/${ROUTE}/`, {
      method: 'POST',
      body: JSON.stringify({ old_password: user.password, password }),
      headers: {
        'content-type': 'application/json',
        authorization: `bEARER  ${await tokenFor(user)}`,
      },
    })
    expect(reply.answer).toBe(CHANGED)
  })

  test('is done once of any number at once', async () => {
    const user = await newUser()
    const replies = await Promise.all(
      [...Array(8)].map((_, index) =>
        change(user, { old_password: user.password, password: `${password} ${index}` }),
      ),
    )
    const answers = replies.map(({ answer }) => answer)
    expect(answers.filter((answer) => answer === CHANGED)).toHaveLength(1)
    expect(answers.filter((answer) => answer === WRONG)).toHaveLength(7)
  })

  test('is done once by any number of processes at once', () =>
    withService({}, async (replica) => {
      const user = await newUser()
      const replies = await Promise.all(
        [...Array(8)].map((_, index) => {
          const body = { old_password: user.password, password: `${password} ${index}` }
          return change(user, body, index % 2 === 0 ? service : replica)
        }),
      )
      const answers = replies.map(({ answer }) => answer)
      expect(answers.filter((answer) => answer === CHANGED)).toHaveLength(1)
      expect(answers.filter((answer) => answer === WRONG)).toHaveLength(7)
    }))

  test('waits for a database that is away, and blames no token for it', async () => {
    const gate = await createGate(surroundings.database.url)
    await withService({ DATABASE_URL: gate.url }, async (own) => {
      const user = await newUser()
      await gate.shut()
      const reply = await change(user, undefined, own)
      expect([reply.answer, reply.headers['retry-after']]).toEqual([UNAVAILABLE, '5'])
      await gate.open()
      expect((await change(user, undefined, own)).answer).toBe(CHANGED)
      await gate.shut()
    })
  })

  test('keeps the format of the row, whichever it is, or takes the one that is named', async () => {
    const bcrypt = '$2a$04$'
    const old = 'forgotten by nobody'
    const password_hash = (await hashBcrypt(old, 4)).replace('$2b$04$', bcrypt)
    const body = { old_password: old, password }
    const kept = await newUser({ password_hash })
    expect((await change(kept, body)).answer).toBe(CHANGED)
    expect(await storedHash(surroundings.database.sql, kept.id)).toMatch(/^\$2a\$10\$/)
    await withService({ PASSWORD_HASH: 'argon2id' }, async (own) => {
      const named = await newUser({ password_hash })
      expect((await change(named, body, own)).answer).toBe(CHANGED)
      expect(await storedHash(surroundings.database.sql, named.id)).toMatch(/^\$argon2id\$/)
    })
  })

  test.each([
    ['outlives a write of the host application in between', 1, CHANGED],
    ['is to be tried again later when the row will not hold still', 2, UNAVAILABLE],
  ])('%s', async (_, times, answer) => {
    const user = await newUser()
    const asked = Promise.withResolvers<Reply>()
    await writeInBetween(user, times, () => change(user).then(asked.resolve, asked.reject))
    const reply = await asked.promise
    expect(reply.answer).toBe(answer)
    expect(reply.headers['retry-after']).toBe(answer === CHANGED ? undefined : '1')
  })

  /** Hashes the same password anew, as a sign-in may, each time that a change waits to be written. */
  async function writeInBetween(user: StoredUser, times: number, begin: () => void): Promise<void> {
    const { sql } = surroundings.database
    const { next } = await sql.begin(async (host) => {
      await host`select from users where id = ${user.id} for update`
      const [{ at } = { at: '' }] = await host<
        { at: string }[]
      >`select clock_timestamp()::text as at`
      begin()
      await waitForLocks(['rekey'], at)
      const next = times > 1 ? writeInBetween(user, times - 1, () => {}) : undefined
      if (next) await waitForLocks(['rekey', 'postgres.js'], at)
      const password_hash = await argon2id(user.password)
      await host`update users set ${host({ password_hash })} where id = ${user.id}`
      return { next }
    })
    await next
  }

  /** Waits until transactions of these applications, and no others, that began after a time wait for a lock. */
  async function waitForLocks(names: readonly string[], after: string): Promise<void> {
    await expect
      .poll(async () => {
        const waiting = await surroundings.database.sql`
          select application_name as name from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock'
            and xact_start > ${after}::timestamptz`
        return waiting.map(({ name }) => name).toSorted()
      })
      .toEqual(names.toSorted())
  }
})

describe('the body', () => {
  test.each<[string, unknown, object]>([
    ['nothing', {}, { old_password: required, password: required }],
    [
      'other types',
      { old_password: 7, password: null },
      { old_password: ['Not a valid string.'], password: ['This field may not be null.'] },
    ],
    [
      'empty texts',
      { old_password: '', password: '' },
      {
        old_password: ['This field may not be blank.'],
        password: ['This field may not be blank.'],
      },
    ],
    [
      'an old password that no text can be',
      { old_password: 'nul\0 and \ud83d', password },
      {
        old_password: [
          'Null characters are not allowed.',
          'Surrogate characters are not allowed: U+D83D.',
        ],
      },
    ],
    [
      'two different passwords',
      { old_password: 'not the old one', password, password_confirm: 'another one' },
      { password_confirm: ["Passwords don't match"] },
    ],
    ['a list', [], { non_field_errors: ['Invalid data. Expected a dictionary.'] }],
    ['no JSON', '{', { detail: 'JSON parse error' }],
  ])('with %s is refused', async (_, body, expected) => {
    const user = await newUser()
    expect((await change(user, body)).answer).toBe(`400 ${JSON.stringify(expected)}`)
  })

  test('must confirm the password with REQUIRE_PASSWORD_CONFIRM', () =>
    withService({ REQUIRE_PASSWORD_CONFIRM: 'true' }, async (strict) => {
      const user = await newUser()
      const none = await change(user, {}, strict)
      const all = { old_password: required, password: required, password_confirm: required }
      expect(none.answer).toBe(`400 ${JSON.stringify(all)}`)
      const body = { old_password: user.password, password, password_confirm: password }
      expect((await change(user, body, strict)).answer).toBe(CHANGED)
    }))
})

describe('a refusal', () => {
  test.each<[string, string, readonly string[]]>([
    ['a common password', 'password1', ['This password is too common.']],
    [
      'one that breaks three rules',
      '12345',
      [
        'This password is too short. It must contain at least 8 characters.',
        'This password is too common.',
        'This password is entirely numeric.',
      ],
    ],
    ['the user name', 'surname-of-user', ['The password is too similar to the username.']],
  ])('of %s names every broken rule, and counts as no wrong guess', async (_, weak, texts) => {
    const user = await newUser({ username: 'surname-of-user' })
    const body = { old_password: user.password, password: weak }
    for (let times = 0; times < 12; times += 1) {
      expect((await change(user, body)).answer).toBe(`400 ${JSON.stringify({ password: texts })}`)
    }
    expect(await storedHash(surroundings.database.sql, user.id)).toBe(user.passwordHash)
    expect((await change(user)).answer).toBe(CHANGED)
  })

  test('of a wrong old password says what is wrong with the new one too', async () => {
    const user = await newUser()
    const texts = ['This password is too common.']
    const both = { old_password: ['Old password is not correct'], password: texts }
    const body = { old_password: `${user.password}!`, password: 'password1' }
    expect((await change(user, body)).answer).toBe(`400 ${JSON.stringify(both)}`)
    const headers = { ...bearer(await tokenFor(user)), accept: 'application/problem+json' }
    const problem = JSON.parse((await service.post(ROUTE, body, headers)).text)
    expect(problem.code).toBe('old_password_incorrect')
    expect(problem.errors).toEqual([
      {
        field: 'old_password',
        code: 'old_password_incorrect',
        detail: 'Old password is not correct',
      },
      { field: 'password', code: 'password_too_common', detail: texts[0] },
    ])
  })

  test.each<[string, string | null]>([
    ['no hash', null],
    ['a mark', '!'],
    ['an unknown format', '$unknown$of a host that nobody knows'],
    ['what only looks like argon2', '$argon2id$v=19$m=8,t=1,p=1$c2$aGFzaA'],
  ])('of an account that holds %s is that of a wrong password', async (_, held) => {
    const user = await newUser({ password_hash: held })
    for (const old_password of ['whatever it was', held || 'x']) {
      expect((await change(user, { old_password, password })).answer).toBe(WRONG)
    }
    expect(await storedHash(surroundings.database.sql, user.id)).toBe(held)
  })

  test('comes for half a pictograph that a hash would read as another character', async () => {
    const user = await newUser()
    await change(user, { old_password: user.password, password: 'correct horse \ufffd battery' })
    const body = { old_password: 'correct horse \ud83e battery', password }
    expect((await change(user, body)).answer).toBe(
      '400 {"old_password":["Surrogate characters are not allowed: U+D83E."]}',
    )
  })
})

describe('the order of checks is', () => {
  test('a missing token, the type of the body, the token, the body', async () => {
    const forged = { authorization: 'Bearer forged' }
    const type = { 'content-type': 'text/plain' }
    for (const body of ['{', {}, 'x'.repeat(20_000)]) {
      expect((await service.post(ROUTE, body, type)).answer).toBe(NOT_SIGNED_IN)
      expect((await service.post(ROUTE, body)).answer).toBe(NOT_SIGNED_IN)
      expect((await service.post(ROUTE, body, { ...type, ...forged })).status).toBe(415)
      expect((await service.post(ROUTE, body, forged)).answer).toBe(INVALID_JWT)
    }
  })

  test('the account before the body', async () => {
    const gone = { id: '6a0e2c0e-8f5b-4f0e-9d5c-0d5a7f0f9a11' }
    const headers = bearer(await tokenFor(gone))
    expect((await service.post(ROUTE, '{', headers)).answer).toBe(INVALID_JWT)
  })

  test('the limit of the address before the token, and a missing token before that', () =>
    withService({ RATE_LIMIT_CONFIRMS: '2/1d' }, async (limited) => {
      const user = await newUser()
      expect((await change(user, '{', limited)).status).toBe(400)
      expect((await limited.post('check-reset-link', {})).status).toBe(400)
      const throttled = [
        await change(user, '{', limited),
        await limited.post(ROUTE, {}, bearer('forged')),
        await limited.post('check-reset-link', {}),
      ]
      expect(throttled.map(({ status }) => status)).toEqual([429, 429, 429])
      expect((await limited.post(ROUTE, {})).answer).toBe(NOT_SIGNED_IN)
    }))
})

describe('wrong old passwords', () => {
  const wrong = { old_password: 'not the old one', password }

  test('are counted per account, and the eleventh try has to wait, right or wrong', async () => {
    const [user, other] = [await newUser(), await newUser()]
    for (let times = 0; times < 10; times += 1) {
      expect((await change(user, wrong)).answer).toBe(WRONG)
    }
    for (const body of [wrong, { old_password: user.password, password }, '{']) {
      const reply = await change(user, body)
      const after = Number(reply.headers['retry-after'])
      expect(after).toBeGreaterThan(890)
      expect(after).toBeLessThanOrEqual(900)
      const detail = `Request was throttled. Expected available in ${after} seconds.`
      expect(reply.answer).toBe(`429 ${JSON.stringify({ detail })}`)
    }
    expect((await change(other)).answer).toBe(CHANGED)
    const reset = await service.post('reset-password', { ...sealedLink(user), password })
    expect(reset.status).toBe(200)
  })

  test('are counted exactly when they come all at once', async () => {
    const user = await newUser()
    const replies = await Promise.all([...Array(40)].map(() => change(user, wrong)))
    const statuses = replies.map(({ status }) => status)
    expect(statuses.filter((status) => status === 400)).toHaveLength(10)
    expect(statuses.filter((status) => status === 429)).toHaveLength(30)
    expect(await storedHash(surroundings.database.sql, user.id)).toBe(user.passwordHash)
  })

  test('cannot be had by somebody without a good token, so nobody is locked out', async () => {
    const user = await newUser()
    const stranger = await createKey()
    for (let times = 0; times < 15; times += 1) {
      const forged = await sign(stranger, claimsOf(user.id), { kid: key.kid })
      expect((await service.post(ROUTE, wrong, bearer(forged))).answer).toBe(INVALID_JWT)
    }
    expect((await change(user)).answer).toBe(CHANGED)
  })
})

describe('successful changes', () => {
  /** Sets the password that there is once more: that is a change like any other, and mails a notice. */
  const repeat = (user: StoredUser) =>
    change(user, { old_password: user.password, password: user.password })

  test('are ten an hour for one account, and the eleventh has to wait', async () => {
    const [user, other] = [await newUser(), await newUser()]
    for (let times = 0; times < 10; times += 1) {
      // What is refused mails nothing, and does not count.
      expect((await change(user, { old_password: user.password, password: 'x' })).status).toBe(400)
      expect((await repeat(user)).answer).toBe(CHANGED)
    }
    for (const body of [{ old_password: user.password, password }, '{']) {
      const reply = await change(user, body)
      const after = Number(reply.headers['retry-after'])
      expect(after).toBeGreaterThan(3500)
      expect(after).toBeLessThanOrEqual(3600)
      const detail = `Request was throttled. Expected available in ${after} seconds.`
      expect(reply.answer).toBe(`429 ${JSON.stringify({ detail })}`)
    }
    expect(await hasPassword(surroundings.database.sql, user.id, user.password)).toBe(true)
    expect((await change(other)).answer).toBe(CHANGED)
  })

  test('are counted exactly when they come all at once', async () => {
    const user = await newUser()
    const replies = await Promise.all([...Array(25)].map(() => repeat(user)))
    const statuses = replies.map(({ status }) => status)
    expect(statuses.filter((status) => status === 200)).toHaveLength(10)
    expect(statuses.filter((status) => status === 429)).toHaveLength(15)
  })

  test('keep nobody from a reset, which counts as none of them', async () => {
    const user = await newUser()
    for (let times = 0; times < 10; times += 1) expect((await repeat(user)).status).toBe(200)
    expect((await repeat(user)).status).toBe(429)
    const held = await storedHash(surroundings.database.sql, user.id)
    const link = sealedLink({ ...user, passwordHash: held })
    expect((await service.post('reset-password', { ...link, password })).status).toBe(200)
    expect(await hasPassword(surroundings.database.sql, user.id, password)).toBe(true)
  })
})

describe('an account', () => {
  test.each<[string, (user: StoredUser) => Promise<unknown> | string]>([
    ['that is gone', ({ id }) => surroundings.database.sql`delete from users where id = ${id}`],
    [
      'that is disabled',
      ({ id }) => surroundings.database.sql`update users set active = false where id = ${id}`,
    ],
    ['in another spelling', ({ id }) => id.toUpperCase()],
    ['in braces', ({ id }) => `{${id}}`],
    ['with a blank', ({ id }) => `${id} `],
    ['that is no id', () => 'ada'],
    ['that no database can hold', () => 'a\u0000b'],
    ['without a letter', () => ''],
  ])('%s is refused as any bad token is', async (_, spoil) => {
    const user = await newUser()
    const spoilt = await spoil(user)
    const token = await tokenFor(typeof spoilt === 'string' ? { id: spoilt } : user)
    const reply = await service.post(
      ROUTE,
      { old_password: user.password, password },
      bearer(token),
    )
    expect(reply.answer).toBe(INVALID_JWT)
    expect(reply.headers['www-authenticate']).toBe('Bearer')
  })

  test.each<[string, unknown]>([
    ['a number', 7],
    ['a list', ['x']],
    ['nothing', null],
    ['a truth', true],
  ])('whose id is %s is none where ids are not integers', async (_, sub) => {
    const token = await sign(key, claimsOf(undefined, { sub }))
    expect((await service.post(ROUTE, {}, bearer(token))).answer).toBe(INVALID_JWT)
  })

  test('of somebody else cannot be reached with this token', async () => {
    const [user, other] = [await newUser(), await newUser()]
    const body = { old_password: other.password, password, user_id: other.id, sub: other.id }
    expect((await change(user, body)).answer).toBe(WRONG)
    expect(await storedHash(surroundings.database.sql, other.id)).toBe(other.passwordHash)
  })
})

describe('with USERS_CHANGED_AT_COLUMN', () => {
  let dated: TestService

  beforeAll(async () => {
    dated = await start({ USERS_CHANGED_AT_COLUMN: 'changed_at' })
  })

  afterAll(() => dated?.stop())

  const post = async (user: StoredUser, claims: object, old_password = user.password) =>
    (await dated.post(ROUTE, { old_password, password }, bearer(await tokenFor(user, claims))))
      .answer
  const changedAt = (user: StoredUser, ms: number) =>
    surroundings.database.sql`update users set changed_at = ${new Date(ms)} where id = ${user.id}`

  test('a token of before a reset or a change is refused, and a new one taken', async () => {
    const user = await newUser()
    const now = seconds()
    expect(await post(user, { iat: now - 10 })).toBe(CHANGED)
    expect(await post(user, { iat: now - 10 }, password)).toBe(INVALID_JWT)
    expect(await post(user, { iat: now - 1 }, password)).toBe(INVALID_JWT)
    expect(await post(user, { iat: now + 2 }, password)).toBe(CHANGED)
  })

  test('a column of whole seconds does not outrun the token of the next sign-in', () =>
    withService({ USERS_CHANGED_AT_COLUMN: 'changed_second' }, async (own) => {
      const user = await newUser()
      const old = await tokenFor(user)
      // The half of a second that such a column rounds up.
      await surroundings.database
        .sql`select pg_sleep(mod(1.6 - mod(extract(second from clock_timestamp())::numeric, 1), 1))`
      const body = { old_password: user.password, password }
      expect((await own.post(ROUTE, body, bearer(old))).answer).toBe(CHANGED)
      const again = { old_password: password, password: user.password }
      expect((await change(user, again, own)).answer).toBe(CHANGED)
    }))

  test.each<[string, number, string]>([
    ['the second before', -1, INVALID_JWT],
    ['a fraction of the second before', -0.001, INVALID_JWT],
    ['the very second', 0, CHANGED],
    ['the second after', 1, CHANGED],
  ])('of %s a change, counted in whole seconds', async (_, offset, answer) => {
    const user = await newUser()
    const at = seconds() - 60
    await changedAt(user, at * 1000 + 700)
    expect(await post(user, { iat: at + offset })).toBe(answer)
  })

  test('a token must say when it was issued, in a number that is not ahead', async () => {
    const user = await newUser()
    expect(await post(user, { iat: undefined })).toBe(INVALID_JWT)
    expect(await post(user, { iat: String(seconds()) })).toBe(INVALID_JWT)
    expect(await post(user, { iat: seconds() + 60 })).toBe(INVALID_JWT)
    expect(await post(user, { iat: 1e300 })).toBe(INVALID_JWT)
  })
})

describe('where ids are integers', () => {
  let integers: Surroundings
  let own: TestService

  beforeAll(async () => {
    integers = await createSurroundings()
    await createUsers(integers.database.sql, 'bigint')
    own = await startService(integers, { JWKS_URL: issuer.url, ...jwtVariables })
  })

  afterAll(async () => {
    await own?.stop()
    await integers?.end()
  })

  test.each<[string, (id: number) => unknown, boolean]>([
    ['a text', (id) => String(id), true],
    ['a safe integer', (id) => id, true],
    ['a text with a zero before it', (id) => `0${id}`, false],
    ['a text with a sign', (id) => `+${id}`, false],
    ['a text with a blank', (id) => ` ${id}`, false],
    ['a fraction', (id) => id + 0.5, false],
    ['a number beyond the safe ones', () => 2 ** 53, false],
    ['a number beyond all', () => 1e300, false],
  ])('%s is taken for an id, or not', async (_, spell, isTaken) => {
    const user = await addUser(integers.database.sql)
    const token = await sign(key, claimsOf(undefined, { sub: spell(Number(user.id)) }))
    const body = { old_password: user.password, password }
    const { answer } = await own.post(ROUTE, body, bearer(token))
    expect(answer).toBe(isTaken ? CHANGED : INVALID_JWT)
  })
})

test('where ids are texts, a number is none, even of the same digits', async () => {
  const texts = await createSurroundings()
  await createUsers(texts.database.sql, 'text')
  const own = await startService(texts, { JWKS_URL: issuer.url, ...jwtVariables })
  const user = await addUser(texts.database.sql, { id: '42' })
  const post = async (sub: unknown) => {
    const token = await sign(key, claimsOf(undefined, { sub }))
    return own.post(ROUTE, { old_password: user.password, password }, bearer(token))
  }
  expect((await post(42)).answer).toBe(INVALID_JWT)
  expect((await post('42')).answer).toBe(CHANGED)
  await own.stop()
  await texts.end()
})

describe('AFTER_RESET_SQL', () => {
  const env = { AFTER_RESET_SQL: 'DELETE FROM sessions WHERE user_id = :user_id' }

  test('runs with a change in one transaction', () =>
    withService(env, async (own) => {
      const user = await newUser()
      const { sql } = surroundings.database
      await sql`insert into sessions values (${user.id}, 'x')`
      expect((await change(user, undefined, own)).answer).toBe(CHANGED)
      expect(await sql`select from sessions where user_id = ${user.id}`).toHaveLength(0)
    }))

  test('takes the change back when it fails', () =>
    withService(env, async (own) => {
      const user = await newUser()
      const { sql } = surroundings.database
      await sql`alter table sessions rename to hidden`
      try {
        expect((await change(user, undefined, own)).status).toBe(503)
      } finally {
        await sql`alter table hidden rename to sessions`
      }
      expect(await storedHash(surroundings.database.sql, user.id)).toBe(user.passwordHash)
      expect((await change(user, undefined, own)).answer).toBe(CHANGED)
    }))
})

describe('the route', () => {
  test('is not there without a JWT setting', () =>
    startService(surroundings).then(async (plain) => {
      const user = await newUser()
      const reply = await change(user, undefined, plain)
      expect(reply.answer).toBe(NOT_FOUND)
      await plain.stop()
    }))

  test('takes posts only, and lets pages of the frontend send the header', async () => {
    const path = `${basePath}/${ROUTE}`
    const got = await service.ask(path)
    expect([got.status, got.headers.allow]).toEqual([405, 'POST, OPTIONS'])
    const preflight = await service.ask(path, {
      method: 'OPTIONS',
      headers: { origin: 'https://app.example', 'access-control-request-method': 'POST' },
    })
    expect(preflight.headers['access-control-allow-headers']).toContain('Authorization')
    const refused = await service.post(ROUTE, {}, { origin: 'https://app.example' })
    expect(refused.headers['access-control-expose-headers']).toContain('WWW-Authenticate')
    expect(refused.headers['www-authenticate']).toBe('Bearer')
  })
})
