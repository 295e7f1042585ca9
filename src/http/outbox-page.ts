// GET /outbox: shows the mails that the development transport has kept, newest first.

import { isIP } from 'node:net'
import type { FastifyPluginCallback, FastifyRequest } from 'fastify'
import { escapeHtml } from '../core/escape-html.ts'
import { RekeyError } from '../errors.ts'
import type { OutgoingMail } from '../ports.ts'
import { apiHeaders } from './security-headers.ts'

export interface OutboxMails {
  mails(): readonly OutgoingMail[]
}

// A mail brings its styles along, and its link opens in the whole window.
const CONTENT_SECURITY_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

export const outboxPage: FastifyPluginCallback<{ outbox: OutboxMails }> = (app, options, done) => {
  app.get('/outbox', (request, reply) => {
    // A page elsewhere may point its own name at 127.0.0.1; its name is no loopback address.
    if (!isLoopbackName(request))
      throw new RekeyError('not_found', 'the outbox is for this machine')
    const mails = options.outbox.mails()
    if (request.headers.accept?.includes('application/json')) return reply.send({ mails })
    return reply
      .headers({ ...apiHeaders, 'content-security-policy': CONTENT_SECURITY_POLICY })
      .type('text/html; charset=utf-8')
      .send(renderOutbox(mails))
  })
  done()
}

function isLoopbackName({ headers }: FastifyRequest): boolean {
  // As the browser sent it: a forwarding header could say anything.
  const name = (headers.host ?? '').replace(/:\d+$/, '').replace(/^\[|\]$/g, '')
  return name === 'localhost' || (isIP(name) !== 0 && /^(127\.|::1$)/.test(name))
}

function openInWholeWindow(html: string): string {
  return html.replace('<head>', '<head><base target="_top">')
}

function renderFrame(subject: string, html: string): string {
  return `<iframe title="${escapeHtml(subject)}" srcdoc="${escapeHtml(openInWholeWindow(html))}"
        sandbox="allow-top-navigation-by-user-activation"></iframe>`
}

function renderOutbox(mails: readonly OutgoingMail[]): string {
  const sections = mails.map(
    ({ to, subject, html, text }) => `
    <article>
      <h2>${escapeHtml(subject)}</h2>
      <p>To ${escapeHtml(to)}</p>
      ${html === '' ? '' : renderFrame(subject, html)}
      <details${html === '' ? ' open' : ''}><summary>Text part</summary><pre>${escapeHtml(text)}</pre></details>
    </article>`,
  )
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    ${mails.length === 0 ? '<meta http-equiv="refresh" content="2">' : ''}
    <title>Outbox (${mails.length})</title>
    <style>
      body { font: 1rem/1.5 system-ui, sans-serif; max-width: 44rem; margin: 2rem auto; padding: 0 1rem }
      iframe { width: 100%; height: 32rem; border: 1px solid #8888 }
      pre { white-space: pre-wrap; overflow-wrap: anywhere }
    </style>
  </head>
  <body>
    <main>
      <h1>Outbox</h1>
      <p>${mails.length === 0 ? 'No mail yet.' : 'Mails that were kept here instead of being sent, newest first.'}</p>${sections.join('')}
    </main>
  </body>
</html>
`
}
