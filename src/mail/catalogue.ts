// The sentences of each language: reads the catalogues in `emails/locales/`, holds them to the same
// keys and placeholders, and finds the one for a reader.
//
// A sentence is plain text with `{placeholders}`. It is filled in here and handed to a template as a
// finished value, which it escapes: nothing in a value is ever read as markup or as a template.

import { readdirSync, readFileSync } from 'node:fs'
import type { MailMessage } from '../ports.ts'

type PluralForms = { readonly other: string } & Partial<Record<Intl.LDMLPluralRule, string>>

type MessageTexts = { readonly subject: string } & Readonly<Record<string, string>>

type CatalogueFile = {
  readonly dir: 'ltr' | 'rtl'
  readonly greeting: { readonly named: string; readonly anonymous: string }
  readonly minutes: PluralForms
  readonly hours: PluralForms
} & Readonly<Record<MailMessage['kind'], MessageTexts>>

/** One language's sentences. */
export type Catalogue = CatalogueFile & {
  readonly locale: string
  readonly plurals: Intl.PluralRules
  /** Made at its first use: making it takes longer than all the rest of a mail. */
  readonly dateFormat: () => Intl.DateTimeFormat
}

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

/** The longest language tag that software has to take (RFC 5646, section 4.4.1). */
const MAX_TAG_LENGTH = 35

const PLACEHOLDER = /\{(\w+)\}/g

/**
 * Reads every catalogue.
 *
 * @param directory with a slash at its end
 * @returns a function that finds the language for one as a row may spell it (`de`, `de-AT`,
 *   `de_AT.UTF-8`): the closest that has a catalogue, by the look-up of RFC 4647, or the default
 * @throws Error that names the file and key of a broken catalogue
 */
export function readCatalogues(
  directory: URL,
  defaultLocale: string,
): (wanted: string) => Catalogue {
  const catalogues = readdirSync(directory)
    .filter((file) => file.endsWith('.json'))
    .map((file) => parseCatalogue(file, readFileSync(new URL(file, directory), 'utf8')))
  const fallback = catalogues.find(({ locale }) => locale === defaultLocale)
  if (!fallback) {
    const known = catalogues.map(({ locale }) => locale).join(', ')
    throw new Error(`DEFAULT_LOCALE: there is no mail catalogue of this name, only ${known}`)
  }
  for (const catalogue of catalogues) assertSameTexts(catalogue, fallback)
  const byLocale = new Map(
    catalogues.map((catalogue) => [catalogue.locale.toLowerCase(), catalogue]),
  )
  return (wanted) => {
    let range = wanted.slice(0, MAX_TAG_LENGTH).trim().replaceAll('_', '-').toLowerCase()
    while (range !== '') {
      const found = byLocale.get(range)
      if (found) return found
      range = range.slice(0, Math.max(0, range.lastIndexOf('-')))
    }
    return fallback
  }
}

function parseCatalogue(file: string, source: string): Catalogue {
  const locale = file.replace(/\.json$/, '')
  try {
    const plurals = new Intl.PluralRules(locale)
    const catalogue: unknown = JSON.parse(source)
    assertCatalogue(catalogue)
    let made: Intl.DateTimeFormat | undefined
    const dateFormat = () => (made ??= createDateFormat(locale))
    return { ...catalogue, locale, plurals, dateFormat }
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

/** Fills in the placeholders that have a value. */
export function fill(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(PLACEHOLDER, (whole, key: string) => values[key] ?? whole)
}

/** A length of time in words, in whole minutes or hours. */
export function spellDuration(seconds: number, catalogue: Catalogue): string {
  const minutes = Math.max(1, Math.floor(seconds / 60))
  // One hour stays "60 minutes": it is short, and reads as such.
  const inHours = minutes >= 120 && minutes % 60 === 0
  const count = inHours ? minutes / 60 : minutes
  const forms = inHours ? catalogue.hours : catalogue.minutes
  const form = forms[catalogue.plurals.select(count)] ?? forms.other
  return fill(form, { count: String(count) })
}

/** A date and time of day in UTC. */
export function spellTime(time: Date, { dateFormat }: Catalogue): string {
  return dateFormat().format(time)
}

function createDateFormat(locale: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat(locale, {
    day: 'numeric',
    month: 'long',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    timeZone: 'UTC',
    timeZoneName: 'short',
  })
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
