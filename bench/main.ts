// `npm run bench`: measures Rekey beside its floors, and says whether the targets are met.
//
//   npm run bench                            everything, about seven minutes
//   npm run bench -- --quick                 everything, shorter and so less certain
//   npm run bench -- forged-links memory     some of it
//   npm run bench -- --json                  every figure of every pair, for machines
//
// Exit status: 0 when every target is met, 1 when one is missed, 2 when a run was void: then some
// reply was not what the benchmark is about, and no figure would mean anything.

import { parseArgs } from 'node:util'
import { compareConfirmations } from './benchmarks/confirmations.ts'
import { compareFirstReset } from './benchmarks/first-reset.ts'
import { compareForgedLinks } from './benchmarks/forged-links.ts'
import { compareLinkRequests } from './benchmarks/link-requests.ts'
import { compareMemory } from './benchmarks/memory.ts'
import { compareRendering } from './benchmarks/rendering.ts'
import { compareTableSizes } from './benchmarks/table-size.ts'
import { compareWaitingMails } from './benchmarks/waiting-mails.ts'
import { VoidRun } from './load.ts'
import { describeMachine } from './machine.ts'
import type { Comparison, JudgedComparison } from './pairs.ts'
import { formatMachine, formatReplies, formatTable } from './report.ts'
import { type Scene, setScene } from './scene.ts'
import { judge } from './statistics.ts'

const EXIT_MISSED = 1
const EXIT_VOID = 2
const EXIT_USAGE = 64

const benchmarks: Readonly<Record<string, (scene: Scene) => Promise<Comparison[]>>> = {
  'forged-links': compareForgedLinks,
  'link-requests': compareLinkRequests,
  confirmations: compareConfirmations,
  'first-reset': compareFirstReset,
  memory: compareMemory,
  rendering: compareRendering,
  'waiting-mails': compareWaitingMails,
  'table-size': compareTableSizes,
}

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean' }, quick: { type: 'boolean' } },
})
const names = positionals.length > 0 ? positionals : Object.keys(benchmarks)
const unknown = names.filter((name) => !Object.hasOwn(benchmarks, name))
if (unknown.length > 0) {
  process.stderr.write(`the benchmarks are ${Object.keys(benchmarks).join(', ')}\n`)
  process.exit(EXIT_USAGE)
}

const scene = await setScene(options.quick === true)
try {
  const machine = describeMachine(scene.database.version)
  const results: JudgedComparison[] = []
  for (const name of names) {
    // Progress is for whoever waits, and not part of the result.
    process.stderr.write(`measuring ${name} ...\n`)
    for (const comparison of (await benchmarks[name]?.(scene)) ?? []) {
      results.push({ ...comparison, judgement: judge(comparison, comparison.target) })
    }
  }
  const replies = Object.fromEntries(scene.load.replies)
  const report = options.json
    ? JSON.stringify({ machine, isQuick: scene.isQuick, replies, results }, null, 2)
    : `\n${formatMachine(machine)}\n\n${formatTable(results)}\n\n${formatReplies(replies)}`
  process.stdout.write(`${report}\n`)
  if (results.some(({ judgement }) => judgement.isMet === false)) process.exitCode = EXIT_MISSED
} catch (error) {
  if (!(error instanceof VoidRun)) throw error
  process.stderr.write(`void: ${error.message}\n`)
  process.exitCode = EXIT_VOID
} finally {
  await scene.stop()
}
