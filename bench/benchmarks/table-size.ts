// One request among 1,000,000 accounts beside the same among 1,000: the look-up by address, the read
// by id, and the write. Both sides are Rekey; the floor is the small table.
//
// The look-up is seen through REVEAL_UNKNOWN_USERS, where the reply waits for it. A run is void when
// PostgreSQL has read a whole table for it.

import { sealResets } from '../links.ts'
import { type LoadPlan, VoidRun } from '../load.ts'
import { type Comparison, measurePairs } from '../pairs.ts'
import type { ServerProcess } from '../processes.ts'
import type { Scene } from '../scene.ts'
import { summarize } from '../statistics.ts'
import type { AccountsTable, User } from '../users.ts'

const FEW = 1000
const MANY = 1_000_000
const MOST_RATIO = 1.1
const RESETS_PER_RUN = 60

interface Side {
  readonly server: ServerProcess
  readonly table: AccountsTable
}

type Plan = (scene: Scene, side: Side, durationMs: number) => LoadPlan

export async function compareTableSizes(scene: Scene): Promise<Comparison[]> {
  const side = async (count: number): Promise<Side> => {
    const table = await scene.database.createTable(`users_${count}`, count)
    const { env, ...options } = scene.rekey()
    const settings = { ...env, USERS_TABLE: table.name, REVEAL_UNKNOWN_USERS: 'true' }
    return { table, server: await scene.start({ ...options, env: settings }) }
  }
  const sides = { floor: await side(FEW), rekey: await side(MANY) }
  const readsBefore = await sides.rekey.table.countWholeReads()
  const comparisons: Comparison[] = []
  for (const [name, plan] of Object.entries({
    'look-up': planLookUps,
    read: planChecks,
    write: planResets,
  })) {
    comparisons.push(await compare(scene, sides, name, plan))
  }
  await Promise.all([sides.floor.server.stop(), sides.rekey.server.stop()])
  // Ended sessions have told PostgreSQL all that they have read.
  if ((await sides.rekey.table.countWholeReads()) !== readsBefore) {
    throw new VoidRun(`${sides.rekey.table.name} was read as a whole`)
  }
  return comparisons
}

async function compare(
  scene: Scene,
  sides: Readonly<Record<'floor' | 'rekey', Side>>,
  name: string,
  plan: Plan,
): Promise<Comparison> {
  const [pairs, durationMs] = scene.isQuick ? [5, 500] : [9, 1000]
  const run = async (side: Side) => {
    const { latenciesMs } = await scene.load.run(plan(scene, side, durationMs))
    return { latency: summarize(latenciesMs).median }
  }
  for (const side of Object.values(sides)) await run(side)
  const measured = await measurePairs(pairs, sides, run)
  return {
    name: `${name}, ${MANY.toLocaleString('en')} accounts to ${FEW.toLocaleString('en')}`,
    quantity: 'latency',
    unit: 'ms',
    target: { kind: 'ratio-at-most', value: MOST_RATIO },
    ...measured('latency'),
  }
}

/** How many addresses earlier runs may have asked for: each run asks for others, that nobody has. */
let addressesAsked = 0

const planLookUps: Plan = (_scene, { server }, durationMs) => {
  // More than a run can ask for.
  addressesAsked += 10_000_000
  return {
    port: server.port,
    path: '/api/v1/accounts/send-reset-password-link',
    connections: 1,
    durationMs,
    bodies: { template: '{"email":"nobody-##########@bench.example"}', first: addressesAsked },
    expected: { status: 400 },
  }
}

const planChecks: Plan = (scene, { server, table }, durationMs) => ({
  port: server.port,
  path: '/api/v1/accounts/check-reset-link',
  connections: 1,
  durationMs,
  bodies: { list: repeat(bodiesFor(scene, table.sample), 20) },
  expected: { status: 200 },
})

const planResets: Plan = (scene, { server, table }, durationMs) => ({
  port: server.port,
  path: '/api/v1/accounts/reset-password',
  connections: 1,
  durationMs,
  bodies: { list: bodiesFor(scene, table.take(RESETS_PER_RUN)) },
  expected: { status: 200 },
})

function bodiesFor(scene: Scene, users: readonly User[]): string[] {
  return sealResets(scene.secret, users).map((body) => JSON.stringify(body))
}

function repeat<T>(list: readonly T[], times: number): T[] {
  return Array.from({ length: times }, () => list).flat()
}
