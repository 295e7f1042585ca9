// Mails composed together: what becomes of the others where one cannot be.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { linkMailsTo } from '../support/links.ts'
import { startService, type TestService } from '../support/service.ts'
import { createSurroundings, type Surroundings } from '../support/surroundings.ts'
import { addUser, createUsers } from '../support/users.ts'

let surroundings: Surroundings
let service: TestService
let folder: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'rekey-templates-'))
  const template = "{{ link }}{% if text.greeting contains 'Mallory' %}{{ oops }}{% endif %}"
  writeFileSync(join(folder, 'reset-link.text.liquid'), template)
  surroundings = await createSurroundings()
  await createUsers(surroundings.database.sql, 'uuid', ['name text'])
  service = await startService(surroundings, {
    MAIL_TEMPLATES_DIR: folder,
    USERS_NAME_COLUMN: 'name',
  })
})

afterAll(async () => {
  await service?.stop()
  await surroundings?.end()
  rmSync(folder, { recursive: true })
})

test('a mail that no template can render is given up, and costs the others nothing', async () => {
  const { database, resend } = surroundings
  const names = ['Ann', 'Mallory', 'Zoë']
  const [ann, mallory, zoe] = await Promise.all(
    names.map((name) => addUser(database.sql, { name })),
  )
  const emails = [ann, mallory, zoe].map((user) => user?.email ?? '')
  await Promise.all(emails.map((email) => service.post('send-reset-password-link', { email })))
  await service.log.waitFor(({ reason }) => reason === 'cannot_be_rendered')
  for (const email of [emails[0], emails[2]]) await resend.waitForMail(({ to }) => to[0] === email)
  expect(emails.map((email) => linkMailsTo(resend, email).length)).toEqual([1, 0, 1])
})
