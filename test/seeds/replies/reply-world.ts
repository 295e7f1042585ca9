// Sends Rekey the requests that the packages were sent, each on behalf of a user of its own.

import { django } from '../../../src/config/presets/django.ts'
import { encodeUid } from '../../../src/core/token.ts'
import { confide } from '../../support/discretion.ts'
import { sealedLink, tokenOf } from '../../support/links.ts'
import type { Environment } from '../../support/rekey-process.ts'
import { seconds } from '../../support/seconds.ts'
import { signInAs, withTokens } from '../change-password.ts'
import { createWorld, type DjangoUser } from '../world.ts'
import type { SeedRequest, Setting } from './routes.ts'

export interface SeedReply {
  readonly status: number
  readonly body: unknown
}

/** What the packages' settings are here. */
const settings: Readonly<Record<Setting, Environment>> = {
  confirmed: { REQUIRE_PASSWORD_CONFIRM: 'true' },
  silent: { REVEAL_UNKNOWN_USERS: 'false' },
  'by email': {},
  'one-time': {},
  revealing: { REVEAL_UNKNOWN_USERS: 'true' },
  details: {},
  'default throttle': { RATE_LIMIT_REQUESTS: '3/1d' },
  'old password optional': {},
}
const DAY_SECONDS = 86_400
const { USERS_ELIGIBLE_SQL, USERS_LAST_LOGIN_COLUMN, ...mapping } = django.variables
const common = {
  ...mapping,
  DIALECTS: 'rest-passwordreset, dj-rest-auth',
  ...withTokens,
}
/** django-rest-registration tells who is unknown, and asks neither who is active nor who signed in. */
const native = { REVEAL_UNKNOWN_USERS: 'true' }
const dialects: Environment = {
  USERS_ELIGIBLE_SQL: String(USERS_ELIGIBLE_SQL),
  USERS_LAST_LOGIN_COLUMN: String(USERS_LAST_LOGIN_COLUMN),
}

export interface ReplyWorld {
  open(): Promise<void>
  close(): Promise<void>
  answer(request: SeedRequest): Promise<SeedReply>
}

export function createReplyWorld(): ReplyWorld {
  const world = createWorld(common)
  let requested = 0

  /** What a frontend takes out of the mail. */
  function linkValues(user: DjangoUser, age: number, isNative: boolean): Record<string, string> {
    const lastLogin = isNative ? undefined : null
    const link = sealedLink(user, seconds() - age, { lastLogin })
    const token = confide(tokenOf(link))
    return { ...link, key: token, token, uid: encodeUid(user.id) }
  }

  async function spend({ id, email }: DjangoUser, situation: SeedRequest['situation']) {
    const { database } = world.surroundings()
    if (situation === 'used') {
      await database.sql`update auth_user set password = 'argon2$changed' where id = ${id}`
    } else if (situation === 'moved') {
      await database.sql`update auth_user set email = ${`moved.${email}`} where id = ${id}`
    } else if (situation === 'signed in since') {
      await database.sql`update auth_user set last_login = now() where id = ${id}`
    } else if (situation === 'disabled') {
      await database.sql`update auth_user set is_active = false where id = ${id}`
    }
  }

  return {
    open: world.open,
    close: world.close,
    async answer({ path, method, type, body, situation, setting, signedIn, times = 1 }) {
      requested += 1
      const name = `somebody-${lettersOf(requested)}`
      const user = await world.addUser({ username: name, email: `${name}@example.com` })
      const other = await world.addUser()
      const isNative = path.includes('/v1/')
      const link = linkValues(user, situation === 'expired' ? 30 * DAY_SECONDS : 0, isNative)
      const values: Record<string, string> = {
        username: user.username,
        email: user.email,
        old_password: user.password,
        ...link,
        other_id: other.id,
        other_uid: encodeUid(other.id),
      }
      for (const name of ['signature', 'key', 'token']) {
        values[`tampered_${name}`] = confide(tampered(String(values[name])))
      }
      await spend(user, situation)
      const service = await world.serve({
        ...(isNative ? native : dialects),
        ...(setting && settings[setting]),
      })
      const text = typeof body === 'string' ? body : JSON.stringify(body)
      const filled = text.replaceAll(/\$(\w+)\$/g, (whole, name) => values[name] ?? whole)
      const headers = {
        'content-type': type,
        'content-length': String(Buffer.byteLength(filled)),
        ...(signedIn && (await signInAs(user))),
      }
      let reply = await service.ask(path, { method, headers, body: filled })
      for (let sent = 1; sent < times; sent += 1) {
        reply = await service.ask(path, { method, headers, body: filled })
      }
      return { status: reply.status, body: reply.text === '' ? null : JSON.parse(reply.text) }
    },
  }
}

function tampered(text: string): string {
  return text.replace(/^./, (first) => (first === 'A' ? 'B' : 'A'))
}

/** A number in letters, so that a password of digits does not resemble a name that has it. */
function lettersOf(number: number): string {
  return [...String(number)].map((digit) => 'abcdefghij'[Number(digit)]).join('')
}
