// A flood of link requests: what is still answered, and that it says nothing about accounts.

import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { ACCEPTED, UNAVAILABLE } from '../support/answers.ts'
import { basePath } from '../support/client.ts'
import { endProcess } from '../support/rekey-process.ts'
import { type ServiceProcess, startServiceProcess } from '../support/service.ts'
import { createSurroundings, type Surroundings } from '../support/surroundings.ts'
import { addUser, argon2id, createUsers } from '../support/users.ts'
import { exchange, statusesIn } from './raw-socket.ts'

const ROUTE = 'send-reset-password-link'

let surroundings: Surroundings
let service: ServiceProcess

beforeAll(async () => {
  surroundings = await createSurroundings()
  await createUsers(surroundings.database.sql, 'bigint')
})

// It holds work that would take minutes.
afterEach(() => endProcess(service, 'SIGKILL'))

afterAll(() => surroundings?.end())

/** Asks for a link for each address, one request right behind the other. @returns the statuses */
async function flood(emails: readonly string[]): Promise<number[]> {
  const requests = emails.map((email, index) => {
    const body = JSON.stringify({ email })
    const connection = index === emails.length - 1 ? 'close' : 'keep-alive'
    return `POST ${basePath}/${ROUTE} HTTP/1.1\r\nHost: x\r\nConnection: ${connection}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`
  })
  return statusesIn(await exchange(service.url, requests.join('')))
}

async function askBoth(known: string) {
  const replies = [
    await service.post(ROUTE, { email: known }),
    await service.post(ROUTE, { email: `no-${known}` }),
  ]
  return replies.map(({ answer, headers }) => [answer, headers['retry-after']])
}

test('with the provider stalled and the mail line full, link requests are answered as ever', async () => {
  const { database, resend } = surroundings
  const known = await addUser(database.sql)
  // Five accounts an address, in five spellings: more than 10,000 mails of 2,010 requests.
  await database.sql`
    insert into users (email, password_hash)
    select overlay('flood@example.com' placing upper(substr('flood@example.com', n, 1)) from n)
      || '.n' || request, ${await argon2id('forgotten by everybody')}
    from generate_series(1, 5) n, generate_series(1, 2010) request`
  resend.answerAlways({ kind: 'hang' })
  service = await startServiceProcess(surroundings, { LOG_LEVEL: 'info' })
  const emails = [...Array(2010)].map((_, index) => `flood@example.com.n${index + 1}`)
  expect(new Set(await flood(emails))).toEqual(new Set([200]))
  await service.log.waitFor(({ reason }) => reason === 'mail_line_full')
  expect(await askBoth(known.email)).toEqual([
    [ACCEPTED, undefined],
    [ACCEPTED, undefined],
  ])
})

test('with the intake line full everybody is told to come back, whoever it is for', async () => {
  const { database } = surroundings
  const known = await addUser(database.sql)
  service = await startServiceProcess(surroundings, { LOG_LEVEL: 'info' })
  await database.sql.begin(async (lock) => {
    await lock`lock table users in access exclusive mode`
    const emails = [...Array(10_000)].map((_, index) => `flood-${index}@example.com`)
    expect(new Set(await flood(emails))).toEqual(new Set([200]))
    expect(await askBoth(known.email)).toEqual([
      [UNAVAILABLE, '5'],
      [UNAVAILABLE, '5'],
    ])
  })
})
