// Valid confirmations, each of its own account, with the notice that goes out after each: under load
// beside argon2id alone, and one at a time beside one hash and one durable UPDATE.

import { execFile } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { verify } from '@node-rs/argon2'
import type { LoopOutcome } from '../floors/measure-loop.ts'
import { type ResetBody, sealResets } from '../links.ts'
import { VoidRun } from '../load.ts'
import { type Comparison, measurePairs } from '../pairs.ts'
import type { ServerOptions, ServerProcess } from '../processes.ts'
import type { Scene } from '../scene.ts'
import { summarize } from '../statistics.ts'
import type { User } from '../users.ts'

const CONNECTIONS_PER_CORE = 4
const TARGET = 0.9
const MOST_EXCESS_MS = 1
const NOTICE_TIMEOUT_MS = 20_000
const VERIFIED_HASHES = 8
// A run ends with the last of them, on machines that get so far.
const USERS_PER_RUN = 900
const USERS_PER_RUN_ALONE = 250

export async function compareConfirmations(scene: Scene): Promise<Comparison[]> {
  const cores = availableParallelism()
  // Notices of the benchmarks before this one are not due here.
  await scene.mailProvider.takeRecipients()
  const rekey = await scene.start(scene.rekey())
  const underLoad = await compareUnderLoad(scene, rekey, cores * CONNECTIONS_PER_CORE)
  const oneAtATime = await compareOneAtATime(scene, rekey)
  await rekey.stop()
  return [...underLoad, ...oneAtATime]
}

async function compareUnderLoad(
  scene: Scene,
  rekey: ServerProcess,
  connections: number,
): Promise<Comparison[]> {
  const [pairs, durationMs] = scene.isQuick ? [3, 1500] : [7, 2000]
  const floor = scene.floor('hashes')
  const sides = {
    floor: async () => {
      const outcome = await runLoop(floor, [String(connections), String(durationMs)])
      return {
        rate: (outcome.rounds / outcome.elapsedMs) * 1000,
        cpu: outcome.cpuMs / outcome.rounds,
      }
    },
    rekey: async () => {
      const outcome = await confirm(scene, rekey, connections, durationMs, USERS_PER_RUN)
      return {
        rate: (outcome.replies / outcome.elapsedMs) * 1000,
        cpu: outcome.cpuMs / outcome.replies,
      }
    },
  }
  // The mail side is a lot of code, which takes some hundreds of notices to be compiled.
  await confirm(scene, rekey, connections, scene.isQuick ? 3000 : 8000, USERS_PER_RUN)
  const measured = await measurePairs(pairs, sides, (measure) => measure())
  const name = `confirmations, ${connections} connections`
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
      unit: 'ms',
      target: { kind: 'ratio-at-least', value: TARGET, of: 'cost' },
      ...measured('cpu'),
    },
  ]
}

async function compareOneAtATime(scene: Scene, rekey: ServerProcess): Promise<Comparison[]> {
  const [pairs, durationMs] = scene.isQuick ? [3, 1000] : [7, 1500]
  const floor = scene.floor('hash-and-update')
  const sides = {
    floor: async () => {
      const { latenciesMs, cpuMs, rounds } = await runLoop(floor, [String(durationMs)])
      return { latency: summarize(latenciesMs).median, cpu: cpuMs / rounds }
    },
    rekey: async () => {
      const { latenciesMs, cpuMs, replies } = await confirm(
        scene,
        rekey,
        1,
        durationMs,
        USERS_PER_RUN_ALONE,
      )
      return { latency: summarize(latenciesMs).median, cpu: cpuMs / replies }
    },
  }
  const measured = await measurePairs(pairs, sides, (measure) => measure())
  const name = 'confirmations, 1 connection'
  const target = { kind: 'excess-at-most', value: MOST_EXCESS_MS } as const
  return [
    { name, quantity: 'latency', unit: 'ms', target, ...measured('latency') },
    { name, quantity: 'CPU', unit: 'ms', target, ...measured('cpu') },
  ]
}

async function runLoop(floor: ServerOptions, args: readonly string[]): Promise<LoopOutcome> {
  const { stdout } = await promisify(execFile)(process.execPath, [floor.file, ...args], {
    env: {
      PATH: process.env['PATH'],
      ...floor.env,
      // As Rekey makes its own.
      UV_THREADPOOL_SIZE: String(Math.max(4, availableParallelism() + 2)),
    },
    maxBuffer: 16 * 1024 * 1024,
  })
  return JSON.parse(stdout)
}

/** Confirms for a while, and proves that it was done: every notice, and a sample of the hashes. */
async function confirm(
  scene: Scene,
  rekey: ServerProcess,
  connections: number,
  durationMs: number,
  mostUsers: number,
) {
  const users = scene.database.takeUsers(mostUsers)
  const resets = sealResets(scene.secret, users)
  const cpuBefore = rekey.cpuMs()
  const outcome = await scene.load.run({
    port: rekey.port,
    path: '/api/v1/accounts/reset-password',
    connections,
    durationMs,
    bodies: { list: resets.map((reset) => JSON.stringify(reset)) },
    expected: { status: 200 },
  })
  await waitForNotices(scene, users.slice(0, outcome.replies))
  // What the notices cost is part of it.
  const cpuMs = rekey.cpuMs() - cpuBefore
  await verifySample(scene, resets.slice(0, outcome.replies))
  return { ...outcome, cpuMs }
}

async function waitForNotices({ mailProvider }: Scene, users: readonly User[]): Promise<void> {
  const missing = new Set(users.map(({ email }) => email))
  const deadline = performance.now() + NOTICE_TIMEOUT_MS
  while (missing.size > 0) {
    for (const [email, count] of await mailProvider.takeRecipients()) {
      if (count !== 1 || !missing.delete(email)) throw new VoidRun('a notice that is not due')
    }
    if (performance.now() > deadline) throw new VoidRun(`${missing.size} notices are missing`)
    await delay(5)
  }
}

async function verifySample({ database }: Scene, resets: readonly ResetBody[]): Promise<void> {
  const step = Math.ceil(resets.length / VERIFIED_HASHES)
  const sample = resets.filter((_, index) => index % step === 0)
  const hashes = await database.readHashes(sample.map((reset) => reset.user_id))
  for (const { user_id, password } of sample) {
    if (!(await verify(hashes.get(user_id) ?? '', password))) {
      throw new VoidRun('a reset was answered with success and is not stored')
    }
  }
}
