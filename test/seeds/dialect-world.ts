// Users of a host application, and Rekey beside them speaking both dialects, in whatever configuration
// a case needs.

import { verify } from '@node-rs/argon2'
import { expect } from 'vitest'
import { encodeUid } from '../../src/core/token.ts'
import { linkIn } from '../support/resend-stand-in.ts'
import {
  addUser,
  confide,
  createSurroundings,
  createUsers,
  type Environment,
  type IdType,
  type Reply,
  type StoredUser,
  type Surroundings,
  sealedLink,
  startService,
  type TestService,
  tokenOf,
} from '../support/service.ts'

/** What a frontend takes from the address of its reset page. */
export interface MailedValues {
  readonly uid: string
  readonly token: string
}

export interface DialectWorld {
  open(): Promise<void>
  close(): Promise<void>
  surroundings(): Surroundings
  /** Rekey with these variables beside the least; each configuration is started once. */
  serve(env?: Environment): Promise<TestService>
  /** Starts one whose limits have counted nothing yet, for as long as the work takes. */
  serveAnew(env: Environment, work: (service: TestService) => Promise<void>): Promise<void>
  addUser(columns?: Parameters<typeof addUser>[1]): Promise<StoredUser>
  /** Has somebody ask for a link, and reads the next mail to an address. */
  mailed(address: string, ask: () => Promise<Reply>): Promise<MailedValues>
  /** How many mails with a link an address has had. */
  linkMails(address: string): number
  /** How many times a mail with a link was handed over. Notices of what other cases did may still come. */
  linksAsked(): number
  expectPassword(user: StoredUser, password: string): Promise<void>
  expectUnchanged(user: StoredUser): Promise<void>
}

/** The columns that a Django user has beside the least. */
const COLUMNS = ['username text', 'is_active boolean not null default true']

/** Makes a world whose users have ids of one type. */
export function createDialectWorld(idType: IdType): DialectWorld {
  let surroundings: Surroundings
  const services = new Map<string, Promise<TestService>>()

  const start = (env: Environment) =>
    startService(surroundings, {
      DIALECTS: 'rest-passwordreset, dj-rest-auth',
      RESET_PAGE_URL: 'https://app.example/reset/{uid}/{token}',
      USERS_ELIGIBLE_SQL: 'is_active',
      ...env,
    })
  const storedHash = async ({ id }: StoredUser) => {
    const { sql } = surroundings.database
    const [row] = await sql`select password_hash from users where id::text = ${id}`
    return confide(String(row?.['password_hash']))
  }
  const linksTo = (address: string) =>
    surroundings.resend.mails
      .filter(({ to, text }) => to[0] === address && text?.includes('/reset/'))
      .map(linkIn)

  return {
    async open() {
      surroundings = await createSurroundings()
      await createUsers(surroundings.database.sql, idType, COLUMNS)
    },
    async close() {
      const started = await Promise.allSettled(services.values())
      await Promise.all(started.map((each) => each.status === 'fulfilled' && each.value.stop()))
      await surroundings?.end()
    },
    surroundings: () => surroundings,
    serve(env = {}) {
      const name = JSON.stringify(env)
      const service = services.get(name) ?? start(env)
      services.set(name, service)
      return service
    },
    async serveAnew(env, work) {
      const service = await start(env)
      try {
        await work(service)
      } finally {
        await service.stop()
      }
    },
    addUser: (columns) => addUser(surroundings.database.sql, columns),
    async mailed(address, ask) {
      const known = linksTo(address).length
      expect((await ask()).status).toBe(200)
      await surroundings.resend.waitForMail(() => linksTo(address).length > known)
      const [uid = '', token = ''] = new URL(linksTo(address)[known] ?? '').pathname
        .split('/')
        .slice(2)
      return { uid, token: confide(token) }
    },
    linkMails: (address) => linksTo(address).length,
    linksAsked: () =>
      surroundings.resend.requests.filter(({ rawBody }) => rawBody.includes('/reset/')).length,
    async expectPassword(user, password) {
      expect(await verify(await storedHash(user), password)).toBe(true)
    },
    async expectUnchanged(user) {
      expect(await storedHash(user)).toBe(user.passwordHash)
    },
  }
}

/** What would have been mailed so many seconds ago. */
export function valuesAged(user: StoredUser, seconds: number): MailedValues {
  const link = sealedLink(user, Math.floor(Date.now() / 1000) - seconds)
  return { uid: encodeUid(user.id), token: confide(tokenOf(link)) }
}
