// Turns a message and a language into the subject, text and HTML of a mail, by the templates in
// `emails/` and those that MAIL_TEMPLATES_DIR has in their place.
//
// `<kind>.html.liquid` and `<kind>.text.liquid` are the two parts of a message, `layout.*.liquid` is
// what all messages share, and the sentences come from a catalogue.

import { Liquid, LiquidError } from 'liquidjs'
import type { MailMessage, RenderedMail, Templates } from '../ports.ts'
import { buttonColors } from './button-colors.ts'
import {
  type Catalogue,
  fill,
  MESSAGE_KINDS,
  parseCatalogues,
  spellDuration,
  spellTime,
} from './catalogue.ts'
import { greetableName } from './greetable-name.ts'
import { type MailFiles, readMailFiles } from './mail-files.ts'

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
  /** For the templates themselves. */
  readonly urls: Readonly<Record<string, string>>
}

// They would make two mails of the same values differ.
const FILTERS_OF_CLOCK_AND_CHANCE = [
  'date',
  'date_to_xmlschema',
  'date_to_rfc822',
  'date_to_string',
  'date_to_long_string',
  'sample',
]

/** Characters and values that one mail may take: a hundred times what ours do. */
const MEMORY_LIMIT = 10_000_000

/**
 * Reads every template and catalogue and renders each message once in each language, so that a fault
 * in them stops the process at its start and not a mail. Reads no file afterwards.
 *
 * @throws AggregateError with every fault, each an Error that names its file, and its line where it
 *   has one, or the variable
 */
export function loadTemplates(options: TemplateOptions): Templates {
  const files = attemptFiles(options)
  const catalogues = parseCatalogues(files.catalogues, options.defaultLocale)
  const brand = {
    app_name: options.appName.replace(/\s+/g, ' ').trim(),
    support_email: options.supportEmail ?? null,
    button: buttonColors(options.brandColor),
  }
  const textEngine = createEngine(files)
  const htmlEngine = createEngine(files, 'escape')

  function draw(
    kind: MailMessage['kind'],
    catalogue: Catalogue,
    name: string,
    { words, urls }: Values,
  ): RenderedMail {
    const { greeting, [kind]: sentences } = catalogue
    // A name may run the other way than the sentence around it.
    const apart = (value: string) => (catalogue.dir === 'rtl' ? `\u2068${value}\u2069` : value)
    const text: Record<string, string> = {
      greeting: name ? fill(greeting.named, { name: apart(name) }) : greeting.anonymous,
    }
    const values = { app: apart(brand.app_name), ...words }
    for (const [key, sentence] of Object.entries(sentences)) text[key] = fill(sentence, values)
    // What shows a subject has no need of marks, and may take them for a disguise.
    const subject = fill(sentences.subject, { app: brand.app_name, ...words })
    text['subject'] = subject
    const scope = { ...brand, ...urls, lang: catalogue.locale, dir: catalogue.dir, text }
    const plain: string = textEngine.renderFileSync(`${kind}.text.liquid`, scope)
    return {
      subject,
      text: `${plain.replace(/\n{3,}/g, '\n\n').trim()}\n`,
      html: htmlEngine.renderFileSync(`${kind}.html.liquid`, scope),
    }
  }

  const faults = new Set(catalogues.faults)
  const judge = (work: () => unknown) => {
    try {
      work()
    } catch (error) {
      faults.add(explain(error, files))
    }
  }
  for (const file of files.templates.keys()) judge(() => textEngine.parseFileSync(file))
  for (const catalogue of catalogues.all) {
    for (const kind of MESSAGE_KINDS) judge(() => draw(kind, catalogue, '', NO_VALUES[kind]))
  }
  const fallback = catalogues.find('')
  if (faults.size > 0 || !fallback) throw faultsFound([...faults])

  return {
    locales: catalogues.all.map(({ locale }) => locale),
    render(message, locale) {
      const catalogue = catalogues.find(locale) ?? fallback
      const name = greetableName(message.name ?? '')
      return draw(message.kind, catalogue, name, valuesOf(message, catalogue))
    },
  }
}

const NO_VALUES: Readonly<Record<MailMessage['kind'], Values>> = {
  'reset-link': { words: { duration: '' }, urls: { link: '' } },
  'password-changed': { words: { changed_at: '' }, urls: { request_page_url: '' } },
  'no-password': { words: {}, urls: {} },
}

function valuesOf(message: MailMessage, catalogue: Catalogue): Values {
  switch (message.kind) {
    case 'reset-link': {
      const duration = spellDuration(message.ttlSeconds, catalogue)
      return { words: { duration }, urls: { link: message.link } }
    }
    case 'password-changed': {
      const changed_at = spellTime(message.changedAt, catalogue)
      return { words: { changed_at }, urls: { request_page_url: message.requestPageUrl } }
    }
    case 'no-password':
      return NO_VALUES[message.kind]
  }
}

/** Makes an engine in which a template reaches the other templates, its values, and nothing else. */
function createEngine(files: MailFiles, outputEscape?: 'escape'): Liquid {
  const engine = new Liquid({
    // A map in the place of a directory: there are no files to read.
    templates: Object.fromEntries([...files.templates].map(([file, { source }]) => [file, source])),
    cache: true,
    ownPropertyOnly: true,
    strictFilters: true,
    strictVariables: true,
    memoryLimit: MEMORY_LIMIT,
    // Left out, it is asked of the system, which takes 10 ms.
    locale: 'en',
    ...(outputEscape && { outputEscape }),
  })
  for (const filter of FILTERS_OF_CLOCK_AND_CHANCE) delete engine.filters[filter]
  return engine
}

function attemptFiles({ directory, templatesDirectory }: TemplateOptions): MailFiles {
  try {
    return readMailFiles(directory, templatesDirectory)
  } catch (error) {
    throw faultsFound([messageOf(error)])
  }
}

function explain(error: unknown, { templates }: MailFiles): string {
  if (!LiquidError.is(error)) return messageOf(error)
  const { token, originalError } = error
  // Liquid names the line always, and the file not where a variable is at fault.
  const file = [...templates.values()].find(({ source }) => source === token.input)
  const [line] = token.getPosition()
  return `${file?.path ?? ''} line ${line}: ${messageOf(originalError ?? error)}`
}

function faultsFound(faults: readonly string[]): AggregateError {
  const errors = faults.map((fault) => new Error(fault))
  return new AggregateError(errors, faults.join('\n'))
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
