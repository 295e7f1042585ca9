// `rekey preview`: writes every message in every language to a folder, and serves it to a browser of
// this machine, for people who translate or restyle.

import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parseArgs } from 'node:util'
import { readContentConfig } from '../config/read-config.ts'
import { loadMailTemplates } from './load-content.ts'
import { pathsOf, renderFaults, renderIndex } from './preview/index-page.ts'
import { renderSamples, SAMPLE_SUPPORT_EMAIL } from './preview/sample-mails.ts'
import { attempt, reportFaults } from './report-faults.ts'
import { EXIT_USAGE, type ExitStatus, type Terminal } from './terminal.ts'

const USAGE = 'usage: rekey preview [--write-only] [folder]'

/**
 * @returns 0 when it was told to stop or had only to write, 1 when it cannot write or listen, 64 for
 *   other arguments, 78 for faults
 */
export async function preview(terminal: Terminal): Promise<ExitStatus> {
  const wanted = readArguments(terminal.args)
  if (!wanted) {
    terminal.err(USAGE)
    return EXIT_USAGE
  }
  const pages = attempt(() => renderPages(terminal.env))
  if ('faults' in pages) return reportFaults(terminal, pages.faults)

  let folder: string
  try {
    folder = wanted.folder ?? mkdtempSync(join(tmpdir(), 'rekey-preview-'))
    writePages(folder, pages.made)
  } catch (error) {
    terminal.err(`The messages cannot be written: ${messageOf(error)}`)
    return 1
  }
  terminal.out(`The messages are in ${folder}`)
  if (wanted.writeOnly) return 0

  const server = createServer((request, reply) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname.slice(1)
    // Made anew each time, so that a change shows when a page is loaded again.
    const latest = attempt(() => {
      const pages = renderPages(terminal.env)
      writePages(folder, pages)
      return pages
    })
    const page =
      'made' in latest ? latest.made.get(path || 'index.html') : renderFaults(latest.faults)
    const isText = path.endsWith('.txt') && 'made' in latest
    reply.writeHead(page === undefined ? 404 : 200, {
      'content-type': `text/${isText ? 'plain' : 'html'}; charset=utf-8`,
      'cache-control': 'no-store',
    })
    reply.end(page ?? 'There is no such message.')
  })
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(0, '127.0.0.1', resolve)
    })
  } catch (error) {
    terminal.err(`They cannot be served: ${messageOf(error)}`)
    return 1
  }
  const { port } = server.address() as AddressInfo
  terminal.out(`Open http://127.0.0.1:${port}/ to see them; Ctrl-C ends it.`)
  await terminal.stopSignal()
  server.closeAllConnections()
  server.close()
  return 0
}

function readArguments(args: readonly string[]) {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: { 'write-only': { type: 'boolean' } },
    })
    if (positionals.length > 1) return undefined
    return { folder: positionals[0], writeOnly: values['write-only'] === true }
  } catch {
    return undefined
  }
}

/** @returns the pages by their paths within the folder */
function renderPages(env: Terminal['env']): ReadonlyMap<string, string> {
  const { content, faults } = readContentConfig(env)
  const shown = { ...content, supportEmail: content.supportEmail ?? SAMPLE_SUPPORT_EMAIL }
  const templates = attempt(() => loadMailTemplates({ content: shown }))
  if ('faults' in templates || faults.length > 0) {
    const all = [...faults, ...('faults' in templates ? templates.faults : [])]
    throw new AggregateError(all.map((fault) => new Error(fault)))
  }
  const mails = renderSamples(templates.made)
  const pages = new Map([['index.html', renderIndex(mails)]])
  for (const mail of mails) {
    const paths = pathsOf(mail)
    pages.set(paths.html, mail.html)
    pages.set(paths.text, `${mail.subject}\n\n${mail.text}`)
  }
  return pages
}

function writePages(folder: string, pages: ReadonlyMap<string, string>): void {
  for (const [path, page] of pages) {
    const file = join(folder, path)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, page)
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
