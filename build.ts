// Compiles src/ to dist/: the process and its commands bundled, so that they start fast, and the
// browser pages beside them. Type checking is `npm run check`'s job.

import { cpSync, globSync, rmSync } from 'node:fs'
import { build } from 'esbuild'

rmSync('dist', { recursive: true, force: true })

await build({
  entryPoints: ['src/main.ts', 'src/cli/serve.ts', 'src/cli/migrate.ts', 'src/cli/keygen.ts'],
  outbase: 'src',
  outdir: 'dist',
  bundle: true,
  splitting: true,
  platform: 'node',
  format: 'esm',
  target: 'node26',
  // It finds its native binary by itself, beside its own files.
  external: ['@node-rs/argon2'],
  // Dependencies that are CommonJS call require() for Node's own modules.
  banner: {
    js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
  },
  legalComments: 'linked',
})

await build({
  entryPoints: globSync('src/page/*.ts'),
  outdir: 'dist/page',
  platform: 'browser',
  format: 'esm',
  target: 'es2022',
  bundle: true,
  minify: true,
})
for (const file of globSync('src/page/*.{html,css}')) cpSync(file, file.replace('src', 'dist'))
