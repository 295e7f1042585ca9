// Users of a host application, and Rekey beside them speaking both dialects, in whatever configuration
// a case needs.

import { expect } from 'vitest'
import { encodeUid } from '../../src/core/token.ts'
import type { Reply } from '../support/client.ts'
import { confide } from '../support/discretion.ts'
import { sealedLink, tokenOf } from '../support/links.ts'
import type { Environment } from '../support/rekey-process.ts'
import { linkIn } from '../support/resend-stand-in.ts'
import { seconds } from '../support/seconds.ts'
import type { TestService } from '../support/service.ts'
import { createSurroundings, type Surroundings } from '../support/surroundings.ts'
import { addUser, createUsers, type IdType, type StoredUser } from '../support/users.ts'
import { createServices, type Passwords, passwordsIn, type Services } from './world-parts.ts'

/** What a frontend takes from the address of its reset page. */
export interface MailedValues {
  readonly uid: string
  readonly token: string
}

export interface DialectWorld extends Passwords, Pick<Services, 'serve'> {
  open(): Promise<void>
  close(): Promise<void>
  surroundings(): Surroundings
  /** Starts one whose limits have counted nothing yet, for as long as the work takes. */
  serveAnew(env: Environment, work: (service: TestService) => Promise<void>): Promise<void>
  addUser(columns?: Parameters<typeof addUser>[1]): Promise<StoredUser>
  /** Has somebody ask for a link, and reads the next mail to an address. */
  mailed(address: string, ask: () => Promise<Reply>): Promise<MailedValues>
  /** Reads one of the mails with a link to an address, the first unless another is meant. */
  readMail(address: string, index?: number): Promise<MailedValues>
  /** How many mails with a link an address has had. */
  linkMails(address: string): number
  /** How many times a mail with a link was handed over. Notices of what other cases did may still come. */
  linksAsked(): number
}

/** The columns that a Django user has beside the least. */
const COLUMNS = ['username text', 'is_active boolean not null default true']

/** Makes a world whose users have ids of one type. */
export function createDialectWorld(idType: IdType): DialectWorld {
  let surroundings: Surroundings
  const services = createServices(() => surroundings, {
    DIALECTS: 'rest-passwordreset, dj-rest-auth',
    RESET_PAGE_URL: 'https://app.example/reset/{uid}/{token}',
    USERS_ELIGIBLE_SQL: 'is_active',
  })
  const linksTo = (address: string) =>
    surroundings.resend.mails
      .filter(({ to, text }) => to[0] === address && text?.includes('/reset/'))
      .map(linkIn)

  const readMail = async (address: string, index = 0): Promise<MailedValues> => {
    await surroundings.resend.waitForMail(() => linksTo(address).length > index)
    const [uid = '', token = ''] = new URL(linksTo(address)[index] ?? '').pathname
      .split('/')
      .slice(2)
    return { uid, token: confide(token) }
  }
  return {
    async open() {
      surroundings = await createSurroundings()
      await createUsers(surroundings.database.sql, idType, COLUMNS)
    },
    async close() {
      await services.stop()
      await surroundings?.end()
    },
    surroundings: () => surroundings,
    serve: services.serve,
    ...passwordsIn(() => surroundings, 'users', 'password_hash'),
    async serveAnew(env, work) {
      const service = await services.start(env)
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
      return readMail(address, known)
    },
    readMail,
    linkMails: (address) => linksTo(address).length,
    linksAsked: () =>
      surroundings.resend.requests.filter(({ rawBody }) => rawBody.includes('/reset/')).length,
  }
}

/** What would have been mailed so many seconds ago. */
export function valuesAged(user: StoredUser, age: number): MailedValues {
  const link = sealedLink(user, seconds() - age)
  return { uid: encodeUid(user.id), token: confide(tokenOf(link)) }
}
