// Which version of Rekey this is.

import { readFileSync } from 'node:fs'

/** Reads it from the package, which is beside `src` and beside `dist`. */
export function readVersion(): string {
  const manifest = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return JSON.parse(manifest).version
}
