// The mails of the development transport: for this machine only, and harmless to look at.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { NOT_FOUND } from '../support/answers.ts'
import { startService, type TestService } from '../support/service.ts'
import { createSurroundings, type Surroundings } from '../support/surroundings.ts'
import { addUser, createUsers } from '../support/users.ts'
import { exchange, statusesIn } from './raw-socket.ts'

const hostileName = 'Eve "><script>x</script>'
const hostileApp = `Ann's <b>"App"</b> &amp;`

let surroundings: Surroundings
let service: TestService

beforeAll(async () => {
  surroundings = await createSurroundings()
  await createUsers(surroundings.database.sql, 'uuid', ['name text'])
  service = await startService(surroundings, {
    MAIL_TRANSPORT: 'outbox',
    APP_NAME: hostileApp,
    USERS_NAME_COLUMN: 'name',
  })
})

afterAll(async () => {
  await service?.stop()
  await surroundings?.end()
})

const outbox = async (headers: Readonly<Record<string, string>> = {}) =>
  service.ask('/outbox', { headers })
const mails = async (): Promise<{ to: string; text: string; html: string }[]> =>
  JSON.parse((await outbox({ accept: 'application/json' })).text).mails

/** Asks for a link, and waits until its mail is in the outbox. */
async function mailTo(email: string): Promise<void> {
  const seen = service.log.lines.length
  await service.post('send-reset-password-link', { email })
  await service.log.waitFor(({ event }) => event === 'password_reset.mailed', seen)
}

test('it is empty at first, and says so', async () => {
  const { text, headers } = await outbox()
  expect(headers['content-type']).toBe('text/html; charset=utf-8')
  expect(text).toContain('No mail yet.')
  expect(await mails()).toEqual([])
})

test('a mail appears in it instead of being sent', async () => {
  const user = await addUser(surroundings.database.sql, { name: 'Ada' })
  await mailTo(user.email)
  expect(await mails()).toMatchObject([{ to: user.email }])
  expect((await outbox()).text).toContain(`To ${user.email}`)
  expect(surroundings.resend.requests).toEqual([])
})

test('a hostile mail is shown as text, in a frame that runs nothing', async () => {
  const email = "'/onload=x/'@example.com"
  await addUser(surroundings.database.sql, { name: hostileName, email })
  await mailTo(email)
  const { text } = await outbox()
  expect(text).not.toContain(email)
  expect(text).toContain('&#39;/onload=x/&#39;@example.com')
  expect(text).not.toContain('<script')
  expect(text).not.toContain('<b>"App"')
  const [frame] = /<iframe[^>]*>/s.exec(text) ?? []
  expect(frame).toMatch(/ sandbox="allow-top-navigation-by-user-activation">$/)
  expect(frame?.match(/"/g)).toHaveLength(6)
})

test.each(['localhost', 'localhost:3000', '127.0.0.1', '127.1.2.3:80', '[::1]', '[::1]:3000'])(
  'it is shown at %s',
  async (host) => {
    expect((await outbox({ host })).status).toBe(200)
  },
)

test.each([
  'evil.example',
  '127.0.0.1.evil.example',
  'localhost.evil.example',
  'evil.example:80',
  '10.0.0.1',
  '[::2]',
  '0.0.0.0',
  '128.0.0.1',
  '2130706433',
  '0x7f000001',
  '127.1',
])('it is not shown at %j, which a page elsewhere may have pointed here', async (host) => {
  const reply = await outbox({ host, accept: 'application/json' })
  expect(reply.answer).toBe(NOT_FOUND)
})

test('nor without any name', async () => {
  const received = await exchange(service.url, 'GET /outbox HTTP/1.0\r\n\r\n')
  expect(statusesIn(received)).toEqual([404])
})

test('another transport has no outbox', async () => {
  const sending = await startService(surroundings)
  expect((await sending.ask('/outbox')).status).toBe(404)
  await sending.stop()
})

test('a mail of text alone shows its text, and no empty frame', async () => {
  const own = mkdtempSync(join(tmpdir(), 'rekey-outbox-'))
  writeFileSync(join(own, 'reset-link.html.liquid'), '')
  const plain = await startService(surroundings, {
    MAIL_TRANSPORT: 'outbox',
    MAIL_TEMPLATES_DIR: own,
  })
  rmSync(own, { recursive: true })
  const { email } = await addUser(surroundings.database.sql)
  const seen = plain.log.lines.length
  await plain.post('send-reset-password-link', { email })
  await plain.log.waitFor(({ event }) => event === 'password_reset.mailed', seen)
  const { text } = await plain.ask('/outbox')
  expect(text).toContain('<details open><summary>Text part</summary><pre>Hello')
  expect(text).not.toContain('<iframe')
  await plain.stop()
})
