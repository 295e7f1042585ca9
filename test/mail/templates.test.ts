// Reads rendered mails as their receivers do, and starts with templates that are broken.

import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { loadTemplates, type TemplateOptions } from '../../src/mail/templates.ts'
import type { MailMessage } from '../../src/ports.ts'

const EMAILS = new URL('../../emails/', import.meta.url)
const LINK =
  'https://app.example/reset?timestamp=1763712345&user_id=7d2f&signature=Q2b7xW0rJ8mN5tYvKc1LpZsA9dFgHhUeRiOoTq3-_4w&next=%2Fa'
const REQUEST_PAGE = 'https://app.example/forgot'
const BRAND = { appName: 'Acme Notes', supportEmail: 'help@acme.example' }
const RESET = { kind: 'reset-link', link: LINK, ttlSeconds: 3600, name: undefined } as const
const CHANGED = {
  kind: 'password-changed',
  changedAt: new Date('2026-11-21T08:04:11.123Z'),
  requestPageUrl: REQUEST_PAGE,
  name: undefined,
} as const
const MESSAGES: readonly MailMessage[] = [RESET, CHANGED]

/** Loads with what the process would give by default. */
function load(options: Partial<TemplateOptions>) {
  const defaults = { supportEmail: undefined, brandColor: '#2f6bd6', defaultLocale: 'en' }
  return loadTemplates({ appName: 'Rekey', ...defaults, directory: EMAILS, ...options })
}

const templates = load(BRAND)
const locales = readdirSync(new URL('locales/', EMAILS)).map((file) => file.replace('.json', ''))

function greet(name: string | undefined): string {
  return templates.render({ ...RESET, name }, 'en').text.split('\n')[0] ?? ''
}

