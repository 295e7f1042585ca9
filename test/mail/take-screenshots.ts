// `npm run screenshots`: shows every message in every language as phones and desks would, in light
// and in dark, as PNG files in a folder that is given or printed.
//
// It ends with 1 where a message is wider than its window, with 78 for faults of the configuration.
// Whether a message is ugly, only a look can say.

import { mkdirSync, mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { renderSamples, type SampleMail } from '../../src/cli/preview/sample-mails.ts'
import { attempt } from '../../src/service/attempt.ts'
import { launchBrowser } from '../support/browser.ts'
import { openMail, overflowOf } from '../support/mail-browser.ts'

const samples = attempt(() => renderSamples(process.env))
if ('made' in samples) await takeScreenshots(samples.made)
else {
  process.stderr.write(`${samples.faults.join('\n')}\n`)
  process.exitCode = 78
}

async function takeScreenshots(mails: readonly SampleMail[]): Promise<void> {
  const folder = process.argv[2] ?? mkdtempSync(join(tmpdir(), 'rekey-screenshots-'))
  mkdirSync(folder, { recursive: true })
  const browser = await launchBrowser()
  let count = 0
  for (const { locale, kind, html } of mails) {
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
}
