// Writes Rekey's own pages as HTML that works without scripts.

import { escapeHtml } from '../core/escape-html.ts'
import type { RekeyError } from '../errors.ts'
import {
  type FormFaults,
  type Message,
  type MessageName,
  messages,
  timePhrase,
  waitPhrase,
} from './hosted-texts.ts'
import type { describeRules } from './password-rules.ts'

/** What the operator's pages say. */
export interface PageContent {
  readonly appName: string
  readonly requestPageUrl: string
  readonly supportEmail: string | undefined
}

/** A form in which a new password is chosen. */
export interface ResetForm {
  /** The values of the link, by field name. */
  readonly link: Readonly<Record<string, string>>
  readonly rules: ReturnType<typeof describeRules>
  /** How long the link works, where that has just been asked. */
  readonly secondsLeft?: number
  readonly faults?: FormFaults
}

/** A form in which a link is asked for. */
export interface RequestForm {
  readonly email?: string | undefined
  readonly faults?: FormFaults
}

/** Writes the pages of one application. */
export function createHostedPages(content: PageContent) {
  const page = (title: string, main: string, faults?: FormFaults) =>
    layOut(content, faults ? `Error: ${title}` : title, main)
  return {
    /** @param error says how long to wait, where the message does */
    message(name: MessageName, error?: RekeyError): string {
      const message: Message = messages[name]
      const wait = error ? waitPhrase(error) : ''
      const paragraphs = message.paragraphs.map((text) => `<p>${text.replace('{wait}', wait)}</p>`)
      if (message.offersLink) paragraphs.push(askAgain(content.requestPageUrl))
      // A link in a fragment never reaches the service; the script sends it by this form.
      if (name === 'no_link') paragraphs.push(OPEN_FORM)
      return page(message.heading, `<h1>${message.heading}</h1>${paragraphs.join('')}`)
    },
    resetForm: (form: ResetForm): string =>
      page('Choose a new password', resetForm(form), form.faults),
    requestForm: (form: RequestForm): string =>
      page('Forgot your password?', requestForm(form), form.faults),
  }
}

const OPEN_FORM = `
      <noscript>
        <p>
          Have you just opened it? Then your link needs JavaScript, which your browser has switched
          off. Switch it on for this page, or open the link in another browser.
        </p>
      </noscript>
      <form id="open" method="post" action="open" hidden>
        <input type="hidden" name="user_id" disabled>
        <input type="hidden" name="timestamp" disabled>
        <input type="hidden" name="signature" disabled>
        <input type="hidden" name="token" disabled>
      </form>`

function askAgain(url: string): string {
  return `<p><a class="button" href="${escapeHtml(url)}">Ask for a new link</a></p>`
}

function resetForm({ link, rules, secondsLeft, faults }: ResetForm): string {
  const hidden = Object.entries(link).map(
    ([name, value]) =>
      `<input type="hidden" name="${escapeHtml(name)}" value="${escapeHtml(value)}">`,
  )
  const life =
    secondsLeft === undefined
      ? 'Your link is not used up.'
      : `Your link works for another ${timePhrase(secondsLeft, Math.floor)}.`
  const most = Math.min(rules.max_length, rules.max_bytes ?? rules.max_length)
  const attributes = `type="password" autocomplete="new-password" autocapitalize="none" spellcheck="false" passwordrules="minlength: ${rules.min_length}; maxlength: ${most}"`
  return `
      <h1>Choose a new password</h1>
      <p>${life}</p>
      <form method="post" action="password" novalidate>
        ${hidden.join('')}${summary(faults)}
        <div class="field">
          <label for="password">New password</label>
          <ul id="rules">${ruleItems(rules, most)}</ul>
          ${input('password', attributes, faults, 'rules')}
        </div>
        <div class="field">
          <label for="password_confirm">New password again</label>
          ${input('password_confirm', attributes, faults)}
        </div>
        <button id="show-passwords" class="toggle" type="button" aria-pressed="false" hidden>
          Show password
        </button>
        <button id="submit" type="submit">Set new password</button>
        <p id="form-status" role="status"></p>
      </form>`
}

function requestForm({ email = '', faults }: RequestForm): string {
  const attributes = `type="email" inputmode="email" autocomplete="email" autocapitalize="none" spellcheck="false" value="${escapeHtml(email)}"`
  // novalidate: browsers refuse some addresses that the service accepts.
  return `
      <h1>Forgot your password?</h1>
      <p>Tell us the address of your account. We will mail you a link to choose a new password.</p>
      <form method="post" action="request" novalidate>${summary(faults)}
        <div class="field">
          <label for="email">Email address</label>
          ${input('email', attributes, faults)}
        </div>
        <button id="submit" type="submit">Mail me a link</button>
        <p id="form-status" role="status"></p>
      </form>`
}

function summary(faults: FormFaults | undefined): string {
  return faults ? `\n<p class="error summary" role="alert">${escapeHtml(faults.summary)}</p>` : ''
}

/** A field with what is wrong with it; the first faulty one takes the focus. */
function input(name: string, attributes: string, faults?: FormFaults, describedBy = ''): string {
  const ours = faults?.fields.filter(({ field }) => field === name) ?? []
  const isFirst = faults?.fields[0]?.field === name
  const state = ours.length > 0 ? ` aria-invalid="true"${isFirst ? ' autofocus' : ''}` : ''
  const described = [ours.length > 0 ? `${name}-error` : '', describedBy].filter(Boolean).join(' ')
  const describedAttribute = described ? ` aria-describedby="${described}"` : ''
  const details = escapeHtml(ours.map(({ detail }) => detail).join(' '))
  return (
    `<input id="${name}" name="${name}" ${attributes} required${describedAttribute}${state}>` +
    (details ? `<p id="${name}-error" class="error">${details}</p>` : '')
  )
}

function ruleItems(rules: ResetForm['rules'], most: number): string {
  const least = `${rules.min_length} character${rules.min_length === 1 ? '' : 's'}`
  const sentences = [
    `Use at least ${least}, and at most ${most}.`,
    'Several words in a row are easy to remember and hard to guess.',
    'Common passwords, digits alone, and anything close to your own name or address are refused.',
  ]
  if (rules.max_bytes) sentences.push('An accented letter may count as two, an emoji as four.')
  if (rules.edge_spaces === 'refuse') sentences.push('Do not begin or end with a space.')
  return sentences.map((sentence) => `<li>${sentence}</li>`).join('')
}

function layOut({ appName, supportEmail }: PageContent, title: string, main: string): string {
  const name = escapeHtml(appName)
  const support = escapeHtml(supportEmail ?? '')
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="referrer" content="no-referrer">
    <!-- First and async: it empties the address bar and waits for nothing that stands below. -->
    <script type="module" async src="reset-page.js"></script>
    <title>${escapeHtml(title)} – ${name}</title>
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta name="robots" content="noindex">
    <link rel="icon" href="data:,">
    <link rel="stylesheet" href="page.css">
  </head>
  <body>
    <header>${name}</header>
    <main>${main}
    </main>
    <footer>${support && `<p>Still stuck? Write to <a href="mailto:${support}">${support}</a>.</p>`}</footer>
  </body>
</html>
`
}
