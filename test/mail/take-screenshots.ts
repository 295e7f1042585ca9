// `npm run screenshots`: shows every message in every language as phones and desks would, in light
// and in dark, as PNG files in a folder that is given or printed.
//
// It ends with 1 where a message is wider than its window. Whether one is ugly, only a look can say.

import { mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { loadMailTemplates } from '../../src/cli/load-content.ts'
import { renderSamples, SAMPLE_SUPPORT_EMAIL } from '../../src/cli/preview/sample-mails.ts'
import { readContentConfig } from '../../src/config/read-config.ts'
import { launchBrowser } from '../support/browser.ts'
import { openMail, overflowOf } from '../support/mail-browser.ts'

const folder = process.argv[2] ?? mkdtempSync(join(tmpdir(), 'rekey-screenshots-'))
mkdirSync(folder, { recursive: true })
const { content } = readContentConfig({ SUPPORT_EMAIL: SAMPLE_SUPPORT_EMAIL, ...process.env })
const browser = await launchBrowser()
let count = 0
for (const { locale, kind, html } of renderSamples(loadMailTemplates({ content }))) {
  for (const width of [320, 640]) {
    for (const scheme of ['light', 'dark'] as const) {
      const page = await openMail(browser, { html, width, scheme })
      const path = join(folder, `${kind}-${locale}-${width}-${scheme}.png`)
      await page.screenshot({ path, fullPage: true })
      const overflow = await overflowOf(page)
      if (overflow > 0) {
        process.stderr.write(`${path} is cut: ${overflow} pixels too wide\n`)
        process.exitCode = 1
      }
      await page.close()
      count += 1
    }
  }
}
await browser.close()
process.stdout.write(`${count} screenshots are in ${folder}\n`)
