// Reads rendered mails as their receivers do, and starts with templates that are broken.

import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { readContentConfig } from '../../src/config/read-config.ts'
import { loadTemplates } from '../../src/mail/templates.ts'
import type { MailMessage } from '../../src/ports.ts'
import { loadMailTemplates } from '../../src/service/load-content.ts'

const EMAILS = new URL('../../emails/', import.meta.url)
const LINK =
  'https://app.example/reset?timestamp=1763712345&user_id=7d2f&signature=Q2b7xW0rJ8mN5tYvKc1LpZsA9dFgHhUeRiOoTq3-_4w&next=%2Fa'
const REQUEST_PAGE = 'https://app.example/forgot'
const BRAND = { APP_NAME: 'Acme Notes', SUPPORT_EMAIL: 'help@acme.example' }
const RESET = { kind: 'reset-link', link: LINK, ttlSeconds: 3600, name: undefined } as const
const CHANGED = {
  kind: 'password-changed',
  changedAt: new Date('2026-11-21T08:04:11.123Z'),
  requestPageUrl: REQUEST_PAGE,
  name: undefined,
} as const
const NO_PASSWORD = { kind: 'no-password', name: undefined } as const
/** Each is shown as one character, or ends in one, that is wider or taller than a line. */
const TOWERS = [
  'ᄀ'.repeat(64),
  `ก${'\u0e4d'.repeat(63)}`,
  `क${'\u094dक'.repeat(31)}`,
  `ཀ${'ྐ'.repeat(60)}`,
  `A ${'👩\u200d'.repeat(31)}`,
  `Z${'\u0323\u0301'.repeat(31)}`,
]
const MESSAGES: readonly MailMessage[] = [RESET, CHANGED, NO_PASSWORD]

/** Loads as the process would, with a brand and some files of an operator. */
function load(env: Record<string, string> = {}, files: Record<string, string | Buffer> = {}) {
  const MAIL_TEMPLATES_DIR = ownFiles(files)
  return loadMailTemplates(readContentConfig({ ...BRAND, MAIL_TEMPLATES_DIR, ...env }))
}

const templates = loadMailTemplates(readContentConfig(BRAND))
const english = readFileSync(new URL('locales/en.json', EMAILS), 'utf8')
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

/** A folder of an operator's own files. */
function ownFiles(files: Record<string, string | Buffer>): string {
  const folder = mkdtempSync(join(tmpdir(), 'rekey-templates-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  for (const [file, source] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, file)), { recursive: true })
    writeFileSync(join(folder, file), source)
  }
  return folder
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
      expect(part).toContain('The link works for 60 minutes and can be used only once.')
      expect(part).toContain('If you did not ask for this, you can ignore this message.')
      expect(part).toContain('Your password stays as it is.')
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

  test('says what whoever did not do it should do about the mailbox', () => {
    for (const part of [mail.text, mail.html]) {
      expect(part).toContain('please change the password of your mailbox too.')
    }
  })

  test('carries no other URL, and nothing that looks like a signature or an address of a machine', () => {
    for (const part of [mail.text, mail.html]) {
      expect(urlsIn(part)).toEqual([REQUEST_PAGE])
      expect(part).not.toMatch(/[\w-]{43}/)
      expect(part).not.toMatch(/\d+\.\d+\.\d+\.\d+/)
    }
  })
})

describe('the notice that there is no password', () => {
  const mail = templates.render({ ...NO_PASSWORD, name: 'Ann Lee' }, 'en')

  test('says that the account signs in elsewhere, and that it may be ignored', () => {
    for (const part of [mail.text, mail.html]) {
      expect(part).toContain('you sign in to this account through another service')
      expect(part).toContain('If you did not ask for this, you can ignore this message.')
    }
  })

  test('carries no URL, no button, and nothing that looks like a signature', () => {
    for (const part of [mail.text, mail.html]) {
      expect(urlsIn(part)).toEqual([])
      expect(part).not.toMatch(/[\w-]{43}/)
    }
    expect(mail.html).not.toContain('class="button"')
  })
})

