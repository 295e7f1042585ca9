// A mail provider that takes every mail at once and counts it: Resend's API, as little as it takes.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { nextMessage } from './load.ts'

export interface MailProvider {
  readonly url: string
  /** @returns who got how many mails since the last time this was asked */
  takeRecipients(): Promise<ReadonlyMap<string, number>>
  stop(): Promise<void>
}

/** Starts it as a process of its own, whose CPU time is not the service's. */
export async function startMailProvider(): Promise<MailProvider> {
  const child = fork(import.meta.filename, { serialization: 'advanced' })
  const { port } = await nextMessage<{ port: number }>(child)
  return {
    url: `http://127.0.0.1:${port}`,
    takeRecipients() {
      child.send('take recipients')
      return nextMessage(child)
    },
    async stop() {
      const exited = once(child, 'exit')
      child.disconnect()
      await exited
    },
  }
}

async function serve(): Promise<void> {
  let recipients = new Map<string, number>()
  const server = createServer(async (request, response) => {
    const { to } = JSON.parse(await text(request)) as { to: string }
    recipients.set(to, (recipients.get(to) ?? 0) + 1)
    response.setHeader('content-type', 'application/json')
    response.end('{"id":"49a3999c-0ce1-4ea6-ab68-afcd6dc2e794"}')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  process.send?.({ port: (server.address() as AddressInfo).port })
  process.on('message', () => {
    process.send?.(recipients)
    recipients = new Map()
  })
  process.once('disconnect', () => process.exit())
}

if (import.meta.main) await serve()
