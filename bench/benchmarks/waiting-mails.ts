// Memory while 10,000 accounts wait for their mails and the provider is out of reach, beside the same
// number of requests of which all but a hundred are for addresses that nobody has. Both sides are
// Rekey, and on both everything that mails take is loaded; on the floor hardly anybody waits.
//
// What counts is the memory in use, garbage not counted. A run is void unless the process says, when
// it is stopped, that as many mails were lost.

import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { VoidRun } from '../load.ts'
import { type Comparison, measurePairs } from '../pairs.ts'
import type { Scene } from '../scene.ts'

const WAITING = 10_000
const WAITING_ON_THE_FLOOR = 100
const TARGET_MB = 20
const SETTLING_MS = 3000
const LIMIT_MS = 60_000

export async function compareWaitingMails(scene: Scene): Promise<Comparison[]> {
  const { env, ...options } = scene.rekey()
  let runs = 0
  const measure = async (waiting: number) => {
    runs += 1
    const memoryFile = `${options.logFile}.${runs}.memory`
    const server = await scene.start({
      ...options,
      logFile: `${options.logFile}.${runs}`,
      env: {
        ...env,
        RESEND_BASE_URL: 'http://127.0.0.1:1',
        SHUTDOWN_GRACE_SECONDS: '0',
        NODE_OPTIONS: `--expose-gc --import ${new URL('../live-memory.ts', import.meta.url)}`,
        LIVE_MEMORY_FILE: memoryFile,
      },
    })
    const list = Array.from({ length: WAITING }, (_, index) =>
      JSON.stringify({
        email: `${index < waiting ? 'reader' : 'nobody'}-${index + 1}@bench.example`,
      }),
    )
    await scene.load.run({
      port: server.port,
      path: '/api/v1/accounts/send-reset-password-link',
      connections: 16,
      durationMs: LIMIT_MS,
      bodies: { list },
      expected: { status: 200 },
    })
    // Until all are looked up.
    await delay(SETTLING_MS)
    const inUse = Number(readFileSync(memoryFile, 'utf8')) / 1e6
    // It ends with 1 where mails were lost, which is what this is about.
    await server.stop().catch(() => {})
    const lost = Number(/"lost":(\d+)/.exec(readFileSync(server.logFile, 'utf8'))?.[1] ?? 0)
    if (lost !== waiting) throw new VoidRun(`${lost} mails waited, not ${waiting}`)
    return { inUse }
  }
  const sides = { floor: WAITING_ON_THE_FLOOR, rekey: WAITING }
  const measured = await measurePairs(scene.isQuick ? 3 : 5, sides, measure)
  return [
    {
      name: `memory, ${WAITING.toLocaleString('en')} accounts waiting`,
      quantity: 'in use',
      unit: 'MB',
      target: { kind: 'excess-at-most', value: TARGET_MB },
      ...measured('inUse'),
    },
  ]
}
