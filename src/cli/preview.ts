// `rekey preview`: writes every message in every language to a folder, and serves it to a browser of
// this machine, for people who translate or restyle.

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { readContentConfig } from '../config/read-config.ts'
import { messageOf } from '../errors.ts'
import { attempt } from '../service/attempt.ts'
import { pathsOf, renderIndex } from './preview/index-page.ts'
import { renderSamples } from './preview/sample-mails.ts'
import { servePages } from './preview/serve-pages.ts'
import { writePages } from './preview/write-pages.ts'
import type { Asked } from './read-arguments.ts'
import { reportFaults } from './report-faults.ts'
import type { ExitStatus, Terminal } from './terminal.ts'

/**
 * @returns 0 when it was told to stop or had only to write, 1 when it cannot write or listen, 78 for
 *   faults
 */
export async function preview(
  terminal: Terminal,
  { argument, options }: Asked,
): Promise<ExitStatus> {
  for (const warning of readContentConfig(terminal.env).warnings) {
    terminal.err(`warning: ${warning}`)
  }
  const pages = attempt(() => renderPages(terminal.env))
  if ('faults' in pages) return reportFaults(terminal, pages.faults)

  let folder: string
  try {
    folder = argument || mkdtempSync(join(tmpdir(), 'rekey-preview-'))
    writePages(folder, pages.made)
  } catch (error) {
    terminal.err(`The messages cannot be written: ${messageOf(error)}`)
    return 1
  }
  terminal.out(`The messages are in ${folder}`)
  if (options.has('write-only')) return 0

  try {
    const server = await servePages(() => {
      const latest = renderPages(terminal.env)
      writePages(folder, latest)
      return latest
    })
    terminal.out(`Open ${server.origin}/ to see them; Ctrl-C ends it.`)
    await terminal.stopSignal()
    server.stop()
    return 0
  } catch (error) {
    terminal.err(`They cannot be served: ${messageOf(error)}`)
    return 1
  } finally {
    if (argument === '') rmSync(folder, { recursive: true, force: true })
  }
}

/** @returns the pages by their paths within the folder, the index first */
function renderPages(env: Terminal['env']): ReadonlyMap<string, string> {
  const mails = renderSamples(env)
  const pages = new Map([['index.html', renderIndex(mails)]])
  for (const mail of mails) {
    const paths = pathsOf(mail)
    pages.set(paths.html, mail.html)
    pages.set(paths.text, `${mail.subject}\n\n${mail.text}`)
  }
  return pages
}
