// /reset/: Rekey's own reset page and request form, for applications without a frontend. They work
// without scripts: by forms of their own, over the flows and the limits of the JSON routes.

import type { FastifyPluginCallbackTypebox } from '@fastify/type-provider-typebox'
import { Type } from '@sinclair/typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { macFields } from '../core/message.ts'
import { RekeyError } from '../errors.ts'
import { checkLink } from '../flows/check-link.ts'
import { parseLink } from '../page/client.ts'
import { nameClient } from './client-address.ts'
import { isLedHere, requireOwnPage } from './cross-site.ts'
import { replyWithErrors, startErrorReply } from './errors.ts'
import { acceptForms } from './form-body.ts'
import { createHostedPages, type PageContent } from './hosted-html.ts'
import { faultsOfRequest, faultsOfReset, messageFor } from './hosted-texts.ts'
import { type LinkBody, linkFields, linkFieldsRule, readLink } from './link-body.ts'
import type { AppDeps, AppOptions } from './options.ts'
import type { PageFile } from './page-files.ts'
import { describeRules } from './password-rules.ts'
import { limitRequests } from './rate-limit.ts'
import { acceptNewPassword, resetBodySchema } from './reset-password.ts'
import { pageHeaders } from './security-headers.ts'
import { acceptLinkRequest } from './send-reset-password-link.ts'

/** What the pages say, and the scripts and styles that they load, by file name. */
export interface HostedPage {
  readonly content: PageContent
  readonly files: ReadonlyMap<string, PageFile>
}

interface HostedPageOptions extends AppOptions {
  readonly page: HostedPage
}

/** A form writes each byte of a password as three, and the password twice. */
const FORM_LIMIT_BYTES = 32 * 1024
const replyWithJson = replyWithErrors()

const OpenBodySchema = Type.Object(linkFields, linkFieldsRule)
const RequestBodySchema = Type.Object({ email: Type.Optional(Type.String()) })
const ParamsSchema = Type.Object({ '*': Type.String() })

