// An application on Better Auth, for host-apps.ts. Its tables come from its own migrations.

import { createInterface } from 'node:readline'
import { APIError, betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import pg from 'pg'
import manifest from './package.json' with { type: 'json' }

const options = {
  baseURL: 'http://localhost',
  secret: 'of a throw-away application, not a secret',
  // The address is in libpq's own variables, which pg reads too.
  database: new pg.Pool({ max: 2 }),
  emailAndPassword: { enabled: true },
  logger: { disabled: true },
  telemetry: { enabled: false },
}
const auth = betterAuth(options)
const { runMigrations } = await getMigrations(options)
await runMigrations()

async function signIn({ email, password }) {
  try {
    const { headers } = await auth.api.signInEmail({
      body: { email, password },
      returnHeaders: true,
    })
    const cookies = headers.getSetCookie().map((cookie) => cookie.split(';')[0])
    return { session: cookies.join('; ') }
  } catch (error) {
    if (error instanceof APIError && error.body?.code === 'INVALID_EMAIL_OR_PASSWORD') return null
    throw error
  }
}

async function answer(step) {
  if (step.do === 'sign-up') {
    await auth.api.signUpEmail({
      body: { name: 'Somebody', email: step.email, password: step.password },
    })
    return 'scrypt'
  }
  if (step.do === 'sign-in') return signIn(step)
  const headers = new Headers({ cookie: step.proofs.session })
  return { session: (await auth.api.getSession({ headers })) !== null }
}

const version = manifest.dependencies['better-auth']
process.stdout.write(`${JSON.stringify({ version, variants: ['scrypt'] })}\n`)
for await (const line of createInterface(process.stdin)) {
  process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line)))}\n`)
}
await options.database.end()
