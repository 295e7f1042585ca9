// A relay before the database, for tests of what happens while connections break, fall silent or are
// refused.

import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { Transform } from 'node:stream'
import { freePort } from '../support/free-port.ts'

export interface DatabaseGate {
  /** The connection string through the gate. */
  readonly url: string
  readonly port: number
  /** How many connections were made so far. */
  accepted(): number
  /** How many connections are open. */
  size(): number
  /** Cuts every connection, and refuses new ones. */
  shut(): Promise<void>
  open(): Promise<void>
  /** Shuts before the first answer from now on that holds a text: the client never hears it. @returns settles then */
  shutAtAnswer(text: string): Promise<void>
  /** From the first question on that holds a text, lets nothing of that connection pass. @returns settles then */
  holdAtQuestion(text: string): Promise<void>
  /** Cuts every connection. New ones are let through. */
  cut(): void
  /**
   * Makes connections dead: both sides go on believing in them, and nothing passes any more.
   *
   * @param count how many of those that are open, the oldest first; else all
   */
  silence(count?: number): void
  /** Says what becomes of new connections: nothing passes, the gate hangs up at once, or all passes. */
  treatNew(how: 'silently' | 'by hanging up' | 'well'): void
  /** Has every answer take so long on its way, as from a server that is slow. */
  delayAnswers(ms: number): void
  /** Sends new connections to another database. */
  leadTo(databaseUrl: string): void
}

/** What is waited for in one direction. */
interface Trap {
  readonly text: string
  readonly spring: () => void
}

interface Relay {
  readonly incoming: Socket
  readonly outgoing: Socket
  isSilent: boolean
}

/** Makes an open gate to a database. */
export async function createGate(databaseUrl: string): Promise<DatabaseGate> {
  let target = new URL(databaseUrl)
  let treatment: Parameters<DatabaseGate['treatNew']>[0] = 'well'
  let accepted = 0
  let delayMs = 0
  const relays = new Set<Relay>()
  const silence = (relay: Relay) => {
    relay.isSilent = true
    for (const socket of [relay.incoming, relay.outgoing]) socket.unpipe().pause()
  }
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
        const pass = () => done(null, isHeld ? undefined : chunk)
        if (direction === 'answer' && delayMs > 0) setTimeout(pass, delayMs)
        else pass()
      },
    })
  }
  const setTrap = (direction: keyof typeof traps, text: string) =>
    new Promise<void>((resolve) => {
      traps[direction] = { text, spring: resolve }
    })
  const server = createServer((incoming) => {
    accepted += 1
    if (treatment === 'by hanging up') {
      incoming
        .on('error', () => {})
        .resume()
        .end()
      return
    }
    const outgoing = connect(Number(target.port), target.hostname)
    const relay: Relay = { incoming, outgoing, isSilent: false }
    relays.add(relay)
    if (treatment === 'silently') silence(relay)
    else incoming.pipe(passage('question')).pipe(outgoing).pipe(passage('answer')).pipe(incoming)
    for (const socket of [incoming, outgoing]) {
      socket.on('error', () => {})
      socket.once('close', () => {
        relays.delete(relay)
        incoming.destroy()
        outgoing.destroy()
      })
    }
  })
  const listen = async (port: number) => {
    server.listen(port, '127.0.0.1')
    await once(server, 'listening')
  }
  const cut = () => {
    for (const { incoming, outgoing } of relays) {
      incoming.destroy()
      outgoing.destroy()
    }
  }
  // It has to be free again when the gate opens for the second time.
  const port = await freePort()
  await listen(port)
  const url = new URL(databaseUrl)
  url.port = String(port)
  const shut = async () => {
    if (!server.listening) return
    server.close()
    cut()
    await once(server, 'close')
  }
  return {
    url: url.href,
    port,
    accepted: () => accepted,
    size: () => [...relays].filter(({ isSilent }) => !isSilent).length,
    shut,
    shutAtAnswer: (text) => setTrap('answer', text).then(shut),
    holdAtQuestion: (text) => setTrap('question', text),
    async open() {
      await listen(port)
    },
    cut,
    silence(count = relays.size) {
      const living = [...relays].filter(({ isSilent }) => !isSilent)
      for (const relay of living.slice(0, count)) silence(relay)
    },
    treatNew(how) {
      treatment = how
    },
    delayAnswers(ms) {
      delayMs = ms
    },
    leadTo(other) {
      target = new URL(other)
    },
  }
}
