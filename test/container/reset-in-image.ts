// Takes the production image through one whole reset, beside a real PostgreSQL and a stand-in of Resend.
//
//   npm run test:image                builds the image with docker, podman or buildah, and runs it there
//   npm run test:image -- COMMAND...  runs an image that is there. COMMAND starts a container and ends
//                                     where the program to run in it would follow, such as
//                                     docker run --rm --network=host --read-only --cap-drop=ALL rekey
//
// It is no part of `npm test`, because a machine with nothing but Node has no container engine. All
// that the container talks to listens on loopback, so it must share the network of this machine, for
// which Docker Desktop has a setting.

import { strict as assert } from 'node:assert'
import { type ChildProcessByStdio, execFileSync, spawn, spawnSync } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { hash, verify } from '@node-rs/argon2'
import postgres from 'postgres'
import { startPostgres } from '../../demo/postgres-server.ts'
import { generateSecret } from '../../src/core/key-ring.ts'
import { linkIn, startResend } from '../support/resend-stand-in.ts'

type Environment = Readonly<Record<string, string>>

type Container = ChildProcessByStdio<null, Readable, Readable>

interface Engine {
  readonly name: string
  readonly build: readonly string[]
  readonly run: readonly string[]
}

const TAG = 'rekey-image-test'
/** What hangs for so long is ended, and fails. */
const CONTAINER_MS = 60_000
const HARDENED = ['--network=host', '--read-only', '--cap-drop=ALL', '--no-healthcheck']

const engines: readonly Engine[] = [
  { name: 'docker', build: ['build', `--tag=${TAG}`, '.'], run: ['run', '--rm', ...HARDENED, TAG] },
  {
    name: 'podman',
    // Its own format knows no health checks.
    build: ['build', '--format=docker', `--tag=${TAG}`, '.'],
    run: ['run', '--rm', ...HARDENED, TAG],
  },
  // It has no way to mount the root read-only. What the user may write to is looked at in any case.
  {
    name: 'buildah',
    build: ['bud', '--format=docker', '--isolation=chroot', `--tag=${TAG}`, '.'],
    run: ['run', '--isolation=chroot', '--cap-drop=ALL', TAG, '--'],
  },
]

const root = fileURLToPath(new URL('../../', import.meta.url))
const dockerfile = readFileSync(`${root}Dockerfile`, 'utf8').replaceAll('\\\n', '')
const program = readCommand(/^CMD (\[.*\])$/m)
const healthCheck = readCommand(/^HEALTHCHECK .*CMD (\[.*\])$/m)

const given = process.argv.slice(2)
const container = given.length > 0 ? given : buildImage()
try {
  await checkContents()
  await checkReset()
  say('The image works.')
} finally {
  if (given.length === 0 && container[0] === 'buildah') removeContainer()
}

/** @returns what starts a container, up to the program to run in it */
function buildImage(): string[] {
  const engine = engines.find(({ name }) => spawnSync(name, ['version']).status === 0)
  if (!engine) {
    const names = engines.map(({ name }) => name).join(', ')
    say(`No container engine works here, and one of ${names} has to. Install and start one, or`)
    say('name the command that runs the image elsewhere: npm run test:image -- COMMAND...')
    process.exit(1)
  }
  execFileSync(engine.name, engine.build, { cwd: root, stdio: 'inherit' })
  if (engine.name === 'buildah') {
    removeContainer()
    execFileSync('buildah', ['from', `--name=${TAG}`, TAG])
  }
  return [engine.name, ...engine.run]
}

/** Only buildah's outlives its program. It may be there from a run that was cut off. */
function removeContainer(): void {
  spawnSync('buildah', ['rm', TAG])
}

async function checkContents(): Promise<void> {
  const { stdout } = await run(['node', '-e', `(${lookAround})()`])
  const seen: ReturnType<typeof lookAround> = JSON.parse(stdout)
  say(`     ${seen.files.length} files, ${Math.round(seen.bytes / 1024)} KiB, uid ${seen.uid}`)

  assert.notEqual(seen.uid, 0)
  assert.match(seen.capabilities, /^0+$/)
  assert.deepEqual(seen.writable, [])
  say('ok   it runs as a plain user, who may not write to the program')

  const { dependencies } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'))
  const names = Object.keys(dependencies).join('|')
  const parts = [
    /^(?:LICENSE|package\.json)$/,
    /^dist\/(?:(?:cli|page)\/)?[\w.-]+\.(?:js|json|txt|css)$/,
    /^drizzle\/(?:meta\/)?\w+\.(?:sql|json)$/,
    /^emails\/(?:[\w-]+\.(?:html|text)\.liquid|locales\/[\w-]+\.json)$/,
    new RegExp(`^node_modules/(?:${names})(?:-linux-(?:x64|arm64)-gnu)?/`),
  ]
  assert.deepEqual(
    seen.files.filter((file) => !parts.some((part) => part.test(file))),
    [],
  )
  assert.equal(seen.hasNpm, false)
  say('ok   it holds what the service needs, and nothing else')

  const unset = await run(program)
  assert.match(unset.output, /DATABASE_URL: is required/)
  assert.equal(unset.status, 78)
  say('ok   without a configuration it says what is missing, and ends with 78')
}

