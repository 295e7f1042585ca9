// Reads the templates and catalogues that mails are made of, the operator's own in place of ours.

import { readdirSync, readFileSync, statSync } from 'node:fs'

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
  /** Our English catalogue, whatever the operator has in its place. */
  readonly reference: MailFile
  /** Whether one of the templates is the operator's. */
  readonly hasOwnTemplates: boolean
  /** Each names a file that cannot be used, or that nothing would use. */
  readonly faults: readonly string[]
}

type Folder = Omit<MailFiles, 'reference' | 'hasOwnTemplates'>

/**
 * Reads all of them. Of two files with one name the operator's counts.
 *
 * @param directory ours, with a slash at its end
 * @param overrides MAIL_TEMPLATES_DIR, of the same shape, which need not have every file
 * @throws Error when a directory cannot be read: for the operator's it names the variable
 */
export function readMailFiles(directory: URL, overrides: URL | undefined): MailFiles {
  const ours = readFolder(directory, 'emails')
  const reference = ours.catalogues.get('en.json')
  if (!reference) throw new Error('emails/locales/en.json: is missing')
  if (!overrides) return { ...ours, reference, hasOwnTemplates: false }
  const theirs = readOverrides(overrides)
  const templates = new Map([...ours.templates, ...theirs.templates])
  const sources = [...templates.values()].map(({ source }) => source)
  const isNamed = (file: string) =>
    sources.some((source) => source.includes(`'${file}'`) || source.includes(`"${file}"`))
  const idle = [...theirs.templates]
    .filter(([file]) => !ours.templates.has(file) && !isNamed(file))
    .map(([, { path }]) => `${path}: has the name of none of ours, and no template names it`)
  return {
    templates,
    catalogues: new Map([...ours.catalogues, ...theirs.catalogues]),
    reference,
    hasOwnTemplates: theirs.templates.size > 0,
    faults: [...ours.faults, ...theirs.faults, ...idle],
  }
}

function readOverrides(directory: URL): Folder {
  try {
    return readFolder(directory, 'MAIL_TEMPLATES_DIR')
  } catch (error) {
    throw new Error('MAIL_TEMPLATES_DIR: must be a directory that can be read', { cause: error })
  }
}

function readFolder(directory: URL, name: string): Folder {
  const faults: string[] = []
  const attempt = (path: string, work: () => void) => {
    try {
      work()
    } catch (error) {
      faults.push(`${path}: ${reasonOf(error)}`)
    }
  }
  const read = (folder: string, files: readonly string[], ending: string) => {
    const found = new Map<string, MailFile>()
    // What begins with a dot is an editor's or a mount's.
    for (const file of files.filter((each) => !each.startsWith('.'))) {
      const path = `${name}/${folder}${file}`
      if (/\.(?:liquid|json)\.txt$/.test(file)) faults.push(`${path}: must not end in .txt`)
      if (file.endsWith('.json') && folder === '') faults.push(`${path}: belongs into locales/`)
      if (!file.endsWith(ending)) continue
      attempt(path, () => {
        const source = readText(new URL(folder + encodeURIComponent(file), directory))
        if (source !== undefined) found.set(file, { path, source })
      })
    }
    return found
  }

  const files = readdirSync(directory)
  let locales: string[] = []
  if (files.includes('locales')) {
    attempt(`${name}/locales`, () => {
      locales = readdirSync(new URL('locales/', directory))
    })
  }
  return {
    templates: read('', files, '.liquid'),
    catalogues: read('locales/', locales, '.json'),
    faults,
  }
}

/** @returns undefined for what is no file */
function readText(url: URL): string | undefined {
  if (!statSync(url).isFile()) return undefined
  // It drops the mark that an editor on Windows may have put at the start.
  const decoder = new TextDecoder('utf-8', { fatal: true })
  return decoder.decode(readFileSync(url)).replaceAll('\r\n', '\n')
}

// Without the message, which has the directory in it.
function reasonOf(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ERR_ENCODING_INVALID_ENCODED_DATA' ? 'is not UTF-8' : `cannot be read (${code})`
}
