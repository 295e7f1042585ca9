// Every message in every language, with values that nobody has.

import type { MailMessage, RenderedMail, Templates } from '../../ports.ts'

/** A message in one language. */
export interface SampleMail extends RenderedMail {
  readonly locale: string
  readonly kind: MailMessage['kind']
}

/** What is shown where the configuration has none, so that every sentence can be read. */
export const SAMPLE_SUPPORT_EMAIL = 'help@app.example'

const name = 'Ada Lovelace'
const messages: readonly MailMessage[] = [
  {
    kind: 'reset-link',
    link: 'https://app.example/reset?timestamp=1795248251&user_id=7d2f0c9e-51a4-4c1b-9a53-0e6f2b8d4c71&signature=Q2b7xW0rJ8mN5tYvKc1LpZsA9dFgHhUeRiOoTq3-_4w',
    ttlSeconds: 3600,
    name,
  },
  {
    kind: 'password-changed',
    changedAt: new Date('2026-11-21T08:04:11Z'),
    requestPageUrl: 'https://app.example/forgot',
    name,
  },
  { kind: 'no-password', name },
]

/** Renders them, language by language. */
export function renderSamples(templates: Templates): SampleMail[] {
  return templates.locales.flatMap((locale) =>
    messages.map((message) => ({
      locale,
      kind: message.kind,
      ...templates.render(message, locale),
    })),
  )
}
