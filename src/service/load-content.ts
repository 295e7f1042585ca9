// Reads what the service shows from the files that lie beside the program: mail templates and pages.

import type { Config } from '../config/config.ts'
import type { HostedPage } from '../http/hosted-page.ts'
import { readPageFiles } from '../http/page-files.ts'
import { loadTemplates } from '../mail/templates.ts'
import type { Templates } from '../ports.ts'

const emailsDirectory = new URL('../../emails/', import.meta.url)
const pageDirectory = new URL('../page/', import.meta.url)

/** What is read from files, once. */
export interface Content {
  readonly templates: Templates
  readonly hostedPage: HostedPage | undefined
}

/**
 * Reads the mail templates, and the pages where they are served.
 *
 * @throws AggregateError as `loadMailTemplates` does
 * @throws Error that names the page at fault
 */
export function loadContent(config: Config): Content {
  const { content, http, links } = config
  const { appName, supportEmail } = content
  const { requestPageUrl } = links
  return {
    templates: loadMailTemplates(config),
    hostedPage: http.servesPages
      ? {
          content: { appName, supportEmail, requestPageUrl },
          files: readPageFiles(pageDirectory),
        }
      : undefined,
  }
}

/**
 * Reads the mail templates.
 *
 * @throws AggregateError with every fault, each an Error that names its file and line, or its variable
 */
export function loadMailTemplates({ content }: Pick<Config, 'content'>): Templates {
  return loadTemplates({ ...content, directory: emailsDirectory })
}
