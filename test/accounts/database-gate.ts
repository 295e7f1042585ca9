// A door before the database, for tests of what happens while it cannot be reached.

import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { Transform } from 'node:stream'
import { freePort } from '../support/free-port.ts'

export interface DatabaseGate {
  /** The connection string through the gate. */
  readonly url: string
  /** Cuts every connection, and refuses new ones. */
  shut(): Promise<void>
  open(): Promise<void>
  /** Shuts before the first answer from now on that holds a text: the client never hears it. @returns settles then */
  shutAtAnswer(text: string): Promise<void>
  /** From the first question on that holds a text, lets nothing of that connection pass. @returns settles then */
  holdAtQuestion(text: string): Promise<void>
}

/** What is waited for in one direction. */
interface Trap {
  readonly text: string
  readonly spring: () => void
}

/** Makes an open gate to a database. */
export async function createGate(databaseUrl: string): Promise<DatabaseGate> {
  const target = new URL(databaseUrl)
  const sockets = new Set<Socket>()
  const traps: { question: Trap | undefined; answer: Trap | undefined } = {
    question: undefined,
    answer: undefined,
  }
  /** Passes on what comes, until a trap has sprung. */
  const passage = (direction: keyof typeof traps) => {
    let isHeld = false
    return new Transform({
      transform(chunk: Buffer, _, done) {
        const trap = traps[direction]
        if (trap && chunk.includes(trap.text)) {
          traps[direction] = undefined
          isHeld = true
          trap.spring()
        }
        done(null, isHeld ? undefined : chunk)
      },
    })
  }
  const setTrap = (direction: keyof typeof traps, text: string) =>
    new Promise<void>((resolve) => {
      traps[direction] = { text, spring: resolve }
    })
  const server = createServer((incoming) => {
    const outgoing = connect(Number(target.port), target.hostname)
    incoming.pipe(passage('question')).pipe(outgoing).pipe(passage('answer')).pipe(incoming)
    for (const socket of [incoming, outgoing]) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.once('close', () => {
        sockets.delete(socket)
        incoming.destroy()
        outgoing.destroy()
      })
    }
  })
  const listen = async (port: number) => {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
  }
  // It has to be free again when the gate opens for the second time.
  const port = await freePort()
  await listen(port)
  const url = new URL(databaseUrl)
  url.port = String(port)
  const shut = async () => {
    if (!server.listening) return
    server.close()
    for (const socket of sockets) socket.destroy()
    await once(server, 'close')
  }
  return {
    url: url.href,
    shut,
    shutAtAnswer: (text) => setTrap('answer', text).then(shut),
    holdAtQuestion: (text) => setTrap('question', text),
    async open() {
      await listen(port)
    },
  }
}
