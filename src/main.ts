#!/usr/bin/env node
// The process: the only file that touches process.*. It hands argv and environment to a command.

import { availableParallelism, constants } from 'node:os'
import type { Terminal } from './cli/terminal.ts'
import { explainOldNode } from './node-version.js'

// Before anything else is loaded: an old Node may not even read it.
const fault = explainOldNode(process.versions.node)
if (fault) {
  process.stderr.write(`${fault}\n`)
  process.exit(78)
}

// Before anything uses the pool, which then keeps its size. Hashes take a thread for each core; two
// more stay free, because name look-ups use the same pool.
const threads = Math.max(Number(process.env['UV_THREADPOOL_SIZE']) || 4, availableParallelism() + 2)
process.env['UV_THREADPOOL_SIZE'] = String(threads)

// What is no variable of Rekey does not exist, not even for libraries that look for it.
const env = { ...process.env }
for (const name of Object.keys(env)) if (/^(?:PG|RESEND_)/.test(name)) delete process.env[name]

// As PID 1 we get only the signals that we handle. A signal ends the process at once; while a command
// waits for `stopSignal`, the command gets the first one instead, and the next ends the process.
const endAtOnce = (signal: NodeJS.Signals) => process.exit(128 + constants.signals[signal])
let onSignal: (signal: NodeJS.Signals) => void = endAtOnce
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => onSignal(signal))

const terminal: Terminal = {
  env,
  out: (text) => process.stdout.write(`${text}\n`),
  err: (text) => process.stderr.write(`${text}\n`),
  async readPassword(prompt) {
    const { readPassword } = await import('./cli/read-password.ts')
    return readPassword(process.stdin, process.stderr, prompt, () => onSignal('SIGINT'))
  },
  stopSignal: () =>
    new Promise((resolve) => {
      onSignal = (signal) => {
        onSignal = endAtOnce
        resolve(signal)
      }
    }),
}
const { runCommand } = await import('./cli/run-command.ts')
process.exitCode = await runCommand(process.argv.slice(2), terminal)
// Whatever may still wait, such as a mail that was reported lost, is not waited for.
process.exit()
