// What both pages do with their HTML: show one state at a time, say what is wrong, send a form once.

import type { Failure, FieldError } from './client.ts'

/** Waits until the HTML is there: the scripts start before it, to empty the address bar first. */
export async function pageReady(): Promise<void> {
  if (document.readyState !== 'loading') return
  await new Promise((resolve) => {
    document.addEventListener('DOMContentLoaded', resolve, { once: true })
  })
}

/** @throws TypeError where the HTML has no such element */
export function byId<T extends HTMLElement>(id: string, kind: new () => T): T {
  const found = document.getElementById(id)
  if (!(found instanceof kind)) throw new TypeError(`the page has no ${kind.name} #${id}`)
  return found
}

/** Reads one `<meta name="rekey-...">`, which the server has filled in. */
export function setting(name: string): string {
  return document.querySelector<HTMLMetaElement>(`meta[name="rekey-${name}"]`)?.content ?? ''
}

/**
 * Shows the section with this `data-state` and no other. The heading takes its `data-heading` and
 * the focus, so that a screen reader says what has changed.
 */
export function showState(state: string): void {
  for (const section of document.querySelectorAll<HTMLElement>('[data-state]')) {
    section.hidden = section.getAttribute('data-state') !== state
    if (section.hidden) continue
    const heading = byId('heading', HTMLHeadingElement)
    heading.textContent = section.getAttribute('data-heading')
    document.title = `${heading.textContent} – ${setting('app-name')}`
    heading.focus()
  }
}

/** Puts each message beside its field and the focus into the first faulty one. */
export function showErrors(
  form: HTMLFormElement,
  summary: string,
  fieldErrors: readonly FieldError[] = [],
): void {
  for (const input of form.querySelectorAll('input')) {
    const details = fieldErrors.filter((error) => error.field === input.name)
    byId(`${input.name}-error`, HTMLElement).textContent = details
      .map((error) => error.detail)
      .join(' ')
    input.ariaInvalid = String(details.length > 0)
  }
  byId('form-error', HTMLElement).textContent = summary
  form.querySelector<HTMLInputElement>('[aria-invalid="true"]')?.focus()
}

/** Whether any message has a field of this form to stand beside. */
export function hasFieldFor(form: HTMLFormElement, { fieldErrors }: Failure): boolean {
  return fieldErrors.some((error) => form.elements.namedItem(error.field))
}

/** Sends a form by script, one sending at a time. What was typed stays. */
export function onSubmit(form: HTMLFormElement, send: () => Promise<void>): void {
  const button = byId('submit', HTMLButtonElement)
  const status = byId('form-status', HTMLElement)
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    if (button.ariaDisabled === 'true') return
    // Not `disabled`, which would throw the focus away.
    button.ariaDisabled = 'true'
    status.textContent = 'Sending…'
    showErrors(form, '')
    await send()
    button.ariaDisabled = 'false'
    status.textContent = ''
  })
}

/** How long to wait, as a phrase: "2 minutes". */
export function waitPhrase({ retryAfterSeconds: seconds }: Failure): string {
  if (seconds === undefined) return 'a few minutes'
  if (seconds < 60) return count(Math.max(1, Math.ceil(seconds)), 'second')
  return seconds < 3600
    ? count(Math.ceil(seconds / 60), 'minute')
    : count(Math.ceil(seconds / 3600), 'hour')
}

/** A number with its noun: "1 character", "8 characters". */
export function count(amount: number, noun: string): string {
  return `${amount} ${noun}${amount === 1 ? '' : 's'}`
}
