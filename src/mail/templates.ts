// Turns a message and a language into the subject, text and HTML of a mail, from the templates and
// catalogues in `emails/`.
//
// `<kind>.html.liquid` and `<kind>.text.liquid` are the two parts of a message, `layout.*.liquid` is
// what all messages share, `locales/<language tag>.json` holds every sentence of one language. The
// sentences are plain text with `{placeholders}`. They are filled in here and handed to a template
// as finished values, which it escapes: nothing in a value is ever read as markup or as a template.

import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { Liquid, LiquidError } from 'liquidjs'
import type { MailMessage, RenderedMail, Templates } from '../ports.ts'

/** What is the same in every mail. */
export interface TemplateOptions {
  readonly appName: string
  readonly supportEmail?: string | undefined
  /** The button's colour, `#rrggbb`. */
  readonly brandColor?: string | undefined
  /** The language of readers whose own has no catalogue; `en` by default. */
  readonly defaultLocale?: string | undefined
  /** Where the templates are, with a slash at its end; the project's own `emails/` by default. */
  readonly directory?: URL | undefined
}

/** Templates that were read and have rendered once. They do not judge the URLs they are given. */
export interface LoadedTemplates extends Templates {
  /** The languages that have a catalogue, as language tags, sorted. */
  readonly locales: readonly string[]
  /**
   * 16 hexadecimal digits over the bytes of all templates and catalogues and over the options:
   * where they are the same, the same message renders alike.
   */
  readonly fingerprint: string
  /**
   * Finds the language for one as a row may spell it (`de`, `de-AT`, `de_AT.UTF-8`): the closest
   * that has a catalogue, by the look-up of RFC 4647, or the default.
   */
  matchLocale(wanted: string | undefined): string
}

type PluralForms = { readonly other: string } & Partial<Record<Intl.LDMLPluralRule, string>>

type MessageTexts = { readonly subject: string } & Readonly<Record<string, string>>

type CatalogueFile = {
  readonly dir: 'ltr' | 'rtl'
  readonly greeting: { readonly named: string; readonly anonymous: string }
  readonly minutes: PluralForms
  readonly hours: PluralForms
} & Readonly<Record<MailMessage['kind'], MessageTexts>>

type Catalogue = CatalogueFile & { readonly locale: string; readonly plurals: Intl.PluralRules }

type Sections = Record<
  Exclude<keyof CatalogueFile, 'dir'>,
  { readonly keys: readonly string[]; readonly placeholders: readonly string[] }
>

// The keys this file reads by name, and all that it can fill in. Further keys are the templates'.
const SECTIONS: Sections = {
  greeting: { keys: ['named', 'anonymous'], placeholders: ['name'] },
  minutes: { keys: ['other'], placeholders: ['count'] },
  hours: { keys: ['other'], placeholders: ['count'] },
  'reset-link': { keys: ['subject'], placeholders: ['app', 'duration'] },
  'password-changed': { keys: ['subject'], placeholders: ['app', 'changed_at'] },
}

const PLACEHOLDER = /\{(\w+)\}/g

const DEFAULT_BRAND_COLOR = '#2f6bd6'

// What the button lies on in `layout.html.liquid`.
const CARD_LIGHT = '#ffffff'
const CARD_DARK = '#202327'

const NAME_MAX_CODE_POINTS = 64

/**
 * Reads every template and catalogue and renders each message once, so that a fault in them stops
 * the process at its start and not a mail. Reads no file afterwards.
 *
 * @throws Error that names the file and line of a broken template, the file and key of a broken
 *   catalogue, or the faulty option.
 */
