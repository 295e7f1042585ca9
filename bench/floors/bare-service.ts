// The floor of the first reset and of memory: Fastify, postgres.js and argon2id in one process.
// A reset reads the row, hashes, and updates, and trusts whoever asks. The other two routes are
// those of the floors of forged links and link requests.

import type { Static } from '@sinclair/typebox'
import { argon2id } from '../../src/hashing/argon2id.ts'
import { ResetPasswordBodySchema } from '../../src/http/reset-password.ts'
import { BASE_PATH, createBareApp, listen, openPool } from './bare-app.ts'

type ResetPasswordBody = Static<typeof ResetPasswordBodySchema>

const schema = { body: ResetPasswordBodySchema }

const app = createBareApp()
const sql = openPool()

app.post<{ Body: ResetPasswordBody }>(
  `${BASE_PATH}/reset-password`,
  { schema },
  async (request) => {
    const { user_id = '', password } = request.body
    await sql`SELECT id, email, password_hash FROM users WHERE id = ${user_id}`
    const passwordHash = await argon2id.hash(password)
    await sql`UPDATE users SET password_hash = ${passwordHash} WHERE id = ${user_id}`
    return { detail: 'Reset password successful' }
  },
)

app.post(`${BASE_PATH}/forged-link`, { schema }, async (_request, reply) => {
  reply.code(400)
  return { detail: 'Invalid signature' }
})

app.post<{ Body: { email: string } }>(`${BASE_PATH}/send-reset-password-link`, async (request) => {
  const { email } = request.body
  await sql`SELECT id, email, password_hash FROM users WHERE lower(email) = lower(${email})`
  return { detail: 'Reset link sent if the user exists in database' }
})

await listen(app)
