// The application that Rekey stands beside in the demo: it signs people in with its own users table,
// and serves its single-page app with the reset pages.

import { verify } from '@node-rs/argon2'
import Fastify from 'fastify'
import type { Sql } from 'postgres'
import { type PageFile, readPageFiles } from '../src/http/page-files.ts'

interface ApplicationOptions {
  readonly port: number
  /** Rekey's API as the browser reaches it. */
  readonly apiBase: string
  readonly accounts: readonly string[]
  readonly sql: Sql
}

const appDirectory = new URL('./app/', import.meta.url)
const resetDirectory = new URL('./app/reset/', import.meta.url)
/** Where the client is, which an application of its own would have installed or copied. */
const pageDirectory = new URL('../src/page/', import.meta.url)

/** @returns what stops it */
export async function startApplication(options: ApplicationOptions): Promise<() => Promise<void>> {
  const { port, apiBase, sql } = options
  const appPages = readPageFiles(appDirectory)
  const resetPages = new Map([...readPageFiles(pageDirectory), ...readPageFiles(resetDirectory)])
  const app = Fastify({ forceCloseConnections: true })

  const policy = `default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self' ${new URL(apiBase).origin}; base-uri 'none'; form-action 'self'; frame-ancestors 'none'`
  app.addHook('onRequest', async (_request, reply) => {
    reply.headers({ 'content-security-policy': policy, 'referrer-policy': 'no-referrer' })
  })
  const serve = (
    path: string,
    files: ReadonlyMap<string, PageFile>,
    names: (name: string) => string,
  ) => {
    app.get<{ Params: { '*': string } }>(`${path}*`, async (request, reply) => {
      const file = files.get(names(request.params['*']))
      if (!file) return reply.code(404).send('Not found')
      return reply.type(file.type).send(file.body.replace('__API_BASE__', apiBase))
    })
  }
  serve(
    '/reset/',
    resetPages,
    (name) => ({ '': 'reset.html', request: 'request.html' })[name] ?? name,
  )
  serve('/', appPages, (name) => name || 'index.html')
  app.get('/accounts', async () => options.accounts)

  app.post<{ Body: { email: string; password: string } }>('/sign-in', async (request, reply) => {
    const { email, password } = request.body
    const [user] = await sql`SELECT password_hash FROM users WHERE lower(email) = lower(${email})`
    const isRight = user !== undefined && (await verify(user['password_hash'], password))
    return isRight ? { email } : reply.code(401).send({ detail: 'Address or password is wrong.' })
  })

  await app.listen({ port, host: '127.0.0.1' })
  return () => app.close()
}
