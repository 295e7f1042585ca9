// The sentences of each language: parses the catalogues, holds them to the keys and placeholders of
// our English one, and finds the one for a reader.
//
// A sentence is plain text with `{placeholders}`. It is filled in by `wording.ts` and handed to a
// template as a finished value, which it escapes: nothing in a value is ever read as markup or as a
// template.

import { messageOf } from '../errors.ts'
import type { MailMessage } from '../ports.ts'
import type { MailFile, MailFiles } from './mail-files.ts'
import { createTimeSpeller, PLACEHOLDER } from './wording.ts'

type PluralForms = { readonly other: string } & Partial<Record<Intl.LDMLPluralRule, string>>

type Texts = Readonly<Record<string, string>>

type CatalogueFile = {
  readonly dir: 'ltr' | 'rtl'
  readonly greeting: Texts & { readonly named: string; readonly anonymous: string }
  readonly minutes: PluralForms
  readonly hours: PluralForms
  /** What every message has. */
  readonly layout: Texts
} & Readonly<Record<MailMessage['kind'], Texts & { readonly subject: string }>>

/** One language's sentences. */
export type Catalogue = CatalogueFile & {
  readonly locale: string
  readonly plurals: Intl.PluralRules
  readonly spellTime: (time: Date) => string
}

// All that can be filled in.
const PLACEHOLDERS_OF_TEXTS = {
  greeting: ['name'],
  layout: ['app'],
  'reset-link': ['app', 'duration'],
  'password-changed': ['app', 'changed_at'],
  'no-password': ['app'],
} as const satisfies Partial<Record<keyof CatalogueFile, readonly string[]>>
const PLACEHOLDERS_OF_PLURALS = { minutes: ['count'], hours: ['count'] } as const
const PLACEHOLDERS: Readonly<Record<Exclude<keyof CatalogueFile, 'dir'>, readonly string[]>> = {
  ...PLACEHOLDERS_OF_TEXTS,
  ...PLACEHOLDERS_OF_PLURALS,
}

/** The longest language tag that software has to take (RFC 5646, section 4.4.1). */
const MAX_TAG_LENGTH = 35

/** The catalogues that can be used, and what is wrong with the others. */
interface Catalogues {
  readonly all: readonly Catalogue[]
  /**
   * Finds the language for one as a row may spell it (`de`, `de-AT`, `de_AT.UTF-8`): the closest
   * that has a catalogue, by the look-up of RFC 4647, or the default.
   */
  readonly find: (wanted: string) => Catalogue | undefined
  /** Each names a file, and its line where it has one, or DEFAULT_LOCALE. */
  readonly faults: readonly string[]
}

/** Parses every catalogue. */
export function parseCatalogues(files: MailFiles, defaultLocale: string): Catalogues {
  const faults: string[] = []
  const byTag = new Map<string, Catalogue>()
  const reference = parseCatalogue(files.reference)
  for (const file of files.catalogues.values()) {
    try {
      const catalogue = parseCatalogue(file)
      assertTextsOf(reference, catalogue, file)
      const tag = catalogue.locale.toLowerCase()
      const other = byTag.get(tag)
      if (other) throw fault(file, 1, `its language is that of ${other.locale}.json, too`)
      byTag.set(tag, catalogue)
    } catch (error) {
      faults.push(messageOf(error))
    }
  }
  if (!files.catalogues.has(`${defaultLocale}.json`)) {
    const names = [...files.catalogues.keys()].map((file) => file.replace(/\.json$/, ''))
    faults.push(`DEFAULT_LOCALE: must be one of ${names.join(', ')}`)
  }
  const find = (wanted: string) => {
    const tag = wanted
      .trim()
      .slice(0, MAX_TAG_LENGTH)
      .replace(/[^\w-].*/s, '')
    let range = tag.replaceAll('_', '-').toLowerCase()
    while (range !== '') {
      const found = byTag.get(range)
      if (found) return found
      range = range.slice(0, Math.max(0, range.lastIndexOf('-')))
    }
    return byTag.get(defaultLocale.toLowerCase())
  }
  return { all: [...byTag.values()], find, faults }
}

function parseCatalogue(file: MailFile): Catalogue {
  const locale = file.path.replace(/^.*\/|\.json$/g, '')
  const catalogue = naming(file, () => JSON.parse(file.source))
  const plurals = naming(file, () => new Intl.PluralRules(locale))
  assertCatalogue(catalogue, plurals, file)
  return { ...catalogue, locale, plurals, spellTime: createTimeSpeller(locale) }
}

