// Databases that cannot hold every letter: what somebody types there must not hold up the others.

import { randomBytes } from 'node:crypto'
import postgres, { type Sql } from 'postgres'
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest'
import { linkMailsTo, sealedLink } from '../support/links.ts'
import { startService, type TestService } from '../support/service.ts'
import { createSurroundings, type Surroundings } from '../support/surroundings.ts'
import { addUser, createUsers } from '../support/users.ts'

const ROUTE = 'send-reset-password-link'

describe.each(['LATIN1', 'SQL_ASCII', 'EUC_JP'])('in a database in %s', (encoding) => {
  let surroundings: Surroundings
  let service: TestService
  let admin: Sql
  let sql: Sql
  const name = `test_${randomBytes(8).toString('hex')}`

  beforeAll(async () => {
    surroundings = await createSurroundings()
    const { adminUrl } = inject('postgres')
    admin = postgres(adminUrl, { max: 1 })
    await admin.unsafe(
      `create database ${name} template template0 encoding '${encoding}' locale_provider libc locale 'C'`,
    )
    const url = new URL(adminUrl)
    url.pathname = name
    sql = postgres(url.href, { max: 1, onnotice: () => {} })
    await createUsers(sql, 'text', ['username text'])
    service = await startService(surroundings, {
      DATABASE_URL: url.href,
      USERS_LOGIN_COLUMNS: 'username',
    })
  })

  afterAll(async () => {
    await service?.stop()
    await sql?.end()
    await admin?.unsafe(`drop database if exists ${name} with (force)`)
    await admin?.end()
    await surroundings?.end()
  })

  test('whoever is asked for beside letters that it does not have is mailed all the same', async () => {
    const users = [await addUser(sql), await addUser(sql), await addUser(sql)]
    const strangers = [
      'łódź@example.com',
      '👩‍💻@example.com',
      'ａ@example.com',
      'ü\u20ac\u4e00@x.example',
    ]
    const emails = users.flatMap(({ email }, n) => [strangers[n] ?? '', email])
    const bodies = [...emails, ...strangers].map((email) => ({ email }))
    const logins = [...strangers, users[0]?.email].map((login) => ({ login }))
    const replies = await Promise.all(
      [...bodies, ...logins].map((body) => service.post(ROUTE, body)),
    )
    expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([200]))
    for (const { email } of users) {
      await surroundings.resend.waitForMail(({ to }) => to[0] === email)
    }
    expect(
      service.log.lines.filter(({ msg }) => String(msg).includes('link requests wait')),
    ).toEqual([])
  })

  test('an address with a letter that it does have is found', async () => {
    const [email, inAscii] =
      encoding === 'EUC_JP'
        ? ['ann@山田.example', 'ann@xn--rhtu98c.example']
        : ['ann@müller.example', 'ann@xn--mller-kva.example']
    await addUser(sql, { email })
    await service.post(ROUTE, { email: email.toUpperCase() })
    await surroundings.resend.waitForMail(
      () => linkMailsTo(surroundings.resend, inAscii).length > 0,
    )
  })

  test('a genuine link to an id that it cannot hold is superseded', async () => {
    const id = encoding === 'SQL_ASCII' ? 'nobody' : '👩‍💻'
    const user = { id, email: 'x@example.com', password: '', passwordHash: '$argon2id$v=19$x' }
    expect(await service.code('check-reset-link', sealedLink(user))).toBe('link_superseded')
  })
})
