// How what runs in a browser is built.

import type { BuildOptions } from 'esbuild'

/** For every evergreen browser, as a module. */
export const browserBuild = {
  platform: 'browser',
  format: 'esm',
  target: 'es2022',
  bundle: true,
  minify: true,
} as const satisfies BuildOptions
