// Compiles src/ to dist/: the process, its commands and the plugin bundled, so that they start fast, and
// the browser pages beside them. Type checking is `npm run check`'s job.

import { execFileSync } from 'node:child_process'
import {
  cpSync,
  existsSync,
  globSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, posix } from 'node:path'
import { build } from 'esbuild'
import { browserBuild } from './build-options.ts'

rmSync('dist', { recursive: true, force: true })

const { metafile } = await build({
  // Each command is an entry, so that it stays in cli/: it finds emails/, drizzle/ and page/ from
  // there. A new command of run-command.ts goes here too.
  entryPoints: [
    'src/main.ts',
    'src/cli/serve.ts',
    'src/cli/migrate.ts',
    'src/cli/doctor.ts',
    'src/cli/grants.ts',
    'src/cli/keygen.ts',
    'src/cli/preview.ts',
    'src/cli/link.ts',
    'src/cli/explain.ts',
    'src/cli/verify.ts',
    'src/cli/version.ts',
    'src/plugin/rekey.ts',
  ],
  outbase: 'src',
  outdir: 'dist',
  bundle: true,
  splitting: true,
  // As deep as src/cli and src/service, from where files are found by relative paths.
  chunkNames: 'cli/[name]-[hash]',
  platform: 'node',
  format: 'esm',
  target: 'node26',
  // They find their native binaries by themselves, beside their own files.
  external: ['@node-rs/argon2', '@node-rs/bcrypt'],
  // Dependencies that are CommonJS call require() for Node's own modules.
  banner: {
    js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
  },
  legalComments: 'none',
  // The lists of common passwords are read faster as what they are than as a program.
  loader: { '.json': 'copy' },
  // Less to parse at every start; names stay as they are, for stack traces.
  minifySyntax: true,
  minifyWhitespace: true,
  metafile: true,
})

await build({
  ...browserBuild,
  entryPoints: globSync('src/page/*.ts'),
  outdir: 'dist/page',
})
cpSync('src/page/page.css', 'dist/page/page.css')
// What `rekey/client` exports, for who imports it from the package.
execFileSync(process.execPath, [
  'node_modules/typescript/bin/tsc',
  ...['src/page/client.ts', '--ignoreConfig', '--strict', '--target', 'es2022', '--types', ''],
  ...['--lib', 'es2024,dom', '--declaration', '--emitDeclarationOnly', '--outDir', 'dist/page'],
])

// What `rekey` exports: of all declarations those that the plugin's refers to.
const declarations = mkdtempSync(join(tmpdir(), 'rekey-types-'))
execFileSync(process.execPath, [
  'node_modules/typescript/bin/tsc',
  ...['-p', 'src/plugin', '--outDir', declarations],
])
const needed = new Set(['plugin/rekey'])
for (const name of needed) {
  const text = readFileSync(join(declarations, `${name}.d.ts`), 'utf8')
  mkdirSync(join('dist', dirname(name)), { recursive: true })
  writeFileSync(join('dist', `${name}.d.ts`), text)
  for (const [, path = ''] of text.matchAll(/ from '(\..*)\.ts'/g)) {
    needed.add(posix.join(posix.dirname(name), path))
  }
}
rmSync(declarations, { recursive: true })

// What is bundled takes its licence along.
const packages = new Set(
  Object.keys(metafile.inputs).flatMap(
    (file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0] ?? [],
  ),
)
const notices = [...packages].sort().map((directory) => {
  const { name, version, license } = JSON.parse(readFileSync(`${directory}/package.json`, 'utf8'))
  const text = ['LICENSE', 'LICENSE.md', 'LICENCE', 'license', 'LICENSE.txt', 'LICENSE-MIT']
    .map((file) => `${directory}/${file}`)
    .find(existsSync)
  return `${name} ${version} (${license})\n\n${text ? readFileSync(text, 'utf8').trim() : ''}\n`
})
writeFileSync('dist/THIRD-PARTY-LICENSES.txt', notices.join(`\n${'-'.repeat(80)}\n\n`))
