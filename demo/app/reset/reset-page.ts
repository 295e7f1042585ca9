// The reset page: checks the mailed link, then lets the reader choose a new password.
// The texts of its states are in reset.html; here are those that depend on an answer.

import { createClient, type Failure, type Link, type PasswordRules, takeLink } from './client.ts'
import {
  byId,
  count,
  hasFieldFor,
  onSubmit,
  pageReady,
  setting,
  showErrors,
  showState,
  waitPhrase,
} from './view.ts'

// Before anything else, so that nothing else sees it.
const link = takeLink(location, history)
// Pasting a link with a fragment into this tab would not load the page anew.
addEventListener('hashchange', () => location.reload())
await pageReady()

const TEXTS = {
  nothingTyped: 'Type a new password.',
  notTheSame: 'The two passwords are not the same.',
  refused: 'Your password was not changed yet. Please see the note next to the field.',
  throttled: (wait: string) =>
    `Too many tries for now. Please wait ${wait}, then send it again. Your link still works.`,
  unavailable: (wait: string) =>
    `The service is busy, and your password was not changed. Please wait ${wait}, then send it again. Your link still works.`,
  network: 'No answer came back. Please check your connection, then send it again.',
  notUnderstood: 'The service could not work with that, and your password was not changed.',
}

const client = createClient({ baseUrl: setting('api') })
const form = byId('form', HTMLFormElement)
const password = byId('password', HTMLInputElement)
const passwordConfirm = byId('password_confirm', HTMLInputElement)
const showPasswords = byId('show-passwords', HTMLButtonElement)
let isAnswerLost = false

showPasswords.addEventListener('click', () => {
  const isShown = showPasswords.ariaPressed !== 'true'
  showPasswords.ariaPressed = String(isShown)
  for (const input of [password, passwordConfirm]) input.type = isShown ? 'text' : 'password'
})

if (link) {
  onSubmit(form, () => sendPassword(link))
  for (const button of document.querySelectorAll('.try-again')) {
    button.addEventListener('click', () => start(link))
  }
  await start(link)
} else {
  showState('no_link')
}

async function start(link: Link): Promise<void> {
  showState('checking')
  const [check, rules] = await Promise.all([client.checkLink(link), client.passwordRules()])
  if (!check.ok) return showDeadEnd(check)
  // The form works without the rules: the service names those that a password breaks.
  if (rules.ok) showRules(rules.body)
  byId('expiry', HTMLElement).textContent = momentPhrase(new Date(check.body.expires_at))
  showState('form')
}

async function sendPassword(link: Link): Promise<void> {
  if (password.value === '') return refuse(password, TEXTS.nothingTyped)
  if (password.value !== passwordConfirm.value) return refuse(passwordConfirm, TEXTS.notTheSame)
  const reset = await client.resetPassword(link, password.value, passwordConfirm.value)
  if (reset.ok) return leaveForm('done')
  if (hasFieldFor(form, reset)) return showErrors(form, TEXTS.refused, reset.fieldErrors)
  switch (reset.code) {
    case 'throttled':
    case 'unavailable':
      return showErrors(form, TEXTS[reset.code](waitPhrase(reset)))
    case 'network':
      isAnswerLost = true
      return showErrors(form, TEXTS.network)
    case 'link_invalid':
    case 'link_expired':
      return leaveForm(reset.code)
    case 'link_superseded':
      // After a lost answer it was most likely this reader who used the link.
      return leaveForm(isAnswerLost ? 'probably_done' : reset.code)
    default:
      return showErrors(form, TEXTS.notUnderstood)
  }
}

function refuse(input: HTMLInputElement, detail: string): void {
  showErrors(form, TEXTS.refused, [{ field: input.name, code: '', detail }])
}

function leaveForm(state: string): void {
  form.reset()
  showState(state)
}

function showDeadEnd(failure: Failure): void {
  byId('wait', HTMLElement).textContent = waitPhrase(failure)
  showState(deadEndOf(failure))
}

function deadEndOf({ code, fieldErrors }: Failure): string {
  switch (code) {
    case 'link_invalid':
    case 'link_expired':
    case 'link_superseded':
    case 'throttled':
      return code
    default:
      // A faulty field is one of the link's own: a value of it got lost.
      return fieldErrors.length > 0 ? 'link_invalid' : 'unavailable'
  }
}

/** The time of day, with the date where it is not today's. */
function momentPhrase(moment: Date): string {
  const isToday = moment.toDateString() === new Date().toDateString()
  return isToday
    ? moment.toLocaleTimeString([], { timeStyle: 'short' })
    : moment.toLocaleString([], { dateStyle: 'medium', timeStyle: 'short' })
}

function showRules(rules: PasswordRules): void {
  const most = Math.min(rules.max_length, rules.max_bytes ?? rules.max_length)
  const sentences = [
    `Use at least ${count(rules.min_length, 'character')}, and at most ${most}.`,
    'Several words in a row are easy to remember and hard to guess.',
    'Common passwords, digits alone, and anything close to your own name or address are refused.',
  ]
  if (rules.max_bytes) sentences.push('An accented letter may count as two, an emoji as four.')
  if (rules.edge_spaces === 'refuse') sentences.push('Do not begin or end with a space.')
  byId('rules', HTMLElement).replaceChildren(
    ...sentences.map((sentence) => {
      const item = document.createElement('li')
      item.textContent = sentence
      return item
    }),
  )
  password.setAttribute('passwordrules', `minlength: ${rules.min_length}; maxlength: ${most}`)
}
