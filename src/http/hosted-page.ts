// GET /reset/: Rekey's own reset page and request form, for applications without a frontend.

import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import type { FastifyReply } from 'fastify'
import { RekeyError } from '../errors.ts'
import type { PageFile } from './page-files.ts'
import { pageHeaders } from './security-headers.ts'

/** The pages, by file name. */
export interface HostedPage {
  readonly files: ReadonlyMap<string, PageFile>
}

const ParamsSchema = Type.Object({ '*': Type.String() })

export const hostedPage: FastifyPluginCallbackTypebox<HostedPage> = (app, { files }, done) => {
  const send = (name: string, reply: FastifyReply) => {
    const file = files.get(name)
    if (!file) throw new RekeyError('not_found', 'no such page file')
    return reply.headers(pageHeaders).type(file.type).send(file.body)
  }
  app.get('/reset', (request, reply) => {
    const [path = '', query] = request.url.split(/\?(.*)/s)
    if (path.endsWith('/')) return send('reset.html', reply)
    // The pages name their scripts relative to /reset/.
    return reply.redirect(query === undefined ? '/reset/' : `/reset/?${query}`)
  })
  app.get('/reset/*', { schema: { params: ParamsSchema } }, (request, reply) =>
    send(fileName(request.params['*']), reply),
  )
  done()
}

function fileName(path: string): string {
  if (path === 'request') return 'request.html'
  // Some mail scanners turn the `#` before a link's values into `%23`, and so into the path.
  return path.startsWith('#') ? 'reset.html' : path
}
