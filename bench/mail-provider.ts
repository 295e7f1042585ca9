// A mail provider that takes every mail at once and counts it: of Resend's API the one route, and of
// HTTP as little as it takes, because on a small machine it works on the same cores.

import { fork } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
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

const REPLY_BODY = '{"id":"49a3999c-0ce1-4ea6-ab68-afcd6dc2e794"}'
const REPLY = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${REPLY_BODY.length}\r\n\r\n${REPLY_BODY}`

async function serve(): Promise<void> {
  let recipients = new Map<string, number>()
  const server = createServer({ noDelay: true }, (socket) => {
    let received = ''
    socket.on('error', () => socket.destroy())
    socket.on('data', (chunk) => {
      received += chunk.toString('latin1')
      const bodyStart = received.indexOf('\r\n\r\n') + 4
      const length = /\r\ncontent-length: *(\d+)/i.exec(received)?.[1]
      if (bodyStart < 4 || received.length < bodyStart + Number(length)) return
      const to = /"to":"([^"]+)"/.exec(received)?.[1] ?? 'nobody'
      recipients.set(to, (recipients.get(to) ?? 0) + 1)
      received = ''
      socket.write(REPLY)
    })
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
