// Every message in every language, as the configuration shapes it, with values that nobody has.

import { readContentConfig } from '../../config/read-config.ts'
import type { MailMessage, RenderedMail } from '../../ports.ts'
import { attempt, faultsOf } from '../../service/attempt.ts'
import { loadMailTemplates } from '../../service/load-content.ts'

/** A message in one language. */
export interface SampleMail extends RenderedMail {
  readonly locale: string
  readonly kind: MailMessage['kind']
}

// What is shown where the configuration has none, so that every sentence can be read.
const SUPPORT_EMAIL = 'help@app.example'
const REQUEST_PAGE_URL = 'https://app.example/forgot'

/**
 * Renders them, language by language.
 *
 * @throws AggregateError with every fault of the variables and the templates
 */
export function renderSamples(env: Readonly<Record<string, string | undefined>>): SampleMail[] {
  const { content, ttlSeconds, requestPageUrl, faults } = readContentConfig(env)
  const supportEmail = content.supportEmail ?? SUPPORT_EMAIL
  const templates = attempt(() => loadMailTemplates({ content: { ...content, supportEmail } }))
  if ('faults' in templates || faults.length > 0) {
    const all = [...faults, ...faultsOf(templates)]
    throw new AggregateError(all.map((fault) => new Error(fault)))
  }
  const { locales, render } = templates.made
  const name = 'Ada Lovelace'
  const messages: readonly MailMessage[] = [
    {
      kind: 'reset-link',
      link: 'https://app.example/reset?timestamp=1795248251&user_id=7d2f0c9e-51a4-4c1b-9a53-0e6f2b8d4c71&signature=Q2b7xW0rJ8mN5tYvKc1LpZsA9dFgHhUeRiOoTq3-_4w',
      ttlSeconds,
      name,
    },
    {
      kind: 'password-changed',
      changedAt: new Date('2026-11-21T08:04:11Z'),
      // It has no origin where neither its variable nor RESET_PAGE_URL is set.
      requestPageUrl: URL.canParse(requestPageUrl) ? requestPageUrl : REQUEST_PAGE_URL,
      name,
    },
    { kind: 'no-password', name },
  ]
  return locales.flatMap((locale) =>
    messages.map((message) => ({ locale, kind: message.kind, ...render(message, locale) })),
  )
}
