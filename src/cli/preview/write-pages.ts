// Writes the preview's pages to a folder, over nothing but pages of an earlier preview.

import { mkdirSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { PREVIEW_MARK } from './index-page.ts'

/**
 * Writes them, and follows no link within the folder.
 *
 * @param pages by their paths within the folder, the index first
 * @throws Error when the folder holds anything else, or cannot be written to
 */
export function writePages(folder: string, pages: ReadonlyMap<string, string>): void {
  mkdirSync(folder, { recursive: true })
  if (readdirSync(folder).length > 0 && !holdsPreview(folder)) {
    throw new Error(`${folder} is not empty, and holds no preview`)
  }
  for (const [path, page] of pages) {
    const file = join(folder, path)
    mkdirSync(dirname(file), { recursive: true })
    if (realpathSync(dirname(file)) !== join(realpathSync(folder), dirname(path))) {
      throw new Error(`${dirname(file)} is a link`)
    }
    rmSync(file, { force: true })
    writeFileSync(file, page, { flag: 'wx' })
  }
}

function holdsPreview(folder: string): boolean {
  try {
    return readFileSync(join(folder, 'index.html'), 'utf8').includes(PREVIEW_MARK)
  } catch {
    return false
  }
}
