// Link requests for addresses that nobody has, until the last one was looked up, beside one indexed
// SELECT each before the reply.
//
// Rekey replies first and looks up in batches later. So for Rekey the clock stops at the moment that
// PostgreSQL's own log gives for the end of the last look-up, and the run is void unless that log
// holds every address once. Only Rekey pays for this log: the floor's replies say the same already.

import { open } from 'node:fs/promises'
import { setTimeout as delay } from 'node:timers/promises'
import { type LoadPlan, VoidRun } from '../load.ts'
import { type Comparison, measurePairs } from '../pairs.ts'
import type { ServerProcess } from '../processes.ts'
import type { Scene } from '../scene.ts'

const CONNECTIONS = 64
const TARGET = 0.9
const DRAIN_TIMEOUT_MS = 20_000

interface Side {
  readonly server: ServerProcess
  readonly isRekey: boolean
}

export async function compareLinkRequests(scene: Scene): Promise<Comparison[]> {
  const { database, load } = scene
  const watched = scene.rekey()
  const sides = {
    floor: { server: await scene.start(scene.floor('link-requests')), isRekey: false },
    rekey: {
      server: await scene.start({
        ...watched,
        env: { ...watched.env, DATABASE_URL: database.watchedUrl },
      }),
      isRekey: true,
    },
  }
  const run = async ({ server, isRekey }: Side, durationMs: number) => {
    const log = await openLookUpLog(database.logFile)
    const cpuBefore = server.cpuMs()
    const plan = planLinkRequests(server.port, durationMs)
    const { replies, startedAt, elapsedMs } = await load.run(plan)
    const endedAt = isRekey ? await log.waitForLookUps(replies) : startedAt + elapsedMs
    const cpuMs = server.cpuMs() - cpuBefore
    await log.close()
    return { rate: (replies / (endedAt - startedAt)) * 1000, cpu: (cpuMs / replies) * 1000 }
  }
  const [pairs, durationMs] = scene.isQuick ? [5, 800] : [9, 1500]
  for (const side of [sides.floor, sides.rekey]) await run(side, durationMs)
  const measured = await measurePairs(pairs, sides, (side) => run(side, durationMs))
  await Promise.all([sides.floor.server.stop(), sides.rekey.server.stop()])

  const name = `link requests, ${CONNECTIONS} connections`
  return [
    {
      name,
      quantity: 'rate',
      unit: '/s',
      target: { kind: 'ratio-at-least', value: TARGET, of: 'rate' },
      ...measured('rate'),
    },
    {
      name,
      quantity: 'CPU',
      unit: 'µs',
      target: { kind: 'ratio-at-least', value: TARGET, of: 'cost' },
      ...measured('cpu'),
    },
  ]
}

let requested = 0

/** Requests for addresses that nobody has; no two are alike. */
export function planLinkRequests(port: number, durationMs: number): LoadPlan {
  // A run never makes as many.
  requested += 10_000_000
  return {
    port,
    path: '/api/v1/accounts/send-reset-password-link',
    connections: CONNECTIONS,
    durationMs,
    bodies: { template: '{"email":"nobody-##########@bench.example"}', first: requested },
    expected: {
      status: 200,
      body: '{"detail":"Reset link sent if the user exists in database"}',
    },
  }
}

/** Reads what PostgreSQL writes down of the look-ups from now on. */
async function openLookUpLog(file: string) {
  const handle = await open(file)
  let position = (await handle.stat()).size
  let unread = ''
  let isExecution = false
  let lookUps = 0
  const addresses = new Set<string>()
  let lastAt = 0

  const readOn = async () => {
    const { size } = await handle.stat()
    const bytes = Buffer.alloc(size - position)
    await handle.read(bytes, 0, bytes.length, position)
    position = size
    const lines = (unread + bytes.toString('latin1')).split('\n')
    unread = lines.pop() ?? ''
    for (const line of lines) {
      // `1763714000.123 LOG:  duration: 0.456 ms  execute ...`, written at its end, and then
      // `1763714000.123 DETAIL:  Parameters: $1 = '["nobody-...@bench.example",...]'`.
      if (line.includes(' LOG: ')) isExecution = / ms {2}execute /.test(line)
      const isDetail = isExecution && line.includes(' DETAIL: ')
      const found = isDetail ? line.match(/nobody-\d+@bench\.example/g) : null
      if (!found) continue
      lookUps += found.length
      for (const address of found) addresses.add(address)
      lastAt = Number.parseFloat(line) * 1000
    }
  }
  return {
    /** @returns when the last of them was answered, in unix milliseconds */
    async waitForLookUps(expected: number): Promise<number> {
      const deadline = performance.now() + DRAIN_TIMEOUT_MS
      for (;;) {
        await readOn()
        if (lookUps >= expected) break
        if (performance.now() > deadline) {
          throw new VoidRun(`PostgreSQL saw ${lookUps} look-ups of ${expected}`)
        }
        await delay(5)
      }
      if (lookUps !== expected || addresses.size !== expected) {
        throw new VoidRun(`PostgreSQL saw ${addresses.size} addresses of ${expected}`)
      }
      return lastAt
    },
    close: () => handle.close(),
  }
}
