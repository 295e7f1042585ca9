// Resident memory, idle and under forged links and link requests, beside the bare service.

import { setTimeout as delay } from 'node:timers/promises'
import type { LoadPlan } from '../load.ts'
import { type Comparison, measurePairs } from '../pairs.ts'
import type { ServerOptions } from '../processes.ts'
import type { Scene } from '../scene.ts'
import { planForgedLinks } from './forged-links.ts'
import { planLinkRequests } from './link-requests.ts'

const TARGET = 1.6
const CONNECTIONS = 16
const SETTLING_MS = 1000
const SAMPLE_MS = 50

interface Side {
  readonly options: () => ServerOptions
  readonly forgedLinkPath: string
}

export async function compareMemory(scene: Scene): Promise<Comparison[]> {
  const sides: Record<'floor' | 'rekey', Side> = {
    floor: {
      options: () => scene.floor('bare-service'),
      forgedLinkPath: '/api/v1/accounts/forged-link',
    },
    rekey: { options: scene.rekey, forgedLinkPath: '/api/v1/accounts/reset-password' },
  }
  const durationMs = scene.isQuick ? 1000 : 2000
  const measure = async ({ options, forgedLinkPath }: Side) => {
    const server = await scene.start(options())
    const highest = async (plan: LoadPlan) => {
      let most = 0
      const run = scene.load.run(plan)
      const sampler = setInterval(() => {
        most = Math.max(most, server.residentBytes())
      }, SAMPLE_MS)
      await run.finally(() => clearInterval(sampler))
      return most / 1e6
    }
    await delay(SETTLING_MS)
    const idle = server.residentBytes() / 1e6
    const forged = planForgedLinks(server.port, CONNECTIONS, durationMs, forgedLinkPath)
    const underForgedLinks = await highest(forged)
    const underLinkRequests = await highest(planLinkRequests(server.port, durationMs))
    await server.stop()
    return { idle, underForgedLinks, underLinkRequests }
  }
  const measured = await measurePairs(scene.isQuick ? 2 : 5, sides, measure)
  const compare = (name: string, quantity: Parameters<typeof measured>[0]): Comparison => ({
    name: `memory, ${name}`,
    quantity: 'RSS',
    unit: 'MB',
    target: { kind: 'ratio-at-most', value: TARGET },
    ...measured(quantity),
  })
  return [
    compare('idle', 'idle'),
    compare('under forged links', 'underForgedLinks'),
    compare('under link requests', 'underLinkRequests'),
  ]
}
