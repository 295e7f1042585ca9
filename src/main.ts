#!/usr/bin/env node
// The process: the only file that touches process.*. It hands argv and environment to a command.

import { availableParallelism, constants } from 'node:os'
import { EXIT_USAGE, type ExitStatus, type Terminal } from './cli/terminal.ts'

// Before anything uses the pool, which then keeps its size. Hashes take a thread for each core; two
// more stay free, because name look-ups use the same pool.
const threads = Math.max(Number(process.env['UV_THREADPOOL_SIZE']) || 4, availableParallelism() + 2)
process.env['UV_THREADPOOL_SIZE'] = String(threads)

// What is no variable of ours does not exist, also for the libraries that would look for it.
const env = { ...process.env }
for (const name of Object.keys(env)) if (/^(?:PG|RESEND_)/.test(name)) delete process.env[name]

type Command = (terminal: Terminal) => ExitStatus | Promise<ExitStatus>

// Imported when asked for: a short command does not load the whole service.
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  serve: async () => (await import('./cli/serve.ts')).serve,
  migrate: async () => (await import('./cli/migrate.ts')).migrate,
  doctor: async () => (await import('./cli/doctor.ts')).doctor,
  grants: async () => (await import('./cli/grants.ts')).grants,
  keygen: async () => (await import('./cli/keygen.ts')).keygen,
  link: async () => (await import('./cli/link.ts')).link,
  explain: async () => (await import('./cli/explain.ts')).explain,
  preview: async () => (await import('./cli/preview.ts')).preview,
}

// As PID 1 we get only the signals that we handle. A signal ends the process at once; while a command
// waits for `stopSignal`, the first one is told to it instead, and the next ends the process.
const endAtOnce = (signal: NodeJS.Signals) => process.exit(128 + constants.signals[signal])
let onSignal: (signal: NodeJS.Signals) => void = endAtOnce
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => onSignal(signal))

const [name = 'serve', ...args] = process.argv.slice(2)
const load = Object.hasOwn(commands, name) ? commands[name] : undefined
const terminal: Terminal = {
  args,
  env,
  out: (text) => process.stdout.write(`${text}\n`),
  err: (text) => process.stderr.write(`${text}\n`),
  stopSignal: () =>
    new Promise((resolve) => {
      onSignal = (signal) => {
        onSignal = endAtOnce
        resolve(signal)
      }
    }),
}
if (load) {
  const command = await load()
  process.exitCode = await command(terminal)
} else {
  terminal.err(`rekey has no command ${name}; use one of ${Object.keys(commands).join(', ')}`)
  process.exitCode = EXIT_USAGE
}
// Whatever may still wait, such as a mail that was reported lost, is not waited for.
process.exit()
