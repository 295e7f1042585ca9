// Reads the templates and catalogues that mails are made of, the operator's own in place of ours.

import { readdirSync, readFileSync } from 'node:fs'

/** A template or a catalogue, as text. */
export interface MailFile {
  /** Where it stands, for whoever has to mend it. */
  readonly path: string
  readonly source: string
}

/** By file name, such as `reset-link.text.liquid` and `de.json`. */
export interface MailFiles {
  readonly templates: ReadonlyMap<string, MailFile>
  readonly catalogues: ReadonlyMap<string, MailFile>
}

/**
 * Reads all of them. Of two files with one name the operator's counts.
 *
 * @param directory ours, with a slash at its end
 * @param overrides MAIL_TEMPLATES_DIR, of the same shape, which need not have every file
 * @throws Error that names the variable, when the operator's cannot be read
 */
export function readMailFiles(directory: URL, overrides: URL | undefined): MailFiles {
  const ours = readFolder(directory, 'emails')
  if (!overrides) return ours
  try {
    const theirs = readFolder(overrides, 'MAIL_TEMPLATES_DIR')
    return {
      templates: new Map([...ours.templates, ...theirs.templates]),
      catalogues: new Map([...ours.catalogues, ...theirs.catalogues]),
    }
  } catch (error) {
    throw new Error('MAIL_TEMPLATES_DIR: must be a directory that can be read', { cause: error })
  }
}

function readFolder(directory: URL, name: string): MailFiles {
  const read = (folder: string, files: readonly string[]) =>
    new Map(
      files.map((file) => {
        const source = readFileSync(new URL(folder + encodeURIComponent(file), directory), 'utf8')
        // As an editor on Windows may have saved it.
        const plain = source.replace(/^\ufeff/, '').replaceAll('\r\n', '\n')
        return [file, { path: `${name}/${folder}${file}`, source: plain }]
      }),
    )
  const files = readdirSync(directory)
  const locales = files.includes('locales') ? readdirSync(new URL('locales/', directory)) : []
  return {
    templates: read(
      '',
      files.filter((file) => file.endsWith('.liquid')),
    ),
    catalogues: read(
      'locales/',
      locales.filter((file) => file.endsWith('.json')),
    ),
  }
}
