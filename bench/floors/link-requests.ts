// The floor of link requests: one indexed SELECT for each, before the reply.

import { type Static, Type } from '@sinclair/typebox'
import { BASE_PATH, createBareApp, listen, openPool } from './bare-app.ts'

const BodySchema = Type.Object({
  email: Type.Optional(Type.String()),
  login: Type.Optional(Type.String()),
})

const app = createBareApp()
const sql = openPool()

app.post<{ Body: Static<typeof BodySchema> }>(
  `${BASE_PATH}/send-reset-password-link`,
  { schema: { body: BodySchema } },
  async (request) => {
    const { email = '' } = request.body
    await sql`SELECT id, email, password_hash FROM users WHERE lower(email) = lower(${email})`
    return { detail: 'Reset link sent if the user exists in database' }
  },
)

await listen(app)