export function loadTemplates(options: TemplateOptions): LoadedTemplates {
  const directory = options.directory ?? new URL('../../emails/', import.meta.url)
  const templates = readFolder(directory, '.liquid')
  const catalogueFiles = readFolder(new URL('locales/', directory), '.json')
  const brand = {
    app_name: options.appName.replace(/\s+/g, ' ').trim(),
    support_email: options.supportEmail ?? null,
    button: buttonColors(options.brandColor ?? DEFAULT_BRAND_COLOR),
  }

  const catalogues = Object.entries(catalogueFiles).map(([file, source]) =>
    parseCatalogue(file, source),
  )
  const defaultLocale = options.defaultLocale ?? 'en'
  const fallback = catalogues.find(({ locale }) => locale === defaultLocale)
  if (!fallback) throw new Error(`No mail catalogue for the default language ${defaultLocale}`)
  for (const catalogue of catalogues) assertSameTexts(catalogue, fallback)

  const liquidOptions = {
    // A map in the place of a directory: a template can reach the others, and no file.
    templates,
    cache: true,
    ownPropertyOnly: true,
    strictFilters: true,
    strictVariables: true,
    // Left out, it is asked of the system, which takes 10 ms.
    locale: 'en',
  }
  const textEngine = new Liquid(liquidOptions)
  const htmlEngine = new Liquid({ ...liquidOptions, outputEscape: 'escape' })

  function draw(
    kind: MailMessage['kind'],
    catalogue: Catalogue,
    name: string,
    values: Readonly<Record<string, string>>,
    urls: Readonly<Record<string, string>>,
  ): RenderedMail {
    const text: Record<string, string> = {
      greeting: name ? fill(catalogue.greeting.named, { name }) : catalogue.greeting.anonymous,
    }
    for (const [key, sentence] of Object.entries(catalogue[kind])) {
      text[key] = fill(sentence, { app: brand.app_name, ...values })
    }
    const scope = { ...brand, ...urls, lang: catalogue.locale, dir: catalogue.dir, text }
    const plain: string = textEngine.renderFileSync(`${kind}.text.liquid`, scope)
    return {
      subject: fill(catalogue[kind].subject, { app: brand.app_name, ...values }),
      text: `${plain.replace(/\n{3,}/g, '\n\n').trim()}\n`,
      html: htmlEngine.renderFileSync(`${kind}.html.liquid`, scope),
    }
  }

  try {
    draw('reset-link', fallback, '', { duration: '' }, { link: '' })
    draw('password-changed', fallback, '', { changed_at: '' }, { request_page_url: '' })
  } catch (error) {
    // Liquid names the line always, and the file not where a variable is at fault.
    const source: unknown = LiquidError.is(error) ? error.token.input : undefined
    const file = Object.keys(templates).find((name) => templates[name] === source)
    throw new Error(`Broken mail template ${file ?? ''}: ${messageOf(error)}`, { cause: error })
  }

  const cataloguesByLocale = new Map(
    catalogues.map((catalogue) => [catalogue.locale.toLowerCase(), catalogue]),
  )
  const findCatalogue = (wanted = ''): Catalogue => {
    let range = wanted.trim().replaceAll('_', '-').toLowerCase()
    while (range !== '') {
      const found = cataloguesByLocale.get(range)
      if (found) return found
      range = range.slice(0, Math.max(0, range.lastIndexOf('-')))
    }
    return fallback
  }

  return {
    locales: catalogues.map(({ locale }) => locale),
    fingerprint: createHash('sha256')
      .update(JSON.stringify([templates, catalogueFiles, brand]))
      .digest('hex')
      .slice(0, 16),
    matchLocale: (wanted) => findCatalogue(wanted).locale,
    render(message, locale) {
      const catalogue = findCatalogue(locale)
      const name = greetableName(message.name ?? '')
      switch (message.kind) {
        case 'reset-link': {
          const duration = spellDuration(message.ttlSeconds, catalogue)
          return draw(message.kind, catalogue, name, { duration }, { link: message.link })
        }
        case 'password-changed': {
          const changed_at = spellTime(message.changedAt, catalogue.locale)
          const urls = { request_page_url: message.requestPageUrl }
          return draw(message.kind, catalogue, name, { changed_at }, urls)
        }
      }
    },
  }
}

function readFolder(directory: URL, suffix: string): Record<string, string> {
  const files = readdirSync(directory).filter((file) => file.endsWith(suffix))
  return Object.fromEntries(
    files.sort().map((file) => [file, readFileSync(new URL(file, directory), 'utf8')]),
  )
}

function parseCatalogue(file: string, source: string): Catalogue {
  const locale = file.replace(/\.json$/, '')
  try {
    const plurals = new Intl.PluralRules(locale)
    const catalogue: unknown = JSON.parse(source)
    assertCatalogue(catalogue)
    return { ...catalogue, locale, plurals }
  } catch (error) {
    throw new Error(`Broken mail catalogue locales/${file}: ${messageOf(error)}`, { cause: error })
  }
}

