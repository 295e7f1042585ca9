// What a frontend of django-rest-passwordreset calls, and what it is answered.

import { expect } from 'vitest'
import type { Reply } from '../../support/client.ts'
import type { Environment } from '../../support/rekey-process.ts'
import type { TestService } from '../../support/service.ts'
import type { StoredUser } from '../../support/users.ts'
import type { DialectWorld, MailedValues } from '../dialect-world.ts'

const PREFIX = '/api/password_reset/'
export const NEW_SECRET = 'new_secret'
// django_rest_passwordreset/views.py and serializers.py.
export const OK = '200 {"status":"OK"}'
export const NOT_VALID =
  '404 {"detail":"The OTP password entered is not valid. Please check and try again."}'
export const NO_ACCOUNT =
  '400 {"email":["We couldn\'t find an account associated with that email. Please try a different e-mail address."]}'

/** The three routes of one service. */
export function routesOf({ send }: Pick<TestService, 'send'>) {
  return {
    request: (email: string) => send(PREFIX, { email }),
    validate: (token: string) => send(`${PREFIX}validate_token/`, { token }),
    confirm: (token: string, password = NEW_SECRET) =>
      send(`${PREFIX}confirm/`, { token, password }),
  }
}

/** The same of a world's services, and what is mailed by them. */
export function callsTo(world: DialectWorld) {
  const to = async (env?: Environment) => routesOf(await world.serve(env))
  const request = async (email: string, env?: Environment) => (await to(env)).request(email)
  return {
    request,
    validate: async (token: string, env?: Environment) => (await to(env)).validate(token),
    confirm: async (token: string, password?: string, env?: Environment) =>
      (await to(env)).confirm(token, password),
    /** Asks for a link, and reads it out of the one mail that comes. */
    mailed: (user: StoredUser, env?: Environment): Promise<MailedValues> =>
      world.mailed(user.email, () => request(user.email, env)),
    /** Asks, and expects that nothing is mailed, for this reason. */
    async expectNoMail(email: string, answer: string, reason: string, env?: Environment) {
      const { log } = await world.serve(env)
      const seen = log.lines.length
      const asked = world.linksAsked()
      await expectAnswer(request(email, env), answer)
      await log.waitFor((line) => line['reason'] === reason, seen)
      expect(world.linksAsked()).toBe(asked)
    },
  }
}

export async function expectAnswer(reply: Promise<Reply>, answer: string): Promise<void> {
  expect((await reply).answer).toBe(answer)
}
