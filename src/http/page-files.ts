// Reads the files of the browser pages, as a browser takes them.

import { readdirSync, readFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { extname } from 'node:path'

/** A file ready to be sent. */
export interface PageFile {
  readonly type: string
  readonly body: string
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
}

/**
 * Reads every page file of a directory. TypeScript is stripped of its types, so that a checkout
 * serves its pages without a build.
 *
 * @returns the files by name, scripts ending in `.js`
 */
export function readPageFiles(directory: URL): Map<string, PageFile> {
  const files = new Map<string, PageFile>()
  for (const source of readdirSync(directory)) {
    const name = source.replace(/\.ts$/, '.js')
    const type = TYPES[extname(name)]
    if (type === undefined || source.endsWith('.d.ts')) continue
    const text = readFileSync(new URL(source, directory), 'utf8')
    const body = source.endsWith('.ts')
      ? stripTypeScriptTypes(text).replace(/(from '\.\/[\w-]+)\.ts'/g, "$1.js'")
      : text
    files.set(name, { type, body })
  }
  return files
}