function assertCatalogue(catalogue: unknown): asserts catalogue is CatalogueFile {
  if (!isRecord(catalogue)) throw new Error('not an object')
  const { dir } = catalogue
  if (dir !== 'ltr' && dir !== 'rtl') throw new Error('dir is neither ltr nor rtl')
  for (const [section, { keys, placeholders }] of Object.entries(SECTIONS)) {
    const texts = catalogue[section]
    if (!isRecord(texts)) throw new Error(`${section} is missing`)
    for (const key of keys) {
      if (!Object.hasOwn(texts, key)) throw new Error(`${section}.${key} is missing`)
    }
    for (const [key, text] of Object.entries(texts)) {
      if (typeof text !== 'string') throw new Error(`${section}.${key} is not a text`)
      const filled = text.replace(PLACEHOLDER, (whole, placeholder: string) =>
        placeholders.includes(placeholder) ? '' : whole,
      )
      const stray = /\{\w*\}?|\}/.exec(filled)
      if (stray) throw new Error(`${section}.${key} has ${stray[0]}, which nothing fills in`)
    }
  }
}

function assertSameTexts(catalogue: Catalogue, reference: Catalogue): void {
  const [found, expected] = [listTexts(catalogue), listTexts(reference)]
  const difference =
    expected.find((text) => !found.includes(text)) ?? found.find((text) => !expected.includes(text))
  if (difference === undefined) return
  throw new Error(
    `The mail catalogues ${catalogue.locale} and ${reference.locale} differ in ${difference}`,
  )
}

// Plural forms are left out: each language has its own.
function listTexts(catalogue: Catalogue): string[] {
  const sections = ['greeting', 'reset-link', 'password-changed'] as const
  return sections.flatMap((section) =>
    Object.entries(catalogue[section]).map(([key, text]) =>
      [`${section}.${key}`, ...new Set(text.match(PLACEHOLDER)?.sort())].join(' '),
    ),
  )
}

function fill(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(PLACEHOLDER, (whole, key: string) => values[key] ?? whole)
}

function spellDuration(seconds: number, catalogue: Catalogue): string {
  const minutes = Math.max(1, Math.floor(seconds / 60))
  // One hour stays "60 minutes": it is short, and reads as such.
  const inHours = minutes >= 120 && minutes % 60 === 0
  const count = inHours ? minutes / 60 : minutes
  const forms = inHours ? catalogue.hours : catalogue.minutes
  const form = forms[catalogue.plurals.select(count)] ?? forms.other
  return fill(form, { count: String(count) })
}

function spellTime(time: Date, locale: string): string {
  return new Intl.DateTimeFormat(locale, {
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    timeZone: 'UTC',
    timeZoneName: 'short',
  }).format(time)
}

// Gives '' for a name that no greeting may carry: whoever signs up with the address of somebody else
// chooses what that person reads here.
function greetableName(raw: string): string {
  const name = raw
    .slice(0, 1000)
    .replace(/\s+/g, ' ')
    // The two joiners are format characters too, and belong to Persian and Indic names.
    .replace(/[[\p{Cc}\p{Cf}\p{Cs}\p{Co}]--[\u200c\u200d]]/gv, '')
    .trim()
  // As a mail client may see it that looks for links, numbers to call and shares to open.
  const plain = name.replace(/\p{Default_Ignorable_Code_Point}/gu, '').normalize('NFKC')
  const looksLikeAddress = /[:/\\@]|www\.|\S[.。](?:[\p{L}\p{M}]{2}|\p{N})/iu.test(plain)
  const looksLikeNumber = /(?:\p{N}\P{N}*){6}/u.test(plain)
  if (looksLikeAddress || looksLikeNumber || !/[\p{L}\p{N}]/u.test(plain)) return ''
  return Array.from(name).slice(0, NAME_MAX_CODE_POINTS).join('').trim()
}

function buttonColors(background: string): Readonly<Record<string, string>> {
  // WCAG 1.4.11: a button that would melt into its card gets an outline.
  const outline = (card: string) => (contrastRatio(background, card) >= 3 ? background : '#808690')
  return {
    background,
    ink:
      contrastRatio(background, '#ffffff') >= contrastRatio(background, '#000000')
        ? '#ffffff'
        : '#000000',
    border: outline(CARD_LIGHT),
    border_dark: outline(CARD_DARK),
  }
}

function contrastRatio(one: string, other: string): number {
  const [a, b] = [luminance(one), luminance(other)]
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)
}

function luminance(color: string): number {
  const channels = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(color)?.slice(1)
  if (!channels) throw new Error('The brand colour is not #rrggbb')
  const [red = 0, green = 0, blue = 0] = channels.map((digits) => {
    const share = Number.parseInt(digits, 16) / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
