// No link has anything in it that a mail program could take for one of HTML's character references, as
// `&region=eu` becomes `®ion=eu`: judged by a real browser, for every name that the standard has.

import { readFileSync } from 'node:fs'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { compileLinkUrl } from '../../src/core/link-url.ts'
import { configWith, faultyWith } from '../config/readings.ts'
import { sealed } from '../core/link-fixtures.ts'
import { launchBrowser } from '../support/browser.ts'

// As a parser of mails has them, and not as Rekey does.
const parser = new URL('../../node_modules/postal-mime/dist/esm/html-entities.js', import.meta.url)
const names = [...readFileSync(parser, 'utf8').matchAll(/'&(\w+;?)'/g)].map(([, name]) =>
  String(name),
)
const withoutSemicolon = names.filter((name) => !name.endsWith(';'))
const link = sealed()

let browser: Browser

beforeAll(async () => {
  browser = await launchBrowser()
})

afterAll(() => browser?.close())

/** What a program makes of texts that it takes for HTML. */
async function readAsHtml(texts: readonly string[]): Promise<string[]> {
  const page = await browser.newPage()
  const read = await page.evaluate(`${JSON.stringify(texts)}.map((text) => {
    const element = document.createElement('p')
    element.innerHTML = text
    return element.textContent
  })`)
  await page.close()
  return read as string[]
}

test('the standard has 106 names that need no semicolon, and the browser reads each of them', async () => {
  expect([names.length, withoutSemicolon.length]).toEqual([2231, 106])
  const texts = withoutSemicolon.map((name) => `?a=1&${name}x=2`)
  const read = await readAsHtml(texts)
  expect(texts.filter((text, index) => read[index] === text)).toEqual([])
})

describe.each<[string, (name: string) => string]>([
  ['alone in the query', (name) => `https://app.example/r?${name}=2`],
  ['before further letters', (name) => `https://app.example/r?a=1&${name}x=2`],
  ['behind an escaped ampersand', (name) => `https://app.example/r?a=1&amp;${name}x=2`],
  ['behind a placeholder', (name) => `https://app.example/{token}?a=1&${name}=2`],
  ['before a placeholder', (name) => `https://app.example/r?a=1&${name}={token}`],
  ['before a fragment', (name) => `https://app.example/r?a=1&${name}=2#{token}`],
])('a name of the query that stands %s', (_, write) => {
  test('is read as no reference, and is still that name', async () => {
    const templates = names.map(write)
    const urls = templates.map((template) => compileLinkUrl(template)(link))
    expect(await readAsHtml(urls)).toEqual(urls)
    const namesOf = (text: string) => [...new URL(text).searchParams.keys()].at(-1)
    expect(urls.map(namesOf)).toEqual(templates.map(namesOf))
  })

  test('is so in REQUEST_PAGE_URL', async () => {
    const templates = withoutSemicolon.map(write).filter((template) => !template.includes('{'))
    const urls = templates.map(
      (template) => configWith({ REQUEST_PAGE_URL: template }).links.requestPageUrl,
    )
    expect(await readAsHtml(urls)).toEqual(urls)
  })
})

describe('a template is refused by its variable', () => {
  test.each<[string, (name: string) => string]>([
    ['in the path', (name) => `https://app.example/a&${name}/r`],
    ['in the path before placeholders', (name) => `https://app.example/a&${name}x/{token}`],
    ['in the fragment', (name) => `https://app.example/r#t={token}&${name}x=1`],
    ['in the query of a hash route', (name) => `https://app.example/#/r?t={token}&${name}=1`],
    [
      'before a placeholder that could end it',
      (name) => `https://app.example/r?a=1&${name.slice(0, 1)}{token}`,
    ],
  ])('for a reference %s', (_, write) => {
    for (const name of withoutSemicolon) {
      expect(faultyWith({ RESET_PAGE_URL: write(name) })).toEqual(['RESET_PAGE_URL'])
    }
  })

  test.each([
    'https://app.example/r?a=1&{token}',
    'https://app.example/r?a=1&#{token}',
    'https://app.example/r?a=1&#38;t={token}',
    'https://app.example/#/r?a=1&sum;={token}',
  ])('for %s', (template) => {
    expect(faultyWith({ RESET_PAGE_URL: template })).toEqual(['RESET_PAGE_URL'])
  })

  test.each([
    'https://app.example/a&copy',
    'https://app.example/#a&lt',
    'https://app.example/?a&#1',
  ])('for %s as the page to ask for a new link at', (url) => {
    expect(faultyWith({ REQUEST_PAGE_URL: url })).toEqual(['REQUEST_PAGE_URL'])
  })
})

test.each([
  'https://app.example/r?lang=de&next=%2Fa&Region=eu&x-copy=1',
  'https://app.example/?&t={token}',
])('what nobody could misread stays as it was written: %s', (template) => {
  const [, query = ''] = template.split('?')
  expect(compileLinkUrl(template)(link)).toContain(query.replace('{token}', ''))
})
