// Reads the mail templates from where they lie beside the program.

import type { Config } from '../config/config.ts'
import { loadTemplates } from '../mail/templates.ts'
import type { Templates } from '../ports.ts'

const emailsDirectory = new URL('../../emails/', import.meta.url)

/**
 * Reads the mail templates.
 *
 * @throws AggregateError with every fault, each an Error that names its file and line, or its variable
 */
export function loadMails({ content }: Pick<Config, 'content'>): Templates {
  return loadTemplates({ ...content, directory: emailsDirectory })
}
