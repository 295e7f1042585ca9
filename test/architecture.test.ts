// Which folder may import what: one table, held against every file there is.

import { globSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path/posix'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import manifest from '../package.json' with { type: 'json' }
import hostManifest from './interop/better-auth/package.json' with { type: 'json' }

interface Rule {
  /** A folder with a slash at its end, or a file. */
  readonly of: string
  /** Folders, files and packages; `node:` stands for every built-in module. */
  readonly may: readonly string[]
  /** What may be imported as types only. */
  readonly mayAsTypes?: readonly string[]
}

const ERRORS = 'src/errors.ts'
const PORTS = 'src/ports.ts'
const CORE = 'src/core/'
const DEADLINE = 'src/deadline.ts'
const root = fileURLToPath(new URL('..', import.meta.url))
const packages = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies })
const hostPackages = Object.keys(hostManifest.dependencies)
/** Everything of the service but the process itself. */
const service = [ERRORS, DEADLINE, PORTS, ...folders('src/*/')]

// biome-ignore format: a table is read in columns.
const rules: readonly Rule[] = [
  { of: ERRORS, may: [] },
  { of: DEADLINE, may: [] },
  { of: CORE, may: [CORE, ERRORS, 'node:crypto', 'node:net', 'node:url'] },
  { of: PORTS, may: [], mayAsTypes: [CORE, ERRORS] },
  { of: 'src/flows/', may: ['src/flows/', PORTS, CORE, ERRORS] },
  { of: 'src/http/', may: ['src/http/', 'src/flows/', PORTS, CORE, ERRORS, DEADLINE, 'src/page/client.ts',
      'fastify', '@fastify/type-provider-typebox', '@sinclair/typebox', 'ipaddr.js',
      'node:buffer', 'node:fs', 'node:http', 'node:module', 'node:net', 'node:path'] },

  { of: 'src/config/', may: ['src/config/', CORE, ERRORS,
      '@sinclair/typebox', 'ipaddr.js', 'node:fs', 'node:net', 'node:url'], mayAsTypes: ['src/accounts/', 'src/events/', 'src/mail/', 'src/jwt/'] },
  { of: 'src/accounts/', may: ['src/accounts/', PORTS, CORE, ERRORS, DEADLINE, 'drizzle-orm', 'postgres', 'node:net', 'node:url'] },
  { of: 'src/events/', may: ['src/events/', PORTS, CORE, ERRORS, 'node:crypto', 'standardwebhooks'] },
  { of: 'src/jwt/', may: ['src/jwt/', PORTS, CORE, ERRORS, 'jose'] },
  { of: 'src/hashing/', may: ['src/hashing/', PORTS, CORE, ERRORS,
      '@node-rs/argon2', '@node-rs/bcrypt', 'node:crypto', 'node:util'] },
  { of: 'src/mail/', may: ['src/mail/', PORTS, CORE, ERRORS,
      'liquidjs', 'nodemailer', 'resend', 'undici', 'node:fs', 'node:timers/promises'], mayAsTypes: ['node:stream'] },

  { of: 'src/service/', may: ['src/service/', 'src/config/', 'src/http/', 'src/flows/',
      'src/accounts/', 'src/events/', 'src/hashing/', 'src/mail/', 'src/jwt/', PORTS, CORE, ERRORS,
      DEADLINE, 'pino', '@zxcvbn-ts/language-common', 'node:os'], mayAsTypes: ['fastify'] },
  { of: 'src/cli/', may: ['src/cli/', 'src/service/', 'src/config/', 'src/flows/',
      'src/accounts/', 'src/events/', 'src/hashing/', 'src/mail/', 'src/jwt/', PORTS, CORE, ERRORS,
      DEADLINE, 'node:fs', 'node:http', 'node:os', 'node:path', 'node:readline', 'node:stream', 'node:util'],
      mayAsTypes: ['fastify', 'node:net'] },
  { of: 'src/plugin/', may: ['src/plugin/', 'src/service/', 'src/config/', 'src/hashing/', 'src/mail/', PORTS, CORE, ERRORS,
      DEADLINE, 'src/node-version.js', 'node:os', 'node:process'], mayAsTypes: ['fastify'] },
  { of: 'src/main.ts', may: ['src/cli/', 'src/node-version.js', 'node:os'] },
  { of: 'src/node-version.js', may: [] },
  { of: 'src/node-version.d.ts', may: [] },
  { of: 'src/page/', may: ['src/page/'] },

  { of: 'demo/', may: ['demo/', ...service, ...packages, 'node:'] },
  { of: 'examples/react/', may: ['rekey/client', 'react', 'react-dom'] },
  { of: 'examples/in-code/', may: ['examples/in-code/', 'rekey', 'fastify', 'node:crypto', 'node:util'] },
  { of: 'bench/', may: ['bench/', 'build-options.ts', 'demo/', ...service, ...packages, 'node:'] },
  { of: 'test/', may: ['test/', 'bench/', 'demo/', 'examples/in-code/', 'rekey', 'build-options.ts', 'package.json', 'package-lock.json', 'src/node-version.js', ...service, ...packages, ...hostPackages, 'node:'] },
]