/** Makes something of a file. @throws Error that names it */
function naming<T>(file: MailFile, make: () => T): T {
  try {
    return make()
  } catch (error) {
    const line = /\(line (\d+)/.exec(messageOf(error))?.[1]
    throw fault(file, line ? Number(line) : undefined, messageOf(error))
  }
}

function assertCatalogue(
  catalogue: unknown,
  plurals: Intl.PluralRules,
  file: MailFile,
): asserts catalogue is CatalogueFile {
  if (!isRecord(catalogue)) throw fault(file, 1, 'not an object')
  const { dir } = catalogue
  if (dir !== 'ltr' && dir !== 'rtl') {
    throw fault(file, lineOf(file, 'dir'), 'dir is neither ltr nor rtl')
  }
  const { pluralCategories } = plurals.resolvedOptions()
  for (const [section, placeholders] of Object.entries(PLACEHOLDERS)) {
    const texts = catalogue[section]
    if (!isRecord(texts)) throw fault(file, 1, `${section} is missing`)
    const isPlural = Object.hasOwn(PLACEHOLDERS_OF_PLURALS, section)
    if (isPlural && !Object.hasOwn(texts, 'other')) {
      throw fault(file, lineOf(file, section), `${section}.other is missing`)
    }
    for (const [key, text] of Object.entries(texts)) {
      const reason =
        faultOfText(text, placeholders) ??
        (isPlural ? faultOfForm(key, String(text), pluralCategories) : undefined)
      if (reason) throw fault(file, lineOf(file, section, key), `${section}.${key} ${reason}`)
    }
  }
}

function faultOfText(text: unknown, placeholders: readonly string[]): string | undefined {
  if (typeof text !== 'string') return 'is not a text'
  if (text.trim() === '') return 'is blank'
  if (/[\p{Cc}\p{Zl}\p{Zp}]/u.test(text)) return 'has a control character or a line break'
  const filled = text.replace(PLACEHOLDER, (whole, placeholder: string) =>
    placeholders.includes(placeholder) ? '' : whole,
  )
  const stray = /\{\w*\}?|\}/.exec(filled)
  return stray ? `has ${stray[0]}, which nothing fills in` : undefined
}

function faultOfForm(form: string, text: string, forms: readonly string[]): string | undefined {
  if (!forms.includes(form)) return `is no form of this language, which has ${forms.join(', ')}`
  // None, one and two can be said in words.
  const needsCount = !['zero', 'one', 'two'].includes(form)
  return needsCount && !text.includes('{count}') ? 'lacks {count}' : undefined
}

// Plural forms are left out: each language has its own. Further texts are the operator's.
function assertTextsOf(reference: Catalogue, catalogue: Catalogue, file: MailFile): void {
  const sections = Object.keys(PLACEHOLDERS_OF_TEXTS) as (keyof typeof PLACEHOLDERS_OF_TEXTS)[]
  for (const section of sections) {
    for (const [key, text] of Object.entries(reference[section])) {
      const found = (catalogue[section] as Texts)[key]
      if (found === undefined) {
        throw fault(file, lineOf(file, section), `${section}.${key} is missing`)
      }
      const lost = text.match(PLACEHOLDER)?.find((placeholder) => !found.includes(placeholder))
      if (lost) throw fault(file, lineOf(file, section, key), `${section}.${key} lacks ${lost}`)
    }
  }
}

function fault({ path }: MailFile, line: number | undefined, reason: string): Error {
  return new Error(`${path}${line ? ` line ${line}` : ''}: ${reason}`)
}

const JSON_TOKEN = /"((?:[^"\\]|\\.)*)"(\s*:)?|[{}]/g

/** Where a section begins, or a key within it. */
function lineOf({ source }: MailFile, ...wanted: readonly string[]): number | undefined {
  const open: string[] = []
  let key = ''
  for (const { 0: token, 1: text = '', 2: colon, index } of source.matchAll(JSON_TOKEN)) {
    if (colon) key = text
    if (token === '{') open.push(key)
    if (token === '}') open.pop()
    const path = [...open.slice(1), key]
    if (colon && path.join('\n') === wanted.join('\n')) {
      return source.slice(0, index).split('\n').length
    }
  }
  return undefined
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
