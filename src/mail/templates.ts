// Turns a message and a language into the subject, text and HTML of a mail, by the templates in
// `emails/` and those that MAIL_TEMPLATES_DIR has in their place.
//
// `<kind>.html.liquid` and `<kind>.text.liquid` are the two parts of a message, of which an empty HTML
// one is left out; `layout.*.liquid` is what all messages share, and the sentences come from a catalogue.

import { Liquid, LiquidError, type Template } from 'liquidjs'
import { messageOf } from '../errors.ts'
import type { MailMessage, RenderedMail, Templates } from '../ports.ts'
import { buttonColors } from './button-colors.ts'
import { type Catalogue, parseCatalogues } from './catalogue.ts'
import { greetableName } from './greetable-name.ts'
import { type MailFiles, readMailFiles } from './mail-files.ts'
import { fill, spellDuration } from './wording.ts'

/** What is the same in every mail. */
export interface TemplateOptions {
  readonly appName: string
  readonly supportEmail: string | undefined
  /** The button's colour, `#rrggbb`. */
  readonly brandColor: string
  /** The language of readers whose own has no catalogue. */
  readonly defaultLocale: string
  /** Where our templates are, with a slash at its end. */
  readonly directory: URL
  /** Where the operator's are, each in the place of ours with its name. */
  readonly templatesDirectory: URL | undefined
}

/** What one message adds to what every mail has. */
interface Values {
  /** For the placeholders of sentences. */
  readonly words: Readonly<Record<string, string>>
  /** For the templates themselves, which have to show them. */
  readonly urls: Readonly<Record<string, string>>
}

const FILTERS_LEFT_OUT = [
  // It would let a value through as it is.
  'raw',
  // They would make two mails of the same values differ.
  'date',
  'date_to_xmlschema',
  'date_to_rfc822',
  'date_to_string',
  'date_to_long_string',
  'sample',
]

/** Characters and values that one mail may take: a hundred times what ours do. */
const MEMORY_LIMIT = 10_000_000

/** Milliseconds that a part of a mail may take at the start: a thousand times what ours do. */
const TRIAL_LIMIT_MS = 1000

const TRIAL_NAME = 'Ada Lovelace'
/** To a template one text is as good as another, and this one costs nothing to spell. */
const TRIAL_TIME = '1 January 1970 at 00:00 UTC'
const TRIAL_URL = 'https://app.example/?a=1&b=2'
const TRIAL_MESSAGES: readonly MailMessage[] = [
  { kind: 'reset-link', link: TRIAL_URL, ttlSeconds: 3600, name: TRIAL_NAME },
  {
    kind: 'password-changed',
    changedAt: new Date(0),
    requestPageUrl: TRIAL_URL,
    name: TRIAL_NAME,
  },
  { kind: 'no-password', name: TRIAL_NAME },
]

/**
 * Reads every template and catalogue and renders each message, so that a fault in them stops the
 * process at its start and not a mail. Reads no file afterwards.
 *
 * @throws AggregateError with every fault, each an Error that names its file, and its line where it
 *   has one, or the variable; Error, which names it, for a directory that cannot be read
 */
