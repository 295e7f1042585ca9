// The sentences of each language: parses the catalogues, holds them to the same keys and placeholders,
// and finds the one for a reader.
//
// A sentence is plain text with `{placeholders}`. It is filled in here and handed to a template as a
// finished value, which it escapes: nothing in a value is ever read as markup or as a template.

import type { MailMessage } from '../ports.ts'
import type { MailFile } from './mail-files.ts'

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

interface Section {
  readonly keys: readonly string[]
  readonly placeholders: readonly string[]
}

// The keys this file reads by name, and all that it can fill in. Further keys are the templates'.
const MESSAGES: Readonly<Record<MailMessage['kind'], Section>> = {
  'reset-link': { keys: ['subject'], placeholders: ['app', 'duration'] },
  'password-changed': { keys: ['subject'], placeholders: ['app', 'changed_at'] },
  'no-password': { keys: ['subject'], placeholders: ['app'] },
}
const SECTIONS: Readonly<Record<Exclude<keyof CatalogueFile, 'dir'>, Section>> = {
  greeting: { keys: ['named', 'anonymous'], placeholders: ['name'] },
  minutes: { keys: ['other'], placeholders: ['count'] },
  hours: { keys: ['other'], placeholders: ['count'] },
  ...MESSAGES,
}

/** The kinds of messages that there are. */
export const MESSAGE_KINDS = Object.keys(MESSAGES) as readonly MailMessage['kind'][]

/** The longest language tag that software has to take (RFC 5646, section 4.4.1). */
const MAX_TAG_LENGTH = 35

const PLACEHOLDER = /\{(\w+)\}/g

/** The catalogues that can be used, and what is wrong with the others. */
export interface Catalogues {
  readonly all: readonly Catalogue[]
  /**
   * Finds the language for one as a row may spell it (`de`, `de-AT`, `de_AT.UTF-8`): the closest
   * that has a catalogue, by the look-up of RFC 4647, or the default.
   */
  readonly find: (wanted: string) => Catalogue | undefined
  /** Each names a file, and its line where it has one. */
  readonly faults: readonly string[]
}

/** Parses every catalogue. @param files by file name, such as `de.json` */
export function parseCatalogues(
  files: ReadonlyMap<string, MailFile>,
  defaultLocale: string,
): Catalogues {
  const faults: string[] = []
  const all: Catalogue[] = []
  const names = [...files.keys()].map((file) => file.replace(/\.json$/, ''))
  const reference = files.get(`${defaultLocale}.json`)
  if (!reference) {
    faults.push(`DEFAULT_LOCALE: must be one of ${names.join(', ')}`)
  }
  // The default first: the others are held against it.
  for (const file of new Set(reference ? [reference, ...files.values()] : files.values())) {
    try {
      const catalogue = parseCatalogue(file)
      if (all[0]) assertSameTexts(catalogue, file, all[0])
      all.push(catalogue)
    } catch (error) {
      faults.push(messageOf(error))
    }
  }
  const byLocale = new Map(all.map((catalogue) => [catalogue.locale.toLowerCase(), catalogue]))
  const find = (wanted: string) => {
    let range = wanted.slice(0, MAX_TAG_LENGTH).trim().replaceAll('_', '-').toLowerCase()
    while (range !== '') {
      const found = byLocale.get(range)
      if (found) return found
      range = range.slice(0, Math.max(0, range.lastIndexOf('-')))
    }
    return byLocale.get(defaultLocale.toLowerCase())
  }
  return { all, find, faults }
}

function parseCatalogue(file: MailFile): Catalogue {
  const locale = file.path.replace(/^.*\/|\.json$/g, '')
  const catalogue = attempt(file, () => JSON.parse(file.source))
  const plurals = attempt(file, () => new Intl.PluralRules(locale))
  assertCatalogue(catalogue, file)
  let made: Intl.DateTimeFormat | undefined
  const dateFormat = () => (made ??= createDateFormat(locale))
  return { ...catalogue, locale, plurals, dateFormat }
}

function attempt<T>(file: MailFile, make: () => T): T {
  try {
    return make()
  } catch (error) {
    const line = /\(line (\d+)/.exec(messageOf(error))?.[1]
    throw fault(file, line ? Number(line) : undefined, messageOf(error))
  }
}

function assertCatalogue(catalogue: unknown, file: MailFile): asserts catalogue is CatalogueFile {
  if (!isRecord(catalogue)) throw fault(file, 1, 'not an object')
  const { dir } = catalogue
  if (dir !== 'ltr' && dir !== 'rtl') {
    throw fault(file, lineOf(file, 'dir'), 'dir is neither ltr nor rtl')
  }
  for (const [section, { keys, placeholders }] of Object.entries(SECTIONS)) {
    const texts = catalogue[section]
    if (!isRecord(texts)) throw fault(file, 1, `${section} is missing`)
    for (const key of keys) {
      if (!Object.hasOwn(texts, key)) {
        throw fault(file, lineOf(file, section), `${section}.${key} is missing`)
      }
    }
    for (const [key, text] of Object.entries(texts)) {
      const line = lineOf(file, section, key)
      if (typeof text !== 'string') throw fault(file, line, `${section}.${key} is not a text`)
      const filled = text.replace(PLACEHOLDER, (whole, placeholder: string) =>
        placeholders.includes(placeholder) ? '' : whole,
      )
      const stray = /\{\w*\}?|\}/.exec(filled)
      if (stray) {
        throw fault(file, line, `${section}.${key} has ${stray[0]}, which nothing fills in`)
      }
    }
  }
}

function assertSameTexts(catalogue: Catalogue, file: MailFile, reference: Catalogue): void {
  const [found, expected] = [listTexts(catalogue), listTexts(reference)]
  const difference =
    expected.find((text) => !found.includes(text)) ?? found.find((text) => !expected.includes(text))
  if (difference === undefined) return
  const [section = '', key] = (difference.split(' ')[0] ?? '').split('.')
  const reason = `the catalogues ${catalogue.locale} and ${reference.locale} differ in ${difference}`
  throw fault(file, lineOf(file, section, key) ?? lineOf(file, section), reason)
}

// Plural forms are left out: each language has its own.
function listTexts(catalogue: Catalogue): string[] {
  return (['greeting', ...MESSAGE_KINDS] as const).flatMap((section) =>
    Object.entries(catalogue[section]).map(([key, text]) =>
      [`${section}.${key}`, ...new Set(text.match(PLACEHOLDER)?.sort())].join(' '),
    ),
  )
}

function fault({ path }: MailFile, line: number | undefined, reason: string): Error {
  return new Error(`${path}${line ? ` line ${line}` : ''}: ${reason}`)
}

/** Where a section begins, or a key within it. */
function lineOf({ source }: MailFile, section: string, key?: string): number | undefined {
  const start = source.indexOf(`"${section}"`)
  const at = key === undefined || start < 0 ? start : source.indexOf(`"${key}"`, start)
  return at < 0 ? undefined : source.slice(0, at).split('\n').length
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