export const hostedPage: FastifyPluginCallbackTypebox<HostedPageOptions> = (app, options, done) => {
  const { deps, settings, page } = options
  const pages = createHostedPages(page.content)
  const rules = describeRules(deps)
  const limitConfirms = limitRequests(options, 'confirms')
  const limitOpenings = limitRequests(options, 'confirms', (request) => nameOpener(deps, request))
  const limitAsks = limitRequests(options, 'requests')
  app.removeAllContentTypeParsers()
  acceptForms(app)

  const send = (reply: FastifyReply, html: string) =>
    reply.headers(pageHeaders).type('text/html; charset=utf-8').send(html)

  /** Answers a failed request with a page of HTML. */
  const answerWith =
    (write: (error: RekeyError, request: FastifyRequest) => string) =>
    (thrown: Error, request: FastifyRequest, reply: FastifyReply) =>
      send(reply, write(startErrorReply(thrown, request, reply), request))
  const writeMessage = (error: RekeyError) => pages.message(messageFor(error), error)

  /** Shows the form to whoever holds a link that works, without spending it. */
  async function openLink(body: LinkBody, reply: FastifyReply): Promise<FastifyReply> {
    const now = deps.clock()
    const expiresAt = await checkLink(deps, readLink(body), now)
    const secondsLeft = expiresAt - now / 1000
    return send(reply, pages.resetForm({ link: linkValues(body), rules, secondsLeft }))
  }

  const opening = {
    onRequest(request: FastifyRequest, reply: FastifyReply, next: (error?: Error) => void) {
      if (mailedLink(request)) limitOpenings(request, reply, next)
      else next()
    },
    errorHandler(thrown: Error, request: FastifyRequest, reply: FastifyReply) {
      if (thrown instanceof RekeyError && thrown.code === 'not_found') {
        return replyWithJson(thrown, request, reply)
      }
      const error = startErrorReply(thrown, request, reply)
      // The page is there. What it says of a link is no fault of its address.
      if (error.code.startsWith('link_')) reply.code(200)
      return send(reply, writeMessage(error))
    },
  }
  const showReset = (request: FastifyRequest, reply: FastifyReply) => {
    const link = mailedLink(request)
    return link ? openLink(link, reply) : send(reply, pages.message('no_link'))
  }

  app.get('/reset', opening, (request, reply) => {
    if (request.url.startsWith('/reset/')) return showReset(request, reply)
    // The pages name their scripts and forms relative to /reset/.
    return reply.redirect(request.url.replace(/^[^?]*/, 'reset/'))
  })
  app.get('/reset/*', { ...opening, schema: { params: ParamsSchema } }, (request, reply) => {
    const name = request.params['*']
    // Some mail scanners turn the `#` before a link's values into `%23`, and so into the path.
    if (name.startsWith('#')) return showReset(request, reply)
    const file = page.files.get(name)
    if (!file) throw new RekeyError('not_found', 'no such page file')
    return reply.headers(pageHeaders).type(file.type).send(file.body)
  })

  // Where a script posts the link that it has found in a fragment, which no request carries.
  const opened = {
    schema: { body: OpenBodySchema },
    onRequest: [requireOwnPage, limitConfirms],
    errorHandler: answerWith(writeMessage),
  }
  app.post('/reset/open', opened, (request, reply) => openLink(request.body, reply))

  const resetting = {
    bodyLimit: FORM_LIMIT_BYTES,
    schema: { body: resetBodySchema(settings) },
    onRequest: [requireOwnPage, limitConfirms],
    errorHandler: answerWith((error, request) => {
      const faults = faultsOfReset(error)
      const body = request.body as LinkBody | undefined
      if (!faults || !body) return writeMessage(error)
      return pages.resetForm({ link: linkValues(body), rules, faults })
    }),
  }
  app.post('/reset/password', resetting, async (request, reply) => {
    await acceptNewPassword(deps, request, request.body)
    // Elsewhere, so that a reload posts nothing again.
    return reply.redirect(toPage('done', request), 303)
  })
  // Where a form came from or went to is in the address bar.
  for (const path of ['/reset/open', '/reset/password']) {
    app.get(path, (request, reply) => reply.redirect(toPage('./', request)))
  }
  app.get('/reset/done', (_request, reply) => send(reply, pages.message('done')))

  const asking = {
    schema: { body: RequestBodySchema },
    onRequest: [requireOwnPage, limitAsks],
    errorHandler: answerWith((error, request) => {
      const { email } = (request.body ?? {}) as { email?: string }
      return pages.requestForm({ email, faults: faultsOfRequest(error) })
    }),
  }
  app.get('/reset/request', (request, reply) =>
    request.url.startsWith('/reset/request/')
      ? reply.redirect(toPage('request', request))
      : send(reply, pages.requestForm({})),
  )
  app.post('/reset/request', asking, async (request, reply) => {
    const { email = '' } = request.body
    await acceptLinkRequest(options, request, { email })
    return reply.redirect(toPage('asked', request), 303)
  })
  app.get('/reset/asked', (_request, reply) => send(reply, pages.message('asked')))

  done()
}

/** The link of the page's own address, unless that is about to be redirected. */
function mailedLink({ url }: FastifyRequest): LinkBody | undefined {
  return url.startsWith('/reset/') ? parseLink(url).link : undefined
}

/**
 * Names whom the opening of a link counts for. Where another site led the reader here, that is the link
 * alone: a page that has one in its hands, or makes some up, can spend nothing else of its visitor's.
 */
function nameOpener({ keyRing }: AppDeps, request: FastifyRequest): string {
  const client = nameClient(request)
  if (!isLedHere(request)) return client
  const fields = ['rekey-limit-v1', 'link', JSON.stringify(mailedLink(request))]
  return `${client} ${macFields(keyRing[0].log, fields).toString('base64url')}`
}

/** Where a page is, seen from the one that was asked for: a proxy may have all of them below a path. */
function toPage(name: string, { url }: FastifyRequest): string {
  const [path = ''] = url.split('?')
  return path.endsWith('/') ? `../${name}` : name
}

/** What a form has to carry on. */
function linkValues(body: LinkBody): Record<string, string> {
  const { token, user_id = '', timestamp = '', signature = '' } = body
  if (token !== undefined) return { token }
  return { user_id, timestamp: String(timestamp), signature }
}