function unescapeHtml(html: string): string {
  const characters: Record<string, string> = { lt: '<', gt: '>', '#34': '"', '#39': "'", amp: '&' }
  return html.replace(/&(lt|gt|#34|#39|amp);/g, (_, entity: string) => characters[entity] ?? '')
}

function urlsIn(part: string): string[] {
  const urls = unescapeHtml(part).match(/[a-z]+:\/\/[^\s"<>]+/gi) ?? []
  return [...new Set(urls)]
}

/** A copy of `emails/` that a test may spoil. */
function copyEmails(changes: Record<string, (source: string) => string>): URL {
  const folder = mkdtempSync(join(tmpdir(), 'rekey-emails-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  cpSync(EMAILS, folder, { recursive: true })
  for (const [file, change] of Object.entries(changes)) {
    const original = readFileSync(new URL(file.replace(/[^/]+\.json$/, 'en.json'), EMAILS), 'utf8')
    writeFileSync(join(folder, file), change(original))
  }
  return pathToFileURL(`${folder}/`)
}

describe('the reset mail', () => {
  const mail = templates.render({ ...RESET, name: 'Ann Lee' }, 'en')

  test('names the application in its subject', () => {
    expect(mail.subject).toBe('Reset your Acme Notes password')
  })

  test('has the link alone on its line, between blank lines, in the text part', () => {
    const lines = mail.text.split('\n')
    const at = lines.indexOf(LINK)
    expect(lines[at - 1]).toBe('')
    expect(lines[at + 1]).toBe('')
    expect(mail.text.split(LINK)).toHaveLength(2)
  })

  test('has no other URL than the link in either part', () => {
    expect(urlsIn(mail.text)).toEqual([LINK])
    expect(urlsIn(mail.html)).toEqual([LINK])
  })

  test('shows in HTML the very URL that the button opens', () => {
    const anchors = [...mail.html.matchAll(/<a [^>]*href="(https[^"]*)"[^>]*>([^<]*)<\/a>/g)]
    expect(anchors.map(([, href]) => unescapeHtml(href ?? ''))).toEqual([LINK, LINK])
    expect(anchors.map(([, , shown]) => unescapeHtml(shown ?? ''))).toEqual([
      'Choose a new password',
      LINK,
    ])
  })

  test('says how long the link works, that it works once, and that it may be ignored', () => {
    for (const part of [mail.text, mail.html]) {
      expect(part).toContain('The link works for 60 minutes and can be used once.')
      expect(part).toContain('If you did not ask for this, you can ignore this message.')
      expect(part).toContain('Your password stays unchanged.')
    }
  })

  test.each([
    [60, '1 minute'],
    [300, '5 minutes'],
    [3600, '60 minutes'],
    [5400, '90 minutes'],
    [7200, '2 hours'],
    [9000, '150 minutes'],
    [86_400, '24 hours'],
    [119, '1 minute'],
  ])('spells a lifetime of %i seconds as %s', (ttlSeconds, spelled) => {
    const { text } = templates.render({ ...RESET, ttlSeconds }, 'en')
    expect(text).toContain(`works for ${spelled} and`)
  })
})

describe('the notice of a changed password', () => {
  const mail = templates.render({ ...CHANGED, name: 'Ann Lee' }, 'en')

  test('says when, in UTC', () => {
    for (const part of [mail.text, mail.html]) {
      expect(part).toContain('was changed on November 21, 2026 at 08:04 UTC.')
    }
  })

  test('says where to ask for a link, alone on its line', () => {
    expect(mail.text).toContain(`\n\n${REQUEST_PAGE}\n\n`)
  })

  test('carries no other URL, and nothing that looks like a signature or an address of a machine', () => {
    for (const part of [mail.text, mail.html]) {
      expect(urlsIn(part)).toEqual([REQUEST_PAGE])
      expect(part).not.toMatch(/[\w-]{43}/)
      expect(part).not.toMatch(/\d+\.\d+\.\d+\.\d+/)
    }
  })
})

describe('every mail', () => {
  test.each(MESSAGES)('is the same bytes for the same values: $kind', (message) => {
    expect(load(BRAND).render({ ...message }, 'en')).toEqual(templates.render(message, 'en'))
  })

  test.each(MESSAGES)('loads nothing from elsewhere: $kind', (message) => {
    const { html } = templates.render(message, 'en')
    expect(html).not.toMatch(/<(img|link|script|iframe|object|svg|video|form|base)\b/i)
    expect(html).not.toMatch(/@import|@font-face|url\(|\b(src|srcset|background)=/i)
  })

  test.each(MESSAGES)('fits into 30 kB, in lines that SMTP carries: $kind', (message) => {
    const { html, text } = load({ ...BRAND, appName: 'Acme '.repeat(10) }).render(
      { ...message, name: "'".repeat(30).concat('a').repeat(300) },
      'en',
    )
    expect(Buffer.byteLength(html) + Buffer.byteLength(text)).toBeLessThan(30_000)
    for (const line of `${html}\n${text}`.split('\n')) {
      expect(Buffer.byteLength(line)).toBeLessThan(998)
    }
  })

  test.each(MESSAGES)('gives the support address only where there is one: $kind', (message) => {
    const mail = templates.render(message, 'en')
    expect(mail.text).toMatch(/Write to us: help@acme\.example\n$/)
    expect(mail.html).toContain('href="mailto:help@acme.example"')
    const bare = load({ appName: 'Acme' }).render(message, 'en')
    expect(bare.text + bare.html).not.toMatch(/Write to us|mailto:/)
  })

  test.each(MESSAGES)('asks nothing with an exclamation mark: $kind', (message) => {
    const { subject, text } = templates.render(message, 'en')
    expect(subject + text).not.toContain('!')
  })

  test.each(MESSAGES)(
    'has a subject of one line and a text part without gaps: $kind',
    (message) => {
      const mail = load({ ...BRAND, appName: 'Acme\r\nBcc: x@evil.test' }).render(message, 'en')
      expect(mail.subject).not.toMatch(/[\r\n]/)
      expect(mail.text).not.toMatch(/\n{3}|^\s|\s\n$/)
    },
  )

  test('has every value escaped in HTML and plain in text', () => {
    const link = `https://app.example/?a=1&b="><script>alert('x')</script>`
    const mail = load({ ...BRAND, appName: '<b>Tom & "Jerry"</b>' }).render(
      { ...RESET, link },
      'en',
    )
    expect(mail.html).not.toMatch(/<script|<b>|="https:\/\/app\.example\/\?a=1&b/)
    expect(mail.html).toContain('&lt;b&gt;Tom &amp; &#34;Jerry&#34;&lt;/b&gt;')
    expect(mail.text).toContain('<b>Tom & "Jerry"</b>')
    expect(mail.text).toContain(link)
  })
})

describe('the greeting', () => {
  test.each([
    ['Ann Lee', 'Hello Ann Lee,'],
    ['  Ann\tLee\n', 'Hello Ann Lee,'],
    ["Zoë O'Neill-Ødegård", "Hello Zoë O'Neill-Ødegård,"],
    ['J. R. R. Tolkien', 'Hello J. R. R. Tolkien,'],
    ['J.R.R. Tolkien', 'Hello J.R.R. Tolkien,'],
    ['Sammy Davis Jr.', 'Hello Sammy Davis Jr.,'],
    ['山田 太郎', 'Hello 山田 太郎,'],
    ['علی\u200cرضا', 'Hello علی\u200cرضا,'],
    ['Ann 👩‍🚀', 'Hello Ann 👩‍🚀,'],
    ['Louis 14', 'Hello Louis 14,'],
  ])('is by the name %j', (name, greeting) => {
    expect(greet(name)).toBe(greeting)
  })

  test.each([
    ['<img src=x onerror=alert(1)>', 'Hello <img src=x onerror=alert(1)>,'],
    ['"><script>', 'Hello "><script>,'],
    ['{{7*7}}', 'Hello {{7*7}},'],
    ['$\u007b7*7}', 'Hello $\u007b7*7},'],
    ['<%= 7*7 %>', 'Hello <%= 7*7 %>,'],
    ['#{7*7}', 'Hello #{7*7},'],
    ["{% include 'layout' %}", "Hello {% include 'layout' %},"],
    ['{app} {name} $& $1', 'Hello {app} {name} $& $1,'],
    ['Ann\r\n\r\nBcc', 'Hello Ann Bcc,'],
    ['Ann\u2028Lee\u2029', 'Hello Ann Lee,'],
    ['Ann\0\u0007\u001b[31m', 'Hello Ann[31m,'],
    ['\u202eeeL nnA\u202c', 'Hello eeL nnA,'],
    ['\u2066Ann\u2069\u200f\u061c', 'Hello Ann,'],
    ['A\u200bn\u2060n\ufeff\u00ad', 'Hello Ann,'],
    ['Ann\ud800', 'Hello Ann,'],
    ['a'.repeat(10_000), `Hello ${'a'.repeat(64)},`],
    ['😀a'.repeat(5_000), `Hello ${'😀a'.repeat(32)},`],
  ])('takes %j for nothing but text', (name, greeting) => {
    expect(greet(name)).toBe(greeting)
  })

  test.each([
    'https://evil.test/ is your new link',
    'HTTPS:evil',
    'javascript:alert(1)',
    'evil.test',
    'Call evil.test now',
    'evil\u200b.test',
    'evil\u200d.\u200dtest',
    'evil\u034f.\u034ftest',
    'evil.テスト',
    'evil｡test',
    'ｅｖｉｌ．ｔｅｓｔ',
    'WWW.e',
    '<a href="//evil">Ann</a>',
    'Ann @evil',
    'ann＠evil',
    '\\\\evil\\share',
    '10.1.1.1',
    'Call +44 20 7946 0000',
    '{{constructor.constructor("return 1")()}}',
    'evil.test'.padStart(500, 'a '),
    '',
    '   ',
    '\u202e\u0000',
    '-',
    '...',
  ])('is without the name %j', (name) => {
    expect(greet(name)).toBe('Hello,')
  })

  test('is without a name where the row has none', () => {
    expect(greet(undefined)).toBe('Hello,')
  })

  test('is all that a name can change', () => {
    const plain = templates.render(RESET, 'en')
    const scraps = [
      '.',
      'evil',
      'test',
      '://',
      'www',
      '\r\n',
      '\u202e',
      '{{',
      '}}',
      '{%',
      '%}',
      '{name}',
    ]
    const scrap = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom(...scraps, '<', '>', '&', '$&', '\u200d', '/', '@'),
    )
    const name = fc.array(scrap, { maxLength: 12 }).map((parts) => parts.join(''))
    fc.assert(
      fc.property(name, (name) => {
        const mail = templates.render({ ...RESET, name }, 'en')
        const [greeting = '', ...rest] = mail.text.split('\n')
        expect(Array.from(greeting).length).toBeLessThanOrEqual('Hello ,'.length + 64)
        expect(greeting).not.toMatch(/[\p{Cc}\u202a-\u202e\u2066-\u2069\u2028\u2029]/u)
        expect(greeting).not.toMatch(/\w\.\w\w|[:/\\@]/)
        expect(['Hello,', ...rest].join('\n')).toBe(plain.text)
        expect(mail.subject).toBe(plain.subject)
        const [before = '', shown = '', after = ''] = mail.html.split(/(?<=>)(Hello[^<>"]*)(?=<)/)
        expect(unescapeHtml(shown)).toBe(greeting)
        expect(`${before}Hello,${after}`).toBe(plain.html)
      }),
    )
  })
})

describe('the button', () => {
  function luminance(color: string): number {
    const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
      const share = Number.parseInt(color.slice(at, at + 2), 16) / 255
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
    })
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  function contrast(one: string, other: string): number {
    const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b)
    return (light + 0.05) / (dark + 0.05)
  }
  function buttonOf(brandColor: string): { background: string; ink: string; border: string } {
    const { html } = load({ ...BRAND, brandColor }).render(RESET, 'en')
    const found =
      /background-color:(?<background>#\w+);border:1px solid (?<border>#\w+);[^<]*<a [^>]*;color:(?<ink>#\w+)/.exec(
        html,
      )
    const { background = '', ink = '', border = '' } = found?.groups ?? {}
    return { background, ink, border }
  }

  test.each([
    ['#ffd400', '#000000'],
    ['#FFFFFF', '#000000'],
    ['#000000', '#ffffff'],
    ['#2f6bd6', '#ffffff'],
    ['#e53935', '#000000'],
  ])('has on %s the text colour %s', (brandColor, ink) => {
    expect(buttonOf(brandColor)).toMatchObject({ background: brandColor, ink })
  })

  test('is legible and visible in every colour', () => {
    const color = fc
      .integer({ min: 0, max: 0xffffff })
      .map((value) => `#${value.toString(16).padStart(6, '0')}`)
    fc.assert(
      fc.property(color, (brandColor) => {
        const { background, ink, border } = buttonOf(brandColor)
        expect(contrast(background, ink)).toBeGreaterThanOrEqual(4.5)
        expect(
          Math.max(contrast(background, '#ffffff'), contrast(border, '#ffffff')),
        ).toBeGreaterThanOrEqual(3)
      }),
      { numRuns: 25 },
    )
  })

  test.each(['red', '#12345', '#fff', 'ffffff', '#ffffff;x:y', '#gggggg', ''])(
    'takes no brand colour like %j',
    (brandColor) => {
      expect(() => load({ ...BRAND, brandColor })).toThrow('brand colour')
    },
  )
})

describe('a language', () => {
  test.each(locales)('has a form for every number of minutes and hours: %s', (locale) => {
    const source = readFileSync(new URL(`locales/${locale}.json`, EMAILS), 'utf8')
    const { minutes, hours } = JSON.parse(source)
    const rules = new Intl.PluralRules(locale)
    for (let count = 1; count <= 1440; count += 1) {
      expect(minutes).toHaveProperty(rules.select(count))
      if (count <= 24) expect(hours).toHaveProperty(rules.select(count))
    }
  })

  test.each(locales)('leaves no placeholder unfilled: %s', (locale) => {
    for (const message of MESSAGES) {
      const { subject, text, html } = templates.render({ ...message, name: 'Ann' }, locale)
      expect(subject + text).not.toMatch(/[{}]|undefined/)
      expect(html.replace(/<style>.*<\/style>/s, '')).not.toMatch(/[{}]|undefined/)
    }
  })

  test('stands on the document with its direction', () => {
    const directory = copyEmails({ 'locales/he.json': (en) => en.replace('"ltr"', '"rtl"') })
    const { html } = load({ ...BRAND, directory }).render(RESET, 'he')
    expect(html).toContain('<html lang="he" dir="rtl">')
    expect(templates.render(RESET, 'en').html).toContain('<html lang="en" dir="ltr">')
  })

  test('is found for the ways a row may spell it, and is the default otherwise', () => {
    const same = (en: string) => en
    const directory = copyEmails({ 'locales/de.json': same, 'locales/pt-BR.json': same })
    const language = (wanted: string, defaultLocale = 'en') =>
      /lang="([^"]+)"/.exec(
        load({ ...BRAND, directory, defaultLocale }).render(RESET, wanted).html,
      )?.[1]
    const spellings = [
      'de',
      'DE',
      'de-AT',
      'de_DE.UTF-8',
      'pt_br',
      ' pt-BR ',
      'fr',
      '',
      '-',
      '../de',
    ]
    expect(spellings.map((wanted) => language(wanted))).toEqual([
      'de',
      'de',
      'de',
      'de',
      'pt-BR',
      'pt-BR',
      'en',
      'en',
      'en',
      'en',
    ])
    expect(language('fr', 'de')).toBe('de')
  })

  test('must be there to be the default', () => {
    expect(() => load({ ...BRAND, defaultLocale: 'xx' })).toThrow('DEFAULT_LOCALE')
  })
})

describe('a fault stops the start', () => {
  const second = (line: string) => (source: string) => source.replace('\n', `\n${line}\n`)

  test.each([
    ['an open tag', 'reset-link.html.liquid', second('{% if text.intro %}'), 'line:2'],
    ['an unknown tag', 'password-changed.text.liquid', second('{% frobnicate %}'), 'line:2'],
    ['an unknown variable', 'layout.html.liquid', second('{{ password }}'), 'line:2'],
    ['an unknown sentence', 'layout.text.liquid', second('{{ text.intor }}'), 'line:2'],
    ['an unknown filter', 'layout.text.liquid', second('{{ url | shout }}'), 'line:2'],
    ['an inherited property', 'layout.text.liquid', second('{{ text.constructor }}'), 'line:2'],
    ['a file beside the templates', 'layout.text.liquid', second("{% render '../x' %}"), 'line:2'],
  ])('%s in a template, by file and line', (_, file, change, line) => {
    const start = () => load({ ...BRAND, directory: copyEmails({ [file]: change }) })
    expect(start).toThrow(`Broken mail template ${file}:`)
    expect(start).toThrow(line)
  })

  test.each([
    ['no JSON', (en: string) => en.replace(',', ''), 'line 3'],
    ['no object', () => '[]', 'not an object'],
    ['no direction', (en: string) => en.replace('"ltr"', '"up"'), 'dir'],
    ['a section less', (en: string) => en.replace('"hours"', '"ours"'), 'hours'],
    ['a sentence less', (en: string) => en.replace('"ignore"', '"ignored"'), 'reset-link.ignore'],
    ['no subject', (en: string) => en.replace('"subject"', '"subjects"'), 'reset-link.subject'],
    ['a number', (en: string) => en.replace('"Hello,"', '1'), 'greeting.anonymous'],
    ['a placeholder less', (en: string) => en.replace('{duration}', ''), 'reset-link.preheader'],
    ['a misspelt placeholder', (en: string) => en.replace('{name}', '{nmae}'), '{nmae}'],
    ['an open placeholder', (en: string) => en.replace('{name}', '{name'), 'greeting.named'],
    [
      'a value of another message',
      (en: string) => en.replace('{changed_at}', '{duration}'),
      '{dur',
    ],
  ])('%s in a catalogue, by language and key', (_, change, fault) => {
    const directory = copyEmails({ 'locales/de.json': change })
    expect(() => load({ ...BRAND, directory })).toThrow(/\bde\b/)
    expect(() => load({ ...BRAND, directory })).toThrow(fault)
  })

  test('a template that is not there, by its name', () => {
    const directory = copyEmails({})
    rmSync(new URL('password-changed.text.liquid', directory))
    expect(() => load({ ...BRAND, directory })).toThrow('password-changed.text.liquid')
  })

  test('a catalogue that is named after no language', () => {
    const directory = copyEmails({ 'locales/english_uk.json': (en) => en })
    expect(() => load({ ...BRAND, directory })).toThrow('english_uk')
  })
})