/** Runs in the image, as text. */
function lookAround() {
  const fs = process.getBuiltinModule('node:fs')
  const entries = fs.readdirSync('.', { recursive: true, encoding: 'utf8' })
  const files = entries.filter((entry) => fs.lstatSync(entry).isFile())
  const uid = process.getuid?.()
  // Judged by owner and mode, which a root mounted read-only would hide.
  const mayWrite = (path: string) => {
    const stat = fs.statSync(path)
    return stat.uid === uid || (stat.mode & 0o022) !== 0
  }
  const seen = {
    uid,
    capabilities:
      /^CapEff:\s*(\w+)$/m.exec(fs.readFileSync('/proc/self/status', 'utf8'))?.[1] ?? '',
    writable: ['.', ...entries].filter(mayWrite),
    hasNpm: fs.existsSync('/usr/local/lib/node_modules/npm'),
    bytes: files.reduce((sum, file) => sum + fs.statSync(file).size, 0),
    files,
  }
  process.stdout.write(JSON.stringify(seen))
  return seen
}

async function checkReset(): Promise<void> {
  const server = await startPostgres()
  const resend = await startResend()
  const sql = postgres(server.url(), { max: 1, onnotice: () => {} })
  const emailAddress = `${randomUUID()}@example.com`
  const password = `a new ${randomUUID()}`
  const linkSecret = generateSecret()
  let service: Awaited<ReturnType<typeof serve>> | undefined
  try {
    const migrated = await run(['rekey', 'migrate'], { DATABASE_URL: server.url() })
    assert.equal(migrated.status, 0, migrated.output)
    const oldHash = await hash(`an old ${randomUUID()}`)
    await sql`insert into users (email, password_hash) values (${emailAddress}, ${oldHash})`
    say('ok   migrate makes the table')

    service = await serve({
      DATABASE_URL: server.url(),
      LINK_SECRETS: linkSecret,
      RESET_PAGE_URL: 'http://localhost/reset',
      MAIL_FROM: 'Rekey <rekey@example.com>',
      RESEND_API_KEY: resend.apiKey,
      RESEND_BASE_URL: resend.url,
      HOST: '127.0.0.1',
      PORT: '0',
    })
    const { host, port } = service
    assert.equal((await run(healthCheck, { HOST: host, PORT: port })).status, 0)
    assert.equal((await run(healthCheck, { PORT: port })).status, 0)
    assert.equal((await run(healthCheck, { PORT: '1' })).status, 1)
    say('ok   it serves, and its health check tells')

    const post = async (path: string, body: object) => {
      const reply = await fetch(`http://${host}:${port}/api/v1/accounts/${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      })
      return `${reply.status} ${await reply.text()}`
    }
    assert.match(await post('send-reset-password-link', { email: emailAddress }), /^200 /)
    const mail = await resend.waitForMail(1)
    assert.deepEqual(mail.to, [emailAddress])
    const link = Object.fromEntries(new URL(linkIn(mail)).searchParams)
    assert.match(await post('check-reset-link', link), /^200 /)
    assert.match(await post('reset-password', { ...link, password }), /^200 /)
    assert.match(await post('reset-password', { ...link, password }), /^400 /)
    const [account] = await sql<{ password_hash: string }[]>`select password_hash from users`
    assert.ok(account && (await verify(account.password_hash, password)))
    await resend.waitForMail(2)
    say('ok   the link out of the mail sets the password, once')

    const stopping = performance.now()
    const { status, output } = await service.stop()
    assert.equal(status, 0, output)
    say(`ok   SIGTERM ends it with 0 after ${Math.round(performance.now() - stopping)} ms`)

    const secrets = [emailAddress, password, linkSecret, link['signature'], resend.apiKey]
    assert.ok(secrets.every((secret) => secret && !output.includes(secret)))
    say('ok   its log holds no secret')
  } finally {
    await service?.stop()
    await sql.end()
    await resend.stop()
    await server.stop()
  }
}

/** Starts the service, and waits until it listens. */
async function serve(env: Environment) {
  const child = start(program, env)
  const ended = collect(child)
  const listening = new Promise<readonly string[]>((resolve) => {
    let log = ''
    child.stdout.on('data', (chunk) => {
      log += chunk
      const facts = /"pid":(\d+),.*"Rekey listens at http:\/\/(.+):(\d+)"/.exec(log)
      if (facts) resolve(facts)
    })
  })
  const failed = ended.then(({ status, output }): never => {
    throw new Error(`The service ended with ${status}:\n${output}`)
  })
  const [, pid = '', host = '', port = ''] = await Promise.race([listening, failed])
  return {
    host,
    port,
    /** Sends SIGTERM. Further calls wait for the same end. */
    stop() {
      // Buildah hands no signal on, but kills what it runs, whose number is one of this machine's.
      if (child.exitCode !== null) return ended
      if (container[0] === 'buildah') process.kill(Number(pid), 'SIGTERM')
      else child.kill('SIGTERM')
      return ended
    },
  }
}

function run(command: readonly string[], env: Environment = {}) {
  return collect(start(command, env))
}

// Engines differ in how they hand variables on, so the container's own `env` sets them.
function start(command: readonly string[], env: Environment): Container {
  const variables = Object.entries(env).map(([name, value]) => `${name}=${value}`)
  const [file = '', ...args] = [...container, 'env', ...variables, ...command]
  return spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], timeout: CONTAINER_MS })
}

async function collect(child: Container) {
  const [stdout, stderr, [status]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ])
  return { status: status as number | null, stdout, output: `${stdout}${stderr}` }
}

function readCommand(instruction: RegExp): readonly string[] {
  const [, command] = instruction.exec(dockerfile) ?? []
  assert.ok(command, `the Dockerfile has no ${instruction}`)
  return JSON.parse(command)
}

function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
