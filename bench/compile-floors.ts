// Compiles the floors as build.ts compiles Rekey, so that neither side starts or runs from source.

import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const FLOORS = [
  'forged-links',
  'link-requests',
  'hashes',
  'hash-and-update',
  'bare-service',
] as const

export type Floor = (typeof FLOORS)[number]

/** @returns the compiled file of each floor, in `directory` */
export async function compileFloors(directory: string): Promise<Readonly<Record<Floor, string>>> {
  const here = fileURLToPath(new URL('.', import.meta.url))
  await build({
    entryPoints: FLOORS.map((floor) => join(here, 'floors', `${floor}.ts`)),
    outdir: directory,
    bundle: true,
    platform: 'node',
    format: 'esm',
    outExtension: { '.js': '.mjs' },
    target: 'node26',
    external: ['@node-rs/argon2'],
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  })
  // For the native binary, which stays outside of the bundles.
  symlinkSync(join(here, '..', 'node_modules'), join(directory, 'node_modules'), 'junction')
  const files = FLOORS.map((floor) => [floor, join(directory, `${floor}.mjs`)])
  return Object.fromEntries(files) as Record<Floor, string>
}
