// The process behind load.ts: bare sockets, so that it costs less than any server it loads.

import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { formatRequest, parseReply } from './http-text.ts'
import type { LoadAnswer, LoadOutcome, LoadPlan } from './load.ts'

const COUNTER = '##########'

process.on('message', (plan: LoadPlan) => {
  run(plan).then(
    (outcome) => answer({ outcome }),
    (error: Error) => answer({ void: error.message }),
  )
})

async function run(plan: LoadPlan): Promise<LoadOutcome> {
  const nextRequest = requests(plan)
  const statuses: Record<number, number> = {}
  const latenciesMs: number[] = []
  const sockets = await Promise.all(
    Array.from({ length: plan.connections }, () => openSocket(plan.port)),
  )
  const startedAt = Date.now()
  const start = performance.now()
  let end = start

  const keepBusy = (socket: Socket) =>
    new Promise<void>((resolve, reject) => {
      let received = ''
      let sentAt = 0
      const send = () => {
        sentAt = performance.now()
        const request = sentAt - start < plan.durationMs ? nextRequest() : undefined
        if (request === undefined) resolve()
        else socket.write(request, 'latin1')
      }
      socket.on('error', reject)
      socket.on('close', () => reject(new Error('the server closed a connection')))
      socket.on('data', (chunk: Buffer) => {
        received += chunk.toString('latin1')
        try {
          const reply = parseReply(received)
          if (!reply) return
          received = ''
          end = performance.now()
          latenciesMs.push(end - sentAt)
          statuses[reply.status] = (statuses[reply.status] ?? 0) + 1
          const { status, body } = plan.expected
          if (reply.status !== status || reply.body !== (body ?? reply.body)) {
            throw new Error(`unexpected reply ${reply.status} ${reply.body}`)
          }
          send()
        } catch (error) {
          reject(error)
        }
      })
      send()
    })

  try {
    await Promise.all(sockets.map(keepBusy))
  } finally {
    for (const socket of sockets) socket.removeAllListeners('close').destroy()
  }
  const elapsedMs = end - start
  return { statuses, replies: latenciesMs.length, startedAt, elapsedMs, latenciesMs }
}

function requests({ path, bodies }: LoadPlan): () => string | undefined {
  if ('list' in bodies) {
    const left = bodies.list.values()
    return () => {
      const { value } = left.next()
      return value === undefined ? undefined : formatRequest(path, value)
    }
  }
  const pieces = formatRequest(path, bodies.template).split(COUNTER)
  let number = bodies.first
  return () => {
    const digits = String(number).padStart(COUNTER.length, '0')
    number += 1
    return pieces.join(digits)
  }
}

async function openSocket(port: number): Promise<Socket> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true })
  await once(socket, 'connect')
  return socket
}

function answer(message: LoadAnswer): void {
  process.send?.(message)
}
