// Looks at rendered mails with a validator and in a real browser: on a phone and at a desk, in light
// and in dark, whatever length their values have.

import { HtmlValidate, StaticConfigLoader } from 'html-validate'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { renderSamples, type SampleMail } from '../../src/cli/preview/sample-mails.ts'
import { readContentConfig } from '../../src/config/read-config.ts'
import type { MailMessage } from '../../src/ports.ts'
import { loadMailTemplates } from '../../src/service/load-content.ts'
import { violationsIn } from '../support/axe.ts'
import { launchBrowser } from '../support/browser.ts'
import { openMail, overflowOf } from '../support/mail-browser.ts'

const WIDTHS = [320, 640]
const SCHEMES = ['light', 'dark'] as const
const WCAG = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']

const samples = renderSamples({})
const nameOf = ({ kind, locale }: SampleMail) => `${kind}, ${locale}`
const each = samples.map((mail) => [nameOf(mail), mail] as const)

let browser: Browser

beforeAll(async () => {
  browser = await launchBrowser()
})

afterAll(() => browser?.close())

describe('the validator', () => {
  // What it advises against for pages is what mail programs need: they know no style sheets, no
  // <article>, and lay out by tables alone.
  const rules = Object.fromEntries(
    [
      'no-inline-style',
      'no-deprecated-attr',
      'no-conditional-comment',
      'prefer-native-element',
      'prefer-tbody',
    ].map((rule) => [rule, 'off'] as const),
  )
  const validator = new HtmlValidate(
    new StaticConfigLoader([], {
      root: true,
      extends: ['html-validate:recommended', 'html-validate:document'],
      rules,
    }),
  )

  test.each(each)('has nothing to say about %s', async (_, { html }) => {
    const { results } = await validator.validateString(html)
    expect(results.flatMap(({ messages }) => messages)).toEqual([])
  })

  test('would have something to say', async () => {
    const { valid } = await validator.validateString(samples[0]?.html.replace('</table>', '') ?? '')
    expect(valid).toBe(false)
  })
})

describe('in a browser', () => {
  test.each(each)('nothing is cut off at either width: %s', async (_, { html }) => {
    for (const width of WIDTHS) {
      const page = await openMail(browser, { html, width, scheme: 'light' })
      expect(await overflowOf(page)).toBe(0)
      await page.close()
    }
  })

  test.each(each.filter(([, { locale }]) => ['en', 'ar'].includes(locale)))(
    'contrast, names and sizes are those of WCAG 2.2 AA, in light and in dark: %s',
    async (_, { html }) => {
      for (const scheme of SCHEMES) {
        const page = await openMail(browser, { html, width: 320, scheme })
        expect(await violationsIn(page, WCAG)).toEqual([])
        await page.close()
      }
    },
  )

  test.each(['#ffffff', '#000000', '#ffd400', '#202327', '#7a7a7a'])(
    'the button can be read on the colour %s, in light and in dark',
    async (BRAND_COLOR) => {
      const [mail] = renderSamples({ BRAND_COLOR })
      for (const scheme of SCHEMES) {
        const page = await openMail(browser, { html: mail?.html ?? '', width: 320, scheme })
        expect(await violationsIn(page, ['wcag2aa'])).toEqual([])
        await page.close()
      }
    },
  )

  const long = 'Donaudampfschifffahrtsgesellschaft'.repeat(4)
  const link = `https://${'very-long-name.'.repeat(6)}example/${'path'.repeat(60)}?timestamp=1795248251&user_id=${'x'.repeat(120)}&signature=Q2b7xW0rJ8mN5tYvKc1LpZsA9dFgHhUeRiOoTq3-_4w`
  const extremes: readonly MailMessage[] = [
    { kind: 'reset-link', link, ttlSeconds: 86_400, name: long },
    { kind: 'password-changed', changedAt: new Date(0), requestPageUrl: link, name: long },
    { kind: 'no-password', name: long },
  ]
  const env = { APP_NAME: long, SUPPORT_EMAIL: `${'help'.repeat(16)}@app.example` }
  const templates = loadMailTemplates(readContentConfig(env))

  test.each(
    extremes.flatMap((message) => ['en', 'ar', 'ja'].map((locale) => [message, locale] as const)),
  )('long words wrap, and so does the link: $kind, %s', async (message, locale) => {
    const { html } = templates.render(message, locale)
    const page = await openMail(browser, { html, width: 320, scheme: 'light' })
    expect(await overflowOf(page)).toBe(0)
    await page.close()
  })

  test.each([
    'ᄀ'.repeat(64),
    'ᄀ'.repeat(15),
    `ก${'\u0e4d'.repeat(63)}`,
    `क${'\u094dक'.repeat(31)}`,
    `क${'\u094dक'.repeat(7)}`,
    `ཀ${'ྐ'.repeat(60)}`,
    `A ${'👩\u200d'.repeat(31)}`,
    `${'👩\u200d'.repeat(5)}👩`,
  ])('no name can break it, though none of its characters can be broken: %j', async (name) => {
    const { html } = templates.render({ kind: 'no-password', name }, 'en')
    const page = await openMail(browser, { html, width: 320, scheme: 'light' })
    expect(await overflowOf(page)).toBe(0)
    await page.close()
  })

  test('Arabic runs from the right, and the link in it from the left', async () => {
    const mail = samples.find(({ locale, kind }) => locale === 'ar' && kind === 'reset-link')
    const page = await openMail(browser, { html: mail?.html ?? '', width: 320, scheme: 'light' })
    const shown = await page.evaluate(`[...document.querySelectorAll('h1, p, .link')].map(
      (element) => [element.tagName, getComputedStyle(element).direction])`)
    expect(shown).toEqual([
      ['H1', 'rtl'],
      ...Array.from({ length: 5 }, () => ['P', 'rtl']),
      ['A', 'ltr'],
      ['A', 'ltr'],
    ])
    await page.close()
  })
})
