// The floor of forged links: a route that takes Rekey's body and refuses it without looking at it.

import { ResetPasswordBodySchema } from '../../src/http/reset-password.ts'
import { BASE_PATH, createBareApp, listen } from './bare-app.ts'

const app = createBareApp()

app.post(
  `${BASE_PATH}/reset-password`,
  { schema: { body: ResetPasswordBodySchema } },
  async (_request, reply) => {
    reply.code(400)
    return { detail: 'Invalid signature' }
  },
)

await listen(app)
