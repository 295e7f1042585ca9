// `npm run demo`: a database, an application, Rekey and an outbox on this machine, until Ctrl-C.

import { availableParallelism } from 'node:os'
import { generateSecret } from '../src/core/key-ring.ts'

// As src/main.ts does, before anything uses the pool.
process.env['UV_THREADPOOL_SIZE'] = String(Math.max(4, availableParallelism() + 2))

const { startDemo } = await import('./start-demo.ts')

const port = readPort('PORT', 3000)
const appPort = readPort('APP_PORT', port + 1)
const stopSignal = new Promise<void>((resolve) => {
  let isStopping = false
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (isStopping) say('Already stopping: the database is being removed, a moment please.')
      isStopping = true
      resolve()
    })
  }
})

say('Starting PostgreSQL, Rekey and a small application ...')
try {
  const demo = await startDemo({ port, appPort, linkSecret: generateSecret() }, stopSignal)
  if (demo) {
    say(demo.introduction)
    await stopSignal
    say('\nStopping ...')
    await demo.stop()
  }
  say('Stopped. Nothing is left behind.')
} catch (error) {
  process.stderr.write(`The demo cannot start: ${error instanceof Error ? error.message : error}\n`)
  process.exitCode = 1
}
process.exit()

function say(text: string): void {
  process.stdout.write(`${text}\n`)
}

function readPort(name: string, byDefault: number): number {
  const value = Number(process.env[name] ?? byDefault)
  if (Number.isInteger(value) && value > 0 && value < 65_536) return value
  process.stderr.write(`${name} must be a port, such as ${byDefault}\n`)
  process.exit(1)
}
