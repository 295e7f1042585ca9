// Opens mails in the browser of the tests, with fonts of its own, so that every language shows on
// every machine.

import { readFileSync } from 'node:fs'
import { basename } from 'node:path'
import type { Browser, Page } from 'playwright-core'

export interface MailView {
  readonly html: string
  readonly width: number
  readonly scheme: 'light' | 'dark'
}

const FONTS = ['arabic', 'jp'].map((name) => `@fontsource-variable/noto-sans-${name}`)
const FONT_ORIGIN = 'https://fonts.test/'

/** Opens a mail in a page of its own, which the caller closes. Nothing else can be loaded from it. */
export async function openMail(browser: Browser, { html, width, scheme }: MailView): Promise<Page> {
  const page = await browser.newPage({ viewport: { width, height: 800 }, colorScheme: scheme })
  await page.route('**/*', (route) => {
    const [folder = '', file = ''] = route.request().url().replace(FONT_ORIGIN, '').split('/files/')
    const font = FONTS.find((each) => basename(each) === folder)
    if (!font) return route.abort()
    const body = readFileSync(new URL(import.meta.resolve(`${font}/files/${file}`)))
    return route.fulfill({ body, headers: { 'access-control-allow-origin': '*' } })
  })
  await page.setContent(html)
  await page.addStyleTag({ content: fontFaces() })
  await page.evaluate('document.fonts.ready')
  return page
}

/** How far the content reaches beyond the window, in CSS pixels. */
export function overflowOf(page: Page): Promise<number> {
  return page.evaluate(
    'document.documentElement.scrollWidth - document.documentElement.clientWidth',
  )
}

// Under the name of one that the mails ask for.
function fontFaces(): string {
  return FONTS.map((font) =>
    readFileSync(new URL(import.meta.resolve(`${font}/index.css`)), 'utf8')
      .replace(/font-family:[^;]+/g, "font-family: 'Segoe UI'")
      .replaceAll('./files/', `${FONT_ORIGIN}${basename(font)}/files/`),
  ).join('\n')
}
