// Users as Django keeps them, and Rekey beside them in whatever configuration a case needs.

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect } from 'vitest'
import type { Reply } from '../support/client.ts'
import { confide } from '../support/discretion.ts'
import type { LinkValues } from '../support/links.ts'
import type { Environment } from '../support/rekey-process.ts'
import type { ReceivedMail } from '../support/resend-rules.ts'
import { createSurroundings, type Surroundings } from '../support/surroundings.ts'
import { argon2id, type StoredUser } from '../support/users.ts'
import { createServices, type Passwords, passwordsIn, type Services } from './world-parts.ts'

export interface DjangoUser extends StoredUser {
  readonly username: string
}

/** The password that the suites choose. */
export const newPassword = 'testpassword2'

export interface World extends Passwords, Pick<Services, 'serve'> {
  open(): Promise<void>
  close(): Promise<void>
  surroundings(): Surroundings
  /** Has argon2 as Django's hasher, so that a test does not wait for PBKDF2. */
  addUser(columns?: Readonly<Record<string, unknown>>): Promise<DjangoUser>
  /** Asks for a link by user name, and reads the mail that comes. */
  mailFor(user: DjangoUser, env?: Environment): Promise<ReceivedMail>
  /** The same for a user who had no mail yet, and gets this one alone. */
  onlyMailFor(user: DjangoUser, env?: Environment): Promise<ReceivedMail>
  /** The link in it. */
  linkFor(user: DjangoUser, env?: Environment): Promise<LinkValues>
  /** Asks for a link, and expects that nothing is mailed for this reason. */
  expectNoMail(body: object, reason: string, env?: Environment): Promise<Reply>
  /** @returns a directory with these files, for MAIL_TEMPLATES_DIR */
  templates(files: Readonly<Record<string, string>>): string
}

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8')

/** Makes a world whose services have these variables in common. */
export function createWorld(base: Environment): World {
  let surroundings: Surroundings
  let users = 0
  const folders: string[] = []

  const services = createServices(() => surroundings, { DATABASE_POOL_MAX: '2', ...base })
  const { serve } = services
  /** Notices of what other cases did may still be on their way. */
  const linksAsked = () =>
    surroundings.resend.requests.filter(({ rawBody }) => rawBody.includes('signature=')).length
  const mailFor = async (user: DjangoUser, env?: Environment) => {
    const service = await serve(env)
    const mails = () => surroundings.resend.mails.filter(({ to }) => to[0] === user.email)
    const known = mails().length
    const { status } = await service.post('send-reset-password-link', { login: user.username })
    expect(status).toBe(200)
    await surroundings.resend.waitForMail(() => mails().length > known)
    return mails()[known] as ReceivedMail
  }
  const addUser: World['addUser'] = async (columns = {}) => {
    users += 1
    const password = confide(`forgotten by user ${users}`)
    const row = {
      username: `testuser${users}`,
      email: `testuser${users}@example.com`,
      password: confide(`argon2${await argon2id(password)}`),
      first_name: '',
      last_name: '',
      is_active: true,
      is_staff: false,
      is_superuser: false,
      date_joined: new Date(),
      ...columns,
    }
    const { sql } = surroundings.database
    const [stored] = await sql`insert into auth_user ${sql(row)} returning id::text`
    const { username, email, password: passwordHash } = row
    return { id: stored?.['id'], username, email: confide(email), password, passwordHash }
  }
  return {
    async open() {
      surroundings = await createSurroundings()
      const { sql } = surroundings.database
      await sql.unsafe(read('../config/presets/django.sql'))
      await sql`create index on auth_user (lower(email))`
    },
    async close() {
      await services.stop()
      for (const folder of folders) rmSync(folder, { recursive: true })
      await surroundings?.end()
    },
    surroundings: () => surroundings,
    serve,
    ...passwordsIn(() => surroundings, 'auth_user', 'password', 'argon2'),
    addUser,
    mailFor,
    async onlyMailFor(user, env) {
      const mail = await mailFor(user, env)
      // Whatever else was asked for has at least begun to be mailed when this is there.
      await mailFor(await addUser(), env)
      expect(surroundings.resend.mails.filter(({ to }) => to.includes(user.email))).toEqual([mail])
      return mail
    },
    async linkFor(user, env) {
      const mail = await mailFor(user, env)
      const [url = ''] = /^https?:\S+$/m.exec(mail.text ?? '') ?? []
      const { searchParams } = new URL(confide(url))
      const value = (name: string) => searchParams.get(name) ?? ''
      const signature = confide(value('signature'))
      return { user_id: value('user_id'), timestamp: value('timestamp'), signature }
    },
    async expectNoMail(body, reason, env) {
      const service = await serve(env)
      const lines = service.log.lines.length
      const asked = linksAsked()
      const reply = await service.post('send-reset-password-link', body)
      await service.log.waitFor((line) => line['reason'] === reason, lines)
      expect(linksAsked()).toBe(asked)
      return reply
    },
    templates(files) {
      const folder = mkdtempSync(join(tmpdir(), 'rekey-seeds-'))
      folders.push(folder)
      for (const [file, source] of Object.entries(files)) {
        mkdirSync(dirname(join(folder, file)), { recursive: true })
        writeFileSync(join(folder, file), source)
      }
      return folder
    },
  }
}

/** Our English catalogue with another subject for the link's mail, which has to name `{app}`. */
export function englishWithSubject(subject: string): string {
  const catalogue = JSON.parse(read('../../emails/locales/en.json'))
  return JSON.stringify({ ...catalogue, 'reset-link': { ...catalogue['reset-link'], subject } })
}

/** Waits until a service has at least begun to mail everything that was asked of it before. */
export async function settle(world: World, env?: Environment): Promise<void> {
  await world.mailFor(await world.addUser(), env)
}
