// Forged links at 1, 16 and 64 connections: what refusing one costs beside a route that only refuses.

import { randomBytes, randomUUID } from 'node:crypto'
import type { LoadPlan } from '../load.ts'
import { type Comparison, measurePairs } from '../pairs.ts'
import type { ServerProcess } from '../processes.ts'
import type { Scene } from '../scene.ts'

const CONNECTIONS = [1, 16, 64]
const TARGET = 0.85

export async function compareForgedLinks(scene: Scene): Promise<Comparison[]> {
  const sides = {
    floor: await scene.start(scene.floor('forged-links')),
    rekey: await scene.start(scene.rekey()),
  }
  const run = async (server: ServerProcess, connections: number, durationMs: number) => {
    const before = server.cpuMs()
    const plan = planForgedLinks(server.port, connections, durationMs)
    const { replies, elapsedMs } = await scene.load.run(plan)
    return {
      rate: (replies / elapsedMs) * 1000,
      cpu: ((server.cpuMs() - before) / replies) * 1000,
    }
  }
  const comparisons: Comparison[] = []
  for (const side of [sides.floor, sides.rekey]) await run(side, 16, scene.isQuick ? 1000 : 2000)
  for (const connections of CONNECTIONS) {
    const [pairs, durationMs] = scene.isQuick ? [5, 600] : [9, 1000]
    const measured = await measurePairs(pairs, sides, (server) =>
      run(server, connections, durationMs),
    )
    const name = `forged links, ${connections} connection${connections === 1 ? '' : 's'}`
    comparisons.push(
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
    )
  }
  await Promise.all([sides.floor.stop(), sides.rekey.stop()])
  return comparisons
}

let forged = 0

/** Links of the right form, fresh, with seals that nobody made; no two are alike. */
export function planForgedLinks(
  port: number,
  connections: number,
  durationMs: number,
  path = '/api/v1/accounts/reset-password',
): LoadPlan {
  // A run never makes as many.
  forged += 10_000_000
  return {
    port,
    path,
    connections,
    durationMs,
    bodies: {
      template: JSON.stringify({
        user_id: `${randomUUID().slice(0, 24)}00##########`,
        timestamp: String(Math.floor(Date.now() / 1000)),
        // The counter is base64url as well; the last character has to be one that 32 bytes end in.
        signature: `${randomBytes(24).toString('base64url')}##########A`,
        password: 'a long walk along the harbour',
      }),
      first: forged,
    },
    expected: { status: 400, body: '{"detail":"Invalid signature"}' },
  }
}
