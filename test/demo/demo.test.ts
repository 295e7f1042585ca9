// The demo as a stranger starts it: what it prints, what it serves, what is left when it ends.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readdir, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { freePort } from '../support/free-port.ts'

let temporary: string

beforeEach(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'rekey-demo-test-'))
  // As root, the database runs as somebody else, who must get through.
  await chmod(temporary, 0o777)
})

afterEach(async () => {
  await rm(temporary, { recursive: true, force: true })
})

interface Run {
  readonly child: ChildProcess
  /** Settles when the output holds the text. */
  printed(text: string): Promise<void>
  output(): string
  /** What Ctrl-C in a terminal does: a signal to the whole group. */
  interrupt(): void
  exited(): Promise<number | null>
}

function start(command: string[], env: Record<string, string>): Run {
  const [file = '', ...args] = command
  const child = spawn(file, args, {
    env: { ...process.env, TMPDIR: temporary, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const exit = once(child, 'exit')
  let output = ''
  const waiting = new Map<string, () => void>()
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += chunk
      for (const [text, resolve] of waiting) if (output.includes(text)) resolve()
    })
  }
  return {
    child,
    printed: (text) =>
      Promise.race([
        new Promise<void>((resolve) =>
          output.includes(text) ? resolve() : waiting.set(text, resolve),
        ),
        exit.then(() => {
          if (!output.includes(text))
            throw new Error(`it ended without printing ${text}:\n${output}`)
        }),
      ]),
    output: () => output,
    interrupt: () => process.kill(-(child.pid ?? 0), 'SIGINT'),
    exited: async () => (await exit)[0],
  }
}

const demo = [process.execPath, '--disable-warning=ExperimentalWarning', 'demo/main.ts']

async function ports(): Promise<{ PORT: string; APP_PORT: string }> {
  return { PORT: String(await freePort()), APP_PORT: String(await freePort()) }
}

test('npm run demo prints addresses that answer, and Ctrl-C leaves nothing behind', async () => {
  const env = await ports()
  const run = start(['npm', 'run', 'demo'], env)
  await run.printed('Ctrl-C stops everything')
  for (const [url] of run.output().matchAll(/http:\/\/localhost:\S+/g)) {
    expect((await fetch(url)).status, url).toBe(200)
  }
  run.interrupt()
  await run.printed('Nothing is left behind')
  await run.exited()
  // npm keeps a cache of its own there.
  expect((await readdir(temporary)).filter((name) => name !== 'node-compile-cache')).toEqual([])
})

test('a second Ctrl-C is answered and changes nothing', async () => {
  const run = start(demo, await ports())
  await run.printed('Ctrl-C stops everything')
  run.interrupt()
  run.interrupt()
  expect(await run.exited(), run.output()).toBe(0)
  expect(run.output()).toContain('Nothing is left behind')
  expect(await readdir(temporary)).toEqual([])
})

test('Ctrl-C during the start stops what has started', async () => {
  const run = start(demo, await ports())
  await run.printed('Starting PostgreSQL')
  run.interrupt()
  expect(await run.exited(), run.output()).toBe(0)
  expect(run.output()).not.toContain('Ctrl-C stops everything')
  expect(await readdir(temporary)).toEqual([])
})

test('Ctrl-C during a start that then fails is a stop, not a failure', async () => {
  const env = await ports()
  const taken = createServer().listen(Number(env.PORT), '127.0.0.1')
  await once(taken, 'listening')
  const run = start(demo, env)
  await run.printed('Starting PostgreSQL')
  run.interrupt()
  expect(await run.exited(), run.output()).toBe(0)
  taken.close()
  expect(await readdir(temporary)).toEqual([])
})

test.each(['PORT', 'APP_PORT'])('a %s that is taken is named, with what to do', async (name) => {
  const env = await ports()
  const taken = createServer().listen(Number(env[name as 'PORT']), '127.0.0.1')
  await once(taken, 'listening')
  const run = start(demo, env)
  expect(await run.exited()).toBe(1)
  taken.close()
  expect(run.output()).toMatch(
    new RegExp(`port ${env[name as 'PORT']} is taken. Free it, or choose another: ${name}=\\d+`),
  )
  expect(await readdir(temporary)).toEqual([])
})

test('a temporary directory that cannot be written is named, with what to do', async () => {
  const run = start(demo, { ...(await ports()), TMPDIR: join(temporary, 'missing') })
  expect(await run.exited()).toBe(1)
  expect(run.output()).toContain('TMPDIR')
})
