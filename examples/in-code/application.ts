// An application with a login and sessions of its own, which has Rekey in its process.

import { randomBytes } from 'node:crypto'
import Fastify, { type FastifyInstance } from 'fastify'
import { rekey } from 'rekey'
import { accountsIn, type User } from './accounts.ts'
import { scryptHasher } from './hasher.ts'
import { endSessions, refuseLeaked } from './hooks.ts'
import { tokenBucket } from './limits.ts'
import { smsThrough } from './transport.ts'

interface ApplicationOptions {
  readonly users: ReadonlyMap<string, User>
  readonly phones: ReadonlyMap<string, string>
  readonly gatewayUrl: string
  readonly rangeUrl: string
  /** LINK_SECRETS, RESET_PAGE_URL and MAIL_FROM at the least. */
  readonly env: Readonly<Record<string, string | undefined>>
}

export async function buildApplication(options: ApplicationOptions): Promise<FastifyInstance> {
  const { users, phones, gatewayUrl, rangeUrl, env } = options
  const app = Fastify()
  const sessions = new Map<string, string>()

  await app.register(rekey, {
    env,
    accounts: accountsIn(users),
    transport: smsThrough(gatewayUrl, (accountId) => phones.get(accountId)),
    hasher: scryptHasher,
    limits: { requests: tokenBucket(5, 60) },
    beforeReset: refuseLeaked(rangeUrl),
    afterReset: endSessions(sessions),
  })

  app.post<{ Body: { email: string; password: string } }>('/sign-in', async (request, reply) => {
    const { email, password } = request.body
    const user = [...users.values()].find((each) => each.email === email)
    const isRight = await scryptHasher.verify(password, user?.passwordHash ?? null)
    if (!user?.isActive || !isRight) return reply.code(401).send({ error: 'wrong' })
    const token = randomBytes(16).toString('base64url')
    sessions.set(token, user.id)
    return { token }
  })
  app.get('/me', async (request, reply) => {
    const userId = sessions.get(String(request.headers['x-session']))
    return userId === undefined ? reply.code(401).send({ error: 'sign in' }) : { userId }
  })
  return app
}
