// What several processes mail for one account, and one process for one account in quick succession.

import { afterAll, beforeAll, expect, test } from 'vitest'
import { linkMailsTo } from '../support/links.ts'
import { endProcess } from '../support/rekey-process.ts'
import { startService, startServiceProcess } from '../support/service.ts'
import { createSurroundings, type Surroundings } from '../support/surroundings.ts'
import { addUser, createUsers } from '../support/users.ts'

let surroundings: Surroundings

beforeAll(async () => {
  surroundings = await createSurroundings()
  await createUsers(surroundings.database.sql)
})

afterAll(() => surroundings?.end())

/** Waits for the beginning of a bucket of so many seconds, so that what follows falls into it. */
async function nextBucket(seconds: number): Promise<void> {
  const intoBucket = (Date.now() / 1000) % seconds
  await new Promise((resolve) => setTimeout(resolve, (seconds - intoBucket) * 1000))
}

test('three processes that are asked within one bucket mail one link', async () => {
  const { database, resend } = surroundings
  const user = await addUser(database.sql)
  const services = await Promise.all(
    [1, 2, 3].map(() => startServiceProcess(surroundings, { LINK_BUCKET_SECONDS: '10' })),
  )
  await nextBucket(10)
  await Promise.all(
    services.map((service) => service.post('send-reset-password-link', { email: user.email })),
  )
  const ends = await Promise.all(services.map((service) => endProcess(service)))
  expect(ends.map(({ status }) => status)).toEqual([0, 0, 0])
  const requests = resend.requests.filter(({ rawBody }) => rawBody.includes(user.email))
  expect(requests).toHaveLength(3)
  expect(new Set(requests.map(({ rawBody }) => rawBody)).size).toBe(1)
  expect(linkMailsTo(resend, user.email)).toHaveLength(1)
})

test('a reset followed at once by a new request: notice and new link both arrive', async () => {
  const { database, resend } = surroundings
  const user = await addUser(database.sql)
  const service = await startService(surroundings, { RATE_LIMIT_PER_ACCOUNT: '1/1h' })
  const link = await service.mailedLink(user.email)
  const password = 'a brand new pass phrase'
  const replies = await Promise.all([
    service.post('reset-password', { ...link, password }),
    service.post('send-reset-password-link', { email: 'nobody@example.com' }),
  ])
  expect(replies.map(({ status }) => status)).toEqual([200, 200])
  await service.post('send-reset-password-link', { email: user.email })
  await resend.waitForMail(() => linkMailsTo(resend, user.email).length === 2)
  await resend.waitForMail(({ to, subject }) => to[0] === user.email && subject.includes('changed'))
  expect(await service.stop()).toBe(0)
  expect(resend.mails.filter(({ to }) => to[0] === user.email)).toHaveLength(3)
})