const files = list('{src,demo,examples,bench,test}/**/*.{ts,tsx,mts,cts,js,jsx,mjs,cjs}')
const sources = new Map(files.map((file) => [file, readFileSync(join(root, file), 'utf8')]))
const sourcesOfService = [...sources].filter(([file]) => file.startsWith('src/'))

function list(pattern: string): string[] {
  const found = globSync(pattern, { cwd: root, exclude: ['**/node_modules/**'] })
  return found.map((path) => path.replaceAll('\\', '/')).sort()
}

function folders(pattern: string): string[] {
  return list(pattern).map((folder) => `${folder.replace(/\/$/, '')}/`)
}

function isWithin(imported: string, entry: string): boolean {
  if (entry.endsWith('/') || entry.endsWith(':')) return imported.startsWith(entry)
  return imported === entry || imported.startsWith(`${entry}/`)
}

interface Import {
  readonly of: string
  readonly isType: boolean
}

// A statement begins a line; the formatter sees to that.
const STATEMENT = /^(?:import|export)\s(type\s)?[^'"`;=]*?\bfrom\s+['"]([^'"]+)['"]/gm
const SIDE_EFFECT = /^import\s+['"]([^'"]+)['"]/gm
const DYNAMIC = /\bimport\(\s*([^)\s]*)/g

function importsOf(file: string, source: string): Import[] {
  const resolve = (specifier: string) =>
    specifier.startsWith('.') ? normalize(join(dirname(file), specifier)) : specifier
  const statements = [...source.matchAll(STATEMENT)].map(([, type, specifier = '']) => ({
    of: resolve(specifier),
    isType: type !== undefined,
  }))
  const others = [...source.matchAll(SIDE_EFFECT), ...source.matchAll(DYNAMIC)].map(
    ([, specifier = '']) => ({ of: resolve(specifier.replace(/['"]/g, '')), isType: false }),
  )
  return [...statements, ...others]
}

/** The source without its lines of comment. */
function codeOf(source: string): string {
  return source.replace(/^\s*(?:\/\/|\/\*|\*).*$/gm, '')
}

describe('the reading of imports', () => {
  // As a list, so that no line of it begins like a statement of this file.
  const source = [
    "import { a } from './a.ts'",
    "import type { B } from '../b.ts'",
    "import {\n  type C,\n  d,\n} from 'd/e'",
    "import f from './f.json' with { type: 'json' }",
    "import 'g'",
    "export { h } from './h.ts'",
    "export * from './i.ts'",
    "export type { J } from 'j'",
    "const k = await import('./k.ts')",
    "type L = import('./l.ts').L",
    'const text = \'import m from "m"\'',
    "export const from = 'n'",
  ].join('\n')

  test('finds all of them, types and dynamic ones too', () => {
    expect(importsOf('src/x/y.ts', source)).toEqual([
      { of: 'src/x/a.ts', isType: false },
      { of: 'src/b.ts', isType: true },
      { of: 'd/e', isType: false },
      { of: 'src/x/f.json', isType: false },
      { of: 'src/x/h.ts', isType: false },
      { of: 'src/x/i.ts', isType: false },
      { of: 'j', isType: true },
      { of: 'g', isType: false },
      { of: 'src/x/k.ts', isType: false },
      { of: 'src/x/l.ts', isType: false },
    ])
  })

  test('finds files in every folder of the table', () => {
    const empty = rules.filter(({ of }) => !files.some((file) => isWithin(file, of)))
    expect(empty).toEqual([])
  })
})

test('exactly one rule covers every file', () => {
  const covered = files.map((file) => [file, rules.filter(({ of }) => isWithin(file, of)).length])
  expect(covered.filter(([, count]) => count !== 1)).toEqual([])
})

describe.each(rules)('$of', ({ of, may, mayAsTypes = [] }) => {
  test('imports nothing but what the table allows', () => {
    const offences = [...sources]
      .filter(([file]) => isWithin(file, of))
      .flatMap(([file, source]) =>
        importsOf(file, source)
          .filter((imported) => {
            const allowed = imported.isType ? [...may, ...mayAsTypes] : may
            return !allowed.some((entry) => isWithin(imported.of, entry))
          })
          .map((imported) => `${file} imports ${imported.of}`),
      )
    expect(offences).toEqual([])
  })
})

test('every package and module that the table allows the service is imported there', () => {
  const unused = rules
    .filter(({ of }) => of.startsWith('src/'))
    .flatMap(({ of, may, mayAsTypes = [] }) => {
      const imports = sourcesOfService
        .filter(([file]) => isWithin(file, of))
        .flatMap(([file, source]) => importsOf(file, source))
      return [...may, ...mayAsTypes]
        .filter((entry) => !entry.startsWith('src/'))
        .filter((entry) => !imports.some((imported) => isWithin(imported.of, entry)))
        .map((entry) => `${of} may import ${entry}`)
    })
  expect(unused).toEqual([])
})

describe('the service', () => {
  const mentions = (pattern: RegExp, exceptions: readonly string[] = []) =>
    sourcesOfService
      .filter(([file, source]) => !exceptions.includes(file) && pattern.test(codeOf(source)))
      .map(([file]) => file)

  test('imports only packages that production installs', () => {
    const development = Object.keys(manifest.devDependencies)
    const offences = sourcesOfService.flatMap(([file, source]) =>
      importsOf(file, source)
        .filter((imported) => development.some((name) => isWithin(imported.of, name)))
        .map((imported) => `${file} imports ${imported.of}`),
    )
    expect(offences).toEqual([])
  })

  test('touches the process in main.ts alone', () => {
    expect(mentions(/(?<![.\w])process\s*[.[]|globalThis\.process/, ['src/main.ts'])).toEqual([])
  })

  test('writes nothing to the console', () => {
    expect(mentions(/(?<![.\w])console\s*[.[]/)).toEqual([])
  })

  test('takes its randomness from node:crypto', () => {
    expect(mentions(/Math\.random/)).toEqual([])
  })

  test('is told the time in core and flows', () => {
    const clock = /Date\.now|new Date\(\)|performance\.now|hrtime|setTimeout|setInterval/
    const readers = mentions(clock).filter((file) => /^src\/(core|flows)\//.test(file))
    expect(readers).toEqual([])
  })

  test('loads modules by their plain names', () => {
    const computed = sourcesOfService.filter(([, source]) =>
      [...codeOf(source).matchAll(DYNAMIC)].some(
        ([, argument]) => !/^'[^']+'$/.test(argument ?? ''),
      ),
    )
    expect(computed.map(([file]) => file)).toEqual([])
  })

  test('has no barrels', () => {
    expect(mentions(/^export\s[^'"`;=]*?\bfrom\s+'/m)).toEqual([])
    expect(files.filter((file) => /(?:^|\/)index\.\w+$/.test(file))).toEqual([])
  })

  test('has no classes but the error', () => {
    // Fastify takes its log controller as a class that extends its own.
    const exceptions = ['src/errors.ts', 'src/http/request-log.ts']
    expect(mentions(/^\s*(?:export\s+)?(?:abstract\s+)?class\s/m, exceptions)).toEqual([])
  })
})

describe('every file', () => {
  test('has a kebab-case name that says what it is for', () => {
    const odd = files.filter((file) =>
      file
        .replace(/(?:\.(?:test|interop|d))?\.\w+$/, '')
        .split('/')
        .some(
          (part) =>
            !/^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(part) || /^(utils?|helpers?|common)$/.test(part),
        ),
    )
    expect(odd).toEqual([])
  })

  test('opens with a comment on its single job', () => {
    const silent = [...sources].filter(([, source]) => !/^(?:#!.*\n)?\/\/ \S/.test(source))
    expect(silent.map(([file]) => file)).toEqual([])
  })
})
