// What every command says of itself, and what it refuses before it does anything.

import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { runCommand } from '../../src/cli/run-command.ts'
import { type CommandName, type Usage, usages } from '../../src/cli/usages.ts'
import { createDatabase } from '../support/database.ts'
import { runRekey } from '../support/rekey-process.ts'

const names = Object.keys(usages) as CommandName[]
const usageOf = (name: CommandName): Usage => usages[name]
const takers = names.filter((name) => usageOf(name).argument)

/** Runs it where nothing can be read: a command that is loaded would ask for its environment. */
async function run(...words: string[]) {
  const out: string[] = []
  const err: string[] = []
  const env = new Proxy<Record<string, string>>(
    {},
    {
      get: () => {
        throw new Error('the environment was read')
      },
      ownKeys: () => {
        throw new Error('the environment was read')
      },
    },
  )
  const status = await runCommand(words, {
    env,
    out: (text) => out.push(text),
    err: (text) => err.push(text),
    readPassword: async () => {
      throw new Error('a password was asked for')
    },
    stopSignal: () => new Promise<string>(() => {}),
  })
  return { status, output: out.join('\n'), errors: err.join('\n') }
}

test.each([[['help']], [['--help']], [['-h']], [['help', '--help']]])(
  'rekey %j lists every command',
  async (words) => {
    const { status, output, errors } = await run(...words)
    expect([status, errors]).toEqual([0, ''])
    expect([...output.matchAll(/^ {2}(\w+) /gm)].map(([, name]) => name)).toEqual(names)
  },
)

test('rekey --version says the version of the package', async () => {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  const { version } = JSON.parse(manifest)
  expect(await run('--version')).toEqual({ status: 0, output: version, errors: '' })
})

describe.each(names)('rekey %s', (name) => {
  test.each([
    ['--help', [name, '--help']],
    ['-h', [name, '-h']],
    ['help before its name', ['help', name]],
    ['--help behind other arguments', [name, 'a', 'b', '--help']],
    ['--help behind an unknown option', [name, '--nothing', '--help']],
  ])('prints its help with %s, and does nothing else', async (_, words) => {
    const { status, output, errors } = await run(...words)
    expect([status, errors]).toEqual([0, ''])
    expect(output).toMatch(new RegExp(`^usage: rekey ${name}(?: |\\n)`))
    expect(output).toMatch(/^status: 0 /m)
    for (const option of Object.keys(usageOf(name).options ?? {})) {
      expect(output).toContain(`\n  --${option}  `)
    }
  })

  test.each([
    ['an unknown option', ['--nothing']],
    ['an unknown option with a value', ['--port=4000']],
    ['an unknown option before a value', ['--port', '4000']],
    ['a letter that is no option', ['-p']],
    ['an option of another command, misspelled', ['--jsn']],
    ['two arguments', ['a', 'b']],
    ['an empty argument', ['']],
    ['a lone dash and more', ['-', 'b']],
    ['more behind the dashes', ['--', 'a', 'b']],
  ])('refuses %s before it does anything', async (_, args) => {
    const { status, output, errors } = await run(name, ...args)
    expect([status, output]).toEqual([64, ''])
    expect(errors).toMatch(
      new RegExp(
        `^rekey ${name}: .+\nusage: rekey ${name}(?: .*)?\n\`rekey ${name} --help\` says more of it.$`,
      ),
    )
  })
})

test.each(names.filter((name) => !usageOf(name).argument))(
  'rekey %s refuses any argument',
  async (name) => {
    for (const args of [['a'], ['--', '--json'], ['-']]) {
      expect(await run(name, ...args)).toMatchObject({ status: 64, output: '' })
    }
  },
)

test.each([
  ['explain', '--json'],
  ['link', '--print'],
  ['doctor', '--json'],
  ['preview', '--write-only'],
])('rekey %s refuses a value for %s', async (name, option) => {
  const { status, errors } = await run(name, `${option}=canary-of-a-value`, 'a')
  expect([status, errors.split('\n')[0]]).toEqual([64, `rekey ${name}: ${option} takes no value`])
})

test.each(takers)('what rekey %s refuses is not repeated: it may be a password', async (name) => {
  for (const args of [
    ['a', 'canary-of-a-value'],
    ['--password=canary-of-a-value', 'a'],
  ]) {
    const { status, errors } = await run(name, ...args)
    expect(status).toBe(64)
    expect(errors).not.toContain('canary')
  }
})

test.each([
  [['--port=canary-of-a-value'], 'rekey has no command --port; '],
  [['help', 'nothing'], 'rekey has no command nothing; '],
  [['\u001b[2J'], 'rekey has no command \\u{1b}[2J; '],
  [['help', 'doctor', 'extra'], 'usage: rekey help'],
  [['--version', 'extra'], 'usage: rekey --version'],
])('%j is refused', async (words, beginning) => {
  const { status, output, errors } = await run(...words)
  expect([status, output, errors.slice(0, beginning.length)]).toEqual([64, '', beginning])
  expect(errors).not.toContain('canary')
})

test('an argument that begins with a dash goes behind two, and is said to', async () => {
  const refused = await run('explain', '-5')
  expect(refused.errors).toContain(
    'has no option -5; an argument that begins with - goes behind --',
  )
  // It gets as far as the environment, which it asks for first.
  await expect(run('explain', '--', '-5')).rejects.toThrow('the environment was read')
})

test('in a process of its own: nothing is made, printed or started', async () => {
  const database = await createDatabase()
  const env = { DATABASE_URL: database.url }
  const words = [
    ['migrate', '--help'],
    ['migrate', '--dry-run'],
    ['keygen', '--help'],
    ['serve', '--port=0'],
  ]
  const ends = await Promise.all(words.map((args) => runRekey(args, env).ended))
  expect(ends.map(({ status }) => status)).toEqual([0, 64, 0, 64])
  expect(ends.map(({ output }) => output).join('')).not.toMatch(/rk1_|listens/)
  const tables = await database.sql`select from pg_tables where schemaname in ('public', 'rekey')`
  expect(tables).toHaveLength(0)
  await database.drop()
})
