// Turns a message and a language into the subject, text and HTML of a mail, by the templates in
// `emails/`.
//
// `<kind>.html.liquid` and `<kind>.text.liquid` are the two parts of a message, `layout.*.liquid` is
// what all messages share, and the sentences come from a catalogue.

import { readdirSync, readFileSync } from 'node:fs'
import { Liquid, LiquidError } from 'liquidjs'
import type { MailMessage, RenderedMail, Templates } from '../ports.ts'
import { buttonColors } from './button-colors.ts'
import { type Catalogue, fill, readCatalogues, spellDuration, spellTime } from './catalogue.ts'
import { greetableName } from './greetable-name.ts'

/** What is the same in every mail. */
export interface TemplateOptions {
  readonly appName: string
  readonly supportEmail: string | undefined
  /** The button's colour, `#rrggbb`. */
  readonly brandColor: string
  /** The language of readers whose own has no catalogue. */
  readonly defaultLocale: string
  /** Where the templates are, with a slash at its end. */
  readonly directory: URL
}

/**
 * Reads every template and catalogue and renders each message once, so that a fault in them stops
 * the process at its start and not a mail. Reads no file afterwards.
 *
 * @throws Error that names the file and line of a broken template, or the file and key of a broken
 *   catalogue
 */
export function loadTemplates(options: TemplateOptions): Templates {
  const { directory } = options
  const templates = readTemplates(directory)
  const catalogueFor = readCatalogues(new URL('locales/', directory), options.defaultLocale)
  const brand = {
    app_name: options.appName.replace(/\s+/g, ' ').trim(),
    support_email: options.supportEmail ?? null,
    button: buttonColors(options.brandColor),
  }

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
      subject: text['subject'] ?? '',
      text: `${plain.replace(/\n{3,}/g, '\n\n').trim()}\n`,
      html: htmlEngine.renderFileSync(`${kind}.html.liquid`, scope),
    }
  }

  try {
    const fallback = catalogueFor('')
    draw('reset-link', fallback, '', { duration: '' }, { link: '' })
    draw('password-changed', fallback, '', { changed_at: '' }, { request_page_url: '' })
  } catch (error) {
    // Liquid names the line always, and the file not where a variable is at fault.
    const source: unknown = LiquidError.is(error) ? error.token.input : undefined
    const file = Object.keys(templates).find((name) => templates[name] === source)
    const message = error instanceof Error ? error.message : String(error)
    throw new Error(`Broken mail template ${file ?? ''}: ${message}`, { cause: error })
  }

  return {
    render(message, locale) {
      const catalogue = catalogueFor(locale)
      const name = greetableName(message.name ?? '')
      if (message.kind === 'reset-link') {
        const duration = spellDuration(message.ttlSeconds, catalogue)
        return draw(message.kind, catalogue, name, { duration }, { link: message.link })
      }
      const changed_at = spellTime(message.changedAt, catalogue)
      const urls = { request_page_url: message.requestPageUrl }
      return draw(message.kind, catalogue, name, { changed_at }, urls)
    },
  }
}

function readTemplates(directory: URL): Record<string, string> {
  const files = readdirSync(directory).filter((file) => file.endsWith('.liquid'))
  return Object.fromEntries(
    files.map((file) => [file, readFileSync(new URL(file, directory), 'utf8')]),
  )
}
