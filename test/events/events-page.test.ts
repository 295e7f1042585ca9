// docs/events.md is held to the code: its examples are what goes out, and its receivers work.

import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { compileFunction } from 'node:vm'
import { build } from 'esbuild'
import { Webhook } from 'standardwebhooks'
import { expect, test } from 'vitest'
import { describeEvent, writePayload } from '../../src/events/webhook.ts'
import type { RekeyEvent } from '../../src/ports.ts'
import { makeWebhookSecret } from '../support/webhook-receiver.ts'

type Verify = (secret: string, headers: Record<string, string>, body: string) => unknown

const page = readFileSync(new URL('../../docs/events.md', import.meta.url), 'utf8')
const snippets = (language: string) =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)\\n\`\`\``, 'gms'))].map(
    ([, snippet = '']) => snippet,
  )

/** One of every kind there is: a further type does not compile without its own. */
const samples: { readonly [Type in RekeyEvent['type']]: Extract<RekeyEvent, { type: Type }> } = {
  'password_reset.requested': { type: 'password_reset.requested', accountId: '42' },
  'password_reset.mailed': { type: 'password_reset.mailed', accountId: '42', kind: 'reset-link' },
  'password_reset.mail_failed': {
    type: 'password_reset.mail_failed',
    accountId: '42',
    kind: 'reset-link',
    reason: '422 validation_error',
  },
  'password_reset.completed': { type: 'password_reset.completed', accountId: '42' },
  'password_reset.refused': {
    type: 'password_reset.refused',
    accountId: '42',
    reason: 'link_superseded',
  },
  'password.changed': { type: 'password.changed', accountId: '42' },
  'password_reset.link_printed': { type: 'password_reset.link_printed', accountId: '42' },
  'password_reset.ignored': { type: 'password_reset.ignored', reason: 'no_account' },
  'password_reset.mail_unconfirmed': {
    type: 'password_reset.mail_unconfirmed',
    accountId: '42',
    kind: 'reset-link',
    reason: 'no answer ECONNRESET',
  },
}
const occurredAt = Date.parse('2026-11-21T09:34:00.250Z')

test('its examples are what goes out, and all of it', () => {
  const payloads = Object.values(samples).flatMap((event) => {
    const described = describeEvent(event)
    return described ? [writePayload({ id: 'x', occurredAt, ...described })] : []
  })
  expect(snippets('json')).toEqual(payloads)
})

test('its table has every event', () => {
  const named = [...page.matchAll(/^\| `([a-z_.]+)` \|/gm)].map(([, type]) => type)
  expect(named).toEqual(snippets('json').map((snippet) => JSON.parse(snippet).type))
})

test('its receivers take what is signed, and nothing else', async () => {
  const { outputFiles } = await build({
    stdin: {
      contents: snippets('ts').join('\n'),
      loader: 'ts',
      resolveDir: fileURLToPath(new URL('.', import.meta.url)),
    },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    write: false,
  })
  const compiled: { exports: Readonly<Record<string, Verify>> } = { exports: {} }
  const run = compileFunction(outputFiles[0]?.text ?? '', ['module', 'require'])
  run(compiled, createRequire(import.meta.url))
  const receivers = compiled.exports
  expect(Object.keys(receivers)).toEqual(['verifyByHand', 'verifyWithLibrary'])
  const [secret, other] = [makeWebhookSecret(), makeWebhookSecret()]
  const body = snippets('json')[0] ?? ''
  const sign = (by: string, at: number) => ({
    'webhook-id': 'id',
    'webhook-timestamp': String(Math.floor(at / 1000)),
    'webhook-signature': [by, other]
      .map((each) => new Webhook(each).sign('id', new Date(at), body))
      .join(' '),
  })
  const now = Date.now()
  for (const verify of Object.values(receivers)) {
    expect(verify(secret, sign(secret, now), body)).toEqual(JSON.parse(body))
    expect(() => verify(secret, sign(secret, now), `${body} `)).toThrow()
    expect(() => verify(secret, sign(makeWebhookSecret(), now), body)).toThrow()
    expect(() => verify(secret, sign(secret, now - 400_000), body)).toThrow()
    expect(() => verify(secret, {}, body)).toThrow()
  }
})