export function loadTemplates(options: TemplateOptions): Templates {
  const files = readMailFiles(options.directory, options.templatesDirectory)
  const catalogues = parseCatalogues(files, options.defaultLocale)
  const brand = {
    app_name: options.appName.replace(/\s+/g, ' ').trim(),
    support_email: options.supportEmail ?? null,
    button: buttonColors(options.brandColor),
  }
  const textEngine = createEngine(files)
  const htmlEngine = createEngine(files, 'escape')
  const engineOf = (file: string) => (file.endsWith('.html.liquid') ? htmlEngine : textEngine)
  const parsed = new Map<string, Template[]>()
  const parse = (file: string) => {
    const template = parsed.get(file) ?? engineOf(file).parseFileSync(file)
    parsed.set(file, template)
    return template
  }
  const isEmpty = (file: string) => files.templates.get(file)?.source.trim() === ''
  const renderFile = (file: string, scope: object, limits?: { renderLimit: number }): string =>
    engineOf(file).renderSync(parse(file), scope, limits)

  function draw(
    message: MailMessage,
    catalogue: Catalogue,
    limits?: { renderLimit: number },
  ): RenderedMail {
    const { kind } = message
    const { greeting, layout, [kind]: sentences } = catalogue
    const { words, urls } = valuesOf(message, catalogue)
    const name = greetableName(message.name ?? '')
    // A name may run the other way than the sentence around it.
    const apart = (value: string) => (catalogue.dir === 'rtl' ? `\u2068${value}\u2069` : value)
    const text: Record<string, string> = {
      greeting: name ? fill(greeting.named, { name: apart(name) }) : greeting.anonymous,
    }
    const values = { app: apart(brand.app_name), ...words }
    for (const [key, sentence] of Object.entries({ ...layout, ...sentences })) {
      text[key] = fill(sentence, values)
    }
    // What shows a subject has no need of marks, and may take them for a disguise.
    const subject = fill(sentences.subject, { app: brand.app_name, ...words })
    text['subject'] = subject
    const scope = { ...brand, ...urls, lang: catalogue.locale, dir: catalogue.dir, text }
    const plain = renderFile(`${kind}.text.liquid`, scope, limits)
    const htmlFile = `${kind}.html.liquid`
    return {
      subject,
      text: `${plain.replace(/\n{3,}/g, '\n\n').trim()}\n`,
      html: isEmpty(htmlFile) ? '' : renderFile(htmlFile, scope, limits),
    }
  }

  function tryOut(message: MailMessage, language: Catalogue): void {
    const catalogue = { ...language, spellTime: () => TRIAL_TIME }
    const mail = draw(message, catalogue, { renderLimit: TRIAL_LIMIT_MS })
    for (const [name, url] of Object.entries(valuesOf(message, catalogue).urls)) {
      const expected = { text: url, html: url.replaceAll('&', '&amp;') }
      for (const part of ['text', 'html'] as const) {
        const file = `${message.kind}.${part}.liquid`
        const isLeftOut = part === 'html' && isEmpty(file)
        if (isLeftOut || mail[part].includes(expected[part])) continue
        const path = files.templates.get(file)?.path ?? file
        throw new Error(`${path}: {{ ${name} }} is not rendered as ${expected[part]}`)
      }
    }
  }

  const faults = new Set([...files.faults, ...catalogues.faults])
  for (const file of files.templates.keys()) {
    try {
      parse(file)
    } catch (error) {
      faults.add(explain(error, files))
    }
  }
  const { all } = catalogues
  // Ours print what every language has, and look at nothing that a language or a name changes. An
  // operator's may look at all of it.
  const tried = files.hasOwnTemplates ? all : all.slice(0, 1)
  /** The languages that a fault shows in. */
  const trialFaults = new Map<string, Set<string>>()
  for (const catalogue of tried) {
    for (const message of TRIAL_MESSAGES) {
      try {
        tryOut(message, catalogue)
        if (files.hasOwnTemplates) tryOut({ ...message, name: undefined }, catalogue)
      } catch (error) {
        const fault = explain(error, files)
        trialFaults.set(fault, new Set(trialFaults.get(fault)).add(catalogue.locale))
      }
    }
  }
  for (const [fault, locales] of trialFaults) {
    const isOfLanguage = locales.size < tried.length
    if (!faults.has(fault))
      faults.add(isOfLanguage ? `${fault} (in ${[...locales].join(', ')})` : fault)
  }
  const fallback = catalogues.find('')
  if (faults.size > 0 || !fallback) {
    const errors = [...faults].map((fault) => new Error(fault))
    throw new AggregateError(errors, [...faults].join('\n'))
  }

  const find = (locale: string) => catalogues.find(locale) ?? fallback
  return {
    locales: all.map(({ locale }) => locale),
    languageFor: (locale) => find(locale).locale,
    render: (message, locale) => draw(message, find(locale)),
  }
}

function valuesOf(message: MailMessage, catalogue: Catalogue): Values {
  switch (message.kind) {
    case 'reset-link': {
      const duration = spellDuration(message.ttlSeconds, catalogue)
      return { words: { duration }, urls: { link: message.link } }
    }
    case 'password-changed': {
      const changed_at = catalogue.spellTime(message.changedAt)
      return { words: { changed_at }, urls: { request_page_url: message.requestPageUrl } }
    }
    case 'no-password':
      return { words: {}, urls: {} }
  }
}

/** Makes an engine in which a template reaches the other templates, its values, and nothing else. */
function createEngine(files: MailFiles, outputEscape?: 'escape'): Liquid {
  const sources = [...files.templates].map(([file, { source }]) => [file, source])
  const engine = new Liquid({
    // A map in the place of a directory: there are no files to read. It has no names of its own.
    templates: Object.assign(Object.create(null), Object.fromEntries(sources)),
    cache: true,
    ownPropertyOnly: true,
    strictFilters: true,
    strictVariables: true,
    memoryLimit: MEMORY_LIMIT,
    // Left out, it is asked of the system, which takes 10 ms.
    locale: 'en',
    ...(outputEscape && { outputEscape }),
  })
  for (const filter of FILTERS_LEFT_OUT) delete engine.filters[filter]
  return engine
}

function explain(error: unknown, { templates }: MailFiles): string {
  if (!LiquidError.is(error)) return messageOf(error)
  const { token, originalError } = error
  // Liquid names the line always, and the file not where a variable is at fault.
  const file = [...templates.values()].find(({ source }) => source === token.input)
  const [line] = token.getPosition()
  return `${file?.path ?? ''} line ${line}: ${messageOf(originalError ?? error)}`
}