describe('every mail', () => {
  test.each(MESSAGES)('is the same bytes for the same values: $kind', (message) => {
    expect(load().render({ ...message }, 'en')).toEqual(templates.render(message, 'en'))
  })

  test.each(MESSAGES)('loads nothing from elsewhere: $kind', (message) => {
    const { html } = templates.render(message, 'en')
    expect(html).not.toMatch(/<(img|link|script|iframe|object|svg|video|form|base)\b/i)
    expect(html).not.toMatch(/@import|@font-face|url\(|\b(src|srcset|background)=/i)
  })

  test.each(locales)('fits into 30 kB, in lines that SMTP carries: %s', (locale) => {
    const long = load({ APP_NAME: 'Acme '.repeat(10) })
    for (const message of MESSAGES) {
      const name = "'".repeat(30).concat('a').repeat(300)
      const { html, text } = long.render({ ...message, name }, locale)
      expect(Buffer.byteLength(html) + Buffer.byteLength(text)).toBeLessThan(30_000)
      for (const line of `${html}\n${text}`.split('\n')) {
        expect(Buffer.byteLength(line)).toBeLessThan(998)
      }
    }
  })

  test.each(MESSAGES)('gives the support address only where there is one: $kind', (message) => {
    const mail = templates.render(message, 'en')
    expect(mail.text).toMatch(/Write to us: help@acme\.example\n$/)
    expect(mail.html).toContain('href="mailto:help@acme.example"')
    const bare = load({ SUPPORT_EMAIL: '' }).render(message, 'en')
    expect(bare.text + bare.html).not.toMatch(/Write to us|mailto:/)
  })

  test.each(MESSAGES)(
    'has a subject of one line and a text part without gaps: $kind',
    (message) => {
      const mail = load({ APP_NAME: 'Acme\r\nBcc: x@evil.test' }).render(message, 'en')
      expect(mail.subject).not.toMatch(/[\r\n]/)
      expect(mail.text).not.toMatch(/\n{3}|^\s|\s\n$/)
    },
  )

  test('has every value escaped in HTML and plain in text', () => {
    const link = `https://app.example/?a=1&b="><script>alert('x')</script>`
    const mail = load({ APP_NAME: '<b>Tom & "Jerry"</b>' }).render({ ...RESET, link }, 'en')
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
    ['Class of 2024', 'Hello Class of 2024,'],
    ['Ann (Jr.)', 'Hello Ann (Jr.),'],
    ['Ann 👩🏽‍❤️‍💋‍👨🏿', 'Hello Ann 👩🏽‍❤️‍💋‍👨🏿,'],
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
    'Text 12345',
    'Text ①②③④⑤',
    'evil[.]com',
    'evil ( . ) com',
    'evil［。］com',
    '{{constructor.constructor("return 1")()}}',
    'evil.test'.padStart(500, 'a '),
    '',
    '   ',
    '\u202e\u0000',
    '-',
    '...',
    ...TOWERS,
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
  function buttonOf(BRAND_COLOR: string): { background: string; ink: string; border: string } {
    const { html } = load({ BRAND_COLOR }).render(RESET, 'en')
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

  test('has the six that are promised', () => {
    expect(locales).toEqual(expect.arrayContaining(['ar', 'de', 'en', 'es', 'fr', 'ja']))
  })

  test.each(locales)('says in each message what the others say: %s', (locale) => {
    const named = { ...BRAND, APP_NAME: 'Zürich & Söhne' }
    for (const message of MESSAGES) {
      const { subject, text, html } = load(named).render({ ...message, name: 'Ann' }, locale)
      expect(subject).toContain(named.APP_NAME)
      expect(text).toContain('Ann')
      expect(text).toContain(named.SUPPORT_EMAIL)
      expect(subject + text).not.toContain('!')
      if (message.kind === 'password-changed') expect(text).toMatch(/2026.*08:04 UTC/)
      if (message.kind === 'reset-link') expect(text).toMatch(/\b60/)
      expect(html).toContain(`lang="${locale}"`)
    }
  })

  test.each([
    ['ar', 60, 'دقيقة واحدة'],
    ['ar', 120, 'دقيقتين'],
    ['ar', 300, '5 دقائق'],
    ['ar', 3600, '60 دقيقة'],
    ['ar', 7200, 'ساعتين'],
    ['ar', 21_600, '6 ساعات'],
    ['ar', 86_400, '24 ساعة'],
    ['de', 60, '1 Minute lang'],
    ['de', 86_400, '24 Stunden lang'],
    ['ja', 7200, '有効期間は2時間'],
  ])('has the form for a number: %s, %i seconds', (locale, ttlSeconds, spelled) => {
    expect(templates.render({ ...RESET, ttlSeconds }, locale).text).toContain(spelled)
  })

  test('keeps names apart that run the other way, but for the subject', () => {
    const mail = templates.render({ ...RESET, name: 'Ann (Lee)' }, 'ar')
    expect(mail.text).toMatch(/^مرحبًا \u2068Ann \(Lee\)\u2069،\n/)
    expect(mail.text).toContain('\u2068Acme Notes\u2069')
    expect(mail.subject).not.toMatch(/[\u2066-\u2069]/)
    expect(templates.render({ ...RESET, name: 'Ann' }, 'en').text).not.toMatch(/[\u2066-\u2069]/)
  })

  test('is added by one file', () => {
    const nl = english.replace('Hello,', 'Goedendag,')
    expect(load({}, { 'locales/nl.json': nl }).render(RESET, 'nl-BE').text).toMatch(/^Goedendag,\n/)
  })

  test('stands on the document with its direction', () => {
    const he = english.replace('"ltr"', '"rtl"')
    const { html } = load({}, { 'locales/he.json': he }).render(RESET, 'he')
    expect(html).toContain('<html lang="he" dir="rtl">')
    expect(templates.render(RESET, 'en').html).toContain('<html lang="en" dir="ltr">')
  })

  test.each([
    ['de', 'de'],
    ['DE', 'de'],
    ['de-AT', 'de'],
    ['de_DE.UTF-8', 'de'],
    ['de.UTF-8', 'de'],
    ['de@euro', 'de'],
    ['de,en;q=0.8', 'de'],
    [' de\n', 'de'],
    ['pt_br', 'pt-BR'],
    [' pt-BR ', 'pt-BR'],
    ['pt', 'fr'],
    ['', 'fr'],
    ['-', 'fr'],
    ['../de', 'fr'],
  ])('is found for %j as a row may spell it, and is the default otherwise: %s', (wanted, found) => {
    const own = load({ DEFAULT_LOCALE: 'fr' }, { 'locales/pt-BR.json': english })
    expect(own.render(RESET, wanted).html).toContain(`lang="${found}"`)
  })

  test('must be there to be the default', () => {
    expect(() => load({ DEFAULT_LOCALE: 'xx' })).toThrow(
      /^DEFAULT_LOCALE: must be one of ar, de, en, es, fr, ja$/,
    )
  })
})

// That is why one language is enough to try them out in.
test.each(readdirSync(EMAILS).filter((file) => file.endsWith('.liquid')))(
  'our own templates look at nothing that a language or a name changes: %s',
  (file) => {
    const source = readFileSync(new URL(file, EMAILS), 'utf8')
    const outputs = [...source.matchAll(/\{\{-? *(.*?) *-?\}\}/g)].map(([, output]) => output)
    const tags = [...source.matchAll(/\{%-? *(.*?) *-?%\}/g)].map(([, tag]) => tag)
    expect(outputs.filter((output) => !/^[\w.]+$/.test(output ?? ''))).toEqual([])
    const plain =
      /^(?:layout '[\w.-]+', url: \w+|block \w+|endblock|if (?:url|support_email)|endif)$/
    expect(tags.filter((tag) => !plain.test(tag ?? ''))).toEqual([])
    expect(outputs.length + tags.length).toBe(source.split(/\{[{%]/).length - 1)
  },
)

describe("an operator's own files", () => {
  test('count in place of ours, one by one', () => {
    const mixed = load(
      {},
      {
        'reset-link.text.liquid':
          "\ufeffHej! {{ text.greeting }}\r\n{{ link }}\r\n{% render 'foot.liquid', app: app_name %}",
        'foot.liquid': 'Yours, {{ app }}',
        'notes.md': '{% not a template %}',
      },
    )
    const mail = mixed.render(RESET, 'en')
    expect(mail.text).toBe(`Hej! Hello,\n${LINK}\nYours, Acme Notes\n`)
    expect(mail.html).toBe(templates.render(RESET, 'en').html)
    expect(mixed.render(CHANGED, 'de')).toEqual(templates.render(CHANGED, 'de'))
  })

  test('leave the HTML part out where that file is empty, and only there', () => {
    const mixed = load({}, { 'reset-link.html.liquid': ' \n' })
    const { text } = templates.render(RESET, 'en')
    expect(mixed.render(RESET, 'en')).toMatchObject({ text, html: '' })
    expect(mixed.render(CHANGED, 'en')).toEqual(templates.render(CHANGED, 'en'))
    for (const [file, source] of [
      ['reset-link.text.liquid', ''],
      ['reset-link.html.liquid', '{% if false %}{{ link }}{% endif %}'],
    ] as const) {
      expect(() => load({}, { [file]: source })).toThrow(/\{\{ link \}\} is not rendered as/)
    }
  })

  test('may be a layout, a changed catalogue or a new one', () => {
    const mixed = load(
      {},
      {
        'layout.text.liquid': '{{ url }}\n-- {{ app_name }}',
        'locales/en.json': english.replace('Reset your {app} password', '{app}: a new password'),
        'locales/sv.json': english.replace('Hello,', 'Hej,'),
      },
    )
    expect(mixed.render(RESET, 'en').subject).toBe('Acme Notes: a new password')
    expect(mixed.render(RESET, 'sv').html).toContain('Hej,')
    expect(mixed.render(RESET, 'ja').text).toMatch(/\n-- Acme Notes\n$/)
  })

  test('may have texts that ours have not', () => {
    const more = english.replace(
      '"subject": "Signing',
      '"more": "Yours, {app}", "subject": "Signing',
    )
    const template = '{% if lang == "sv" %}{{ text.more }}{% endif %}'
    const own = { 'no-password.text.liquid': template, 'locales/sv.json': more }
    expect(load({}, own).render(NO_PASSWORD, 'sv').text).toBe('Yours, Acme Notes\n')
  })

  test('escape nothing less than ours, whatever a name holds', () => {
    const template = '<p title="{{ text.greeting }}">{{ text.greeting }}</p>'
    const own = load({}, { 'no-password.html.liquid': template })
    expect(own.render({ ...NO_PASSWORD, name: '"><b>{{7}}' }, 'en').html).toBe(
      '<p title="Hello &#34;&gt;&lt;b&gt;{{7}},">Hello &#34;&gt;&lt;b&gt;{{7}},</p>',
    )
  })

  test('are read through links, beside what editors and mounts leave there', () => {
    const folder = ownFiles({ '..data/x.liquid': 'Hej!', '.x.liquid.swp': '', '.#x.liquid': '{%' })
    symlinkSync(join(folder, '..data/x.liquid'), join(folder, 'no-password.text.liquid'))
    mkdirSync(join(folder, 'old.liquid'))
    const own = load({ MAIL_TEMPLATES_DIR: folder })
    expect(own.render(NO_PASSWORD, 'en').text).toBe('Hej!\n')
  })

  test('must be in a directory that is there', () => {
    expect(() => load({ MAIL_TEMPLATES_DIR: '/nowhere' })).toThrow(
      /^MAIL_TEMPLATES_DIR: must be a directory that can be read$/,
    )
  })

  test.each<[string, Record<string, string | Buffer>, string]>([
    ['no UTF-8', { 'layout.text.liquid': Buffer.from('f\xfcr', 'latin1') }, 'is not UTF-8'],
    ['a catalogue among the templates', { 'de.json': '{}' }, 'belongs into locales/'],
    ['an ending that Windows hides', { 'layout.text.liquid.txt': '' }, 'must not end in .txt'],
    ['a misspelt name', { 'reset_link.text.liquid': '{{ link }}' }, 'no template names it'],
  ])('are named where they have %s', (_, files, reason) => {
    const [file] = Object.keys(files)
    expect(() => load({}, files)).toThrow(
      new RegExp(`^MAIL_TEMPLATES_DIR/${file}: .*${RegExp.escape(reason)}$`),
    )
  })

  test('are named where they cannot be read', () => {
    const folder = ownFiles({ locales: 'a file' })
    symlinkSync(join(folder, 'nowhere'), join(folder, 'layout.text.liquid'))
    expect(() => load({ MAIL_TEMPLATES_DIR: folder })).toThrow(
      /^MAIL_TEMPLATES_DIR\/locales: cannot be read \(ENOTDIR\)\nMAIL_TEMPLATES_DIR\/layout\.text\.liquid: cannot be read \(ENOENT\)$/,
    )
  })
})

describe('a fault stops the start', () => {
  /** One of our templates with a line of an operator's in it. */
  const second = (file: string, line: string) =>
    readFileSync(new URL(file, EMAILS), 'utf8').replace('\n', `\n${line}\n`)
  const digits = "{% assign digits = '0123456789' | split: '' %}"
  const loops = '{% for i in digits %}'.repeat(12) + '{% endfor %}'.repeat(12)

  test.each([
    ['an open tag', 'reset-link.html.liquid', '{% if text.intro %}'],
    ['an unknown tag', 'password-changed.text.liquid', '{% frobnicate %}'],
    ['an unknown variable', 'layout.html.liquid', '{{ password }}'],
    ['an unknown sentence', 'layout.text.liquid', '{{ text.intor }}'],
    ['an unknown filter', 'layout.text.liquid', '{{ url | shout }}'],
    ['a way around the escaping', 'layout.html.liquid', '{{ app_name | raw }}'],
    ['an inherited property', 'layout.text.liquid', '{{ text.constructor }}'],
    ['an inherited template', 'layout.text.liquid', "{% render 'constructor' %}"],
    ['a file beside the templates', 'layout.text.liquid', "{% render '../x' %}"],
    ['the time', 'layout.text.liquid', "{{ 'now' | date: '%s' }}"],
    ['chance', 'layout.text.liquid', "{{ 'ab' | sample }}"],
    ['values without end', 'layout.text.liquid', '{% for i in (1..9999999999) %}{% endfor %}'],
    ['work without end', 'no-password.text.liquid', digits + loops],
  ])('%s in a template, by file and line, once', (_, file, line) => {
    const start = () => load({}, { [file]: second(file, line) })
    expect(start).toThrow(new RegExp(`^MAIL_TEMPLATES_DIR/${file} line 2: .+$`))
  })

  test('what shows in some languages only, with these', () => {
    const own = { 'no-password.text.liquid': second('no-password.text.liquid', '{{ text.more }}') }
    const more = english.replace('"subject": "Signing', '"more": "More", "subject": "Signing')
    expect(() => load({}, { ...own, 'locales/en.json': more })).toThrow(
      /^MAIL_TEMPLATES_DIR\/no-password\.text\.liquid line 2: .*more \(in ar, de, es, fr, ja\)$/,
    )
  })

  test.each([
    ['reset-link.text.liquid', '{{ text.intro }}', '{{ link }}'],
    ['reset-link.html.liquid', '{{ text.intro }}', '{{ link }}'],
    ['reset-link.html.liquid', '<a href="{{ link | escape }}">here</a>', '{{ link }}'],
    ['password-changed.text.liquid', 'Hello', '{{ request_page_url }}'],
    ['password-changed.html.liquid', 'Hello', '{{ request_page_url }}'],
  ])('a message without its URL as it is: %s of %j', (file, source, value) => {
    const url = file.includes('html')
      ? 'https://app.example/?a=1&amp;b=2'
      : 'https://app.example/?a=1&b=2'
    expect(() => load({}, { [file]: source })).toThrow(
      new RegExp(
        `^${RegExp.escape(`MAIL_TEMPLATES_DIR/${file}: ${value} is not rendered as ${url}`)}$`,
      ),
    )
  })

  test('what only a name brings about', () => {
    const line = "{% if text.greeting contains 'a' %}{{ oops }}{% endif %}"
    expect(() => load({}, { 'layout.text.liquid': `{{ url }}\n${line}` })).toThrow(
      /layout\.text\.liquid line 2: .*oops/,
    )
  })

  test('every one of them, all at once', () => {
    const files = {
      'reset-link.text.liquid': '\n{% oops %}',
      'no-password.html.liquid': '\n{{ oops }}',
      'foot.liquid': '\n\n{% if %}',
      'locales/de.json': english.replace('"ltr"', '"up"'),
      'locales/fr.json': english.replace('"sign_in"', '"sign_up"'),
    }
    expect(() => load({ DEFAULT_LOCALE: 'es' }, files)).toThrow(
      /^(?=.*locales\/de\.json line 2: )(?=.*locales\/fr\.json line \d+: )(?=.*reset-link\.text\.liquid line 2: )(?=.*no-password\.html\.liquid line 2: )(?=.*foot\.liquid line 3: )(?=.*foot\.liquid: )/s,
    )
  })

  const inGerman = (change: (english: string) => string) => ({ 'locales/de.json': change(english) })

  test.each<[string, (english: string) => string, string]>([
    ['no JSON', (en) => en.replace(',', ''), 'line 3'],
    ['no object', () => '[]', 'not an object'],
    ['no direction', (en) => en.replace('"ltr"', '"up"'), 'dir'],
    ['a section less', (en) => en.replace('"hours"', '"ours"'), 'hours'],
    ['a message less', (en) => en.replace('"no-password"', '"none"'), 'no-password'],
    ['a sentence less', (en) => en.replace('"ignore"', '"ignored"'), 'reset-link.ignore'],
    ['no subject', (en) => en.replace('"subject"', '"subjects"'), 'reset-link.subject'],
    ['a number', (en) => en.replace('"Hello,"', '1'), 'greeting.anonymous'],
    ['a blank text', (en) => en.replace('"Hello,"', '" "'), 'greeting.anonymous is blank'],
    ['a line break', (en) => en.replace('Hello,', 'Hello\\n'), 'has a control character'],
    ['a bell', (en) => en.replace('Hello,', 'Hello\\u0007'), 'has a control character'],
    ['a placeholder less', (en) => en.replace('{duration}', ''), 'reset-link.preheader'],
    ['a misspelt placeholder', (en) => en.replace('{name}', '{nmae}'), '{nmae}'],
    ['an open placeholder', (en) => en.replace('{name}', '{name'), 'greeting.named'],
    ['a value of another message', (en) => en.replace('{changed_at}', '{duration}'), '{dur'],
    ['a number of minutes less', (en) => en.replace('{count} minutes', 'minutes'), 'lacks {count}'],
    [
      'no form for every number',
      (en) => en.replace('"other"', '"two"'),
      'minutes.other is missing',
    ],
    ['a foreign form', (en) => en.replace('"one"', '"few"'), 'minutes.few is no form'],
  ])('%s in a catalogue, by file, line and key', (_, change, fault) => {
    const start = () => load({}, inGerman(change))
    expect(start).toThrow(/^MAIL_TEMPLATES_DIR\/locales\/de\.json line \d+: .+$/)
    expect(start).toThrow(fault)
  })

  test.each<[string, (english: string) => string]>([
    ['greeting.named', (en) => en.replace('{name}', '{nmae}')],
    ['reset-link.button', (en) => en.replace('"Choose a new password"', '"button {app"')],
    ['password-changed.button', (en) => en.replace('"Ask for a link"', '"intro {app"')],
    ['no-password.ignore', (en) => en.replace('Nothing has changed.', '"ignore": {')],
  ])('a fault in a catalogue on the line of its key: %s', (path, change) => {
    const files = inGerman((en) => change(en).replace('"ignore": {', '\\"ignore\\": {'))
    const lines = files['locales/de.json'].split('\n')
    const line = lines.findIndex((each, at) => each !== english.split('\n')[at]) + 1
    expect(() => load({}, files)).toThrow(`locales/de.json line ${line}: ${path} has`)
  })

  test("the operator's catalogue, where it lacks what all of ours have", () => {
    const own = english.replace('"ignore"', '"ignored"')
    expect(() => load({}, { 'locales/en.json': own })).toThrow(
      /^MAIL_TEMPLATES_DIR\/locales\/en\.json line \d+: reset-link\.ignore is missing$/,
    )
  })

  test('two catalogues of one language', () => {
    expect(() => load({}, { 'locales/DE.json': english })).toThrow(
      'MAIL_TEMPLATES_DIR/locales/DE.json line 1: its language is that of de.json, too',
    )
  })

  test('a catalogue that is named after no language', () => {
    expect(() => load({}, { 'locales/english_uk.json': english })).toThrow('english_uk')
  })

  test('a template that is not there, by its name', () => {
    const folder = mkdtempSync(join(tmpdir(), 'rekey-emails-'))
    onTestFinished(() => rmSync(folder, { recursive: true }))
    cpSync(EMAILS, folder, { recursive: true })
    rmSync(join(folder, 'password-changed.text.liquid'))
    const { content } = readContentConfig({})
    const directory = pathToFileURL(`${folder}/`)
    expect(() => loadTemplates({ ...content, directory })).toThrow('password-changed.text.liquid')
  })
})
