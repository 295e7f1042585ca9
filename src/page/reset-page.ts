// What scripts add to the hosted pages, which work without them: the link leaves the address bar, a
// link in a fragment is found, passwords can be shown, and a form is sent once.

import { takeLink } from './client.ts'

// Before anything else, so that nothing else sees it.
const link = takeLink(location, history)
// Pasting a link with a fragment into this tab would not load the page anew.
addEventListener('hashchange', () => location.reload())

if (document.readyState === 'loading') {
  await new Promise((resolve) => {
    document.addEventListener('DOMContentLoaded', resolve, { once: true })
  })
}

// It is in the page where the service has found no link in what it was asked for.
const openForm = document.querySelector<HTMLFormElement>('#open')
if (link && openForm) {
  for (const [name, value] of Object.entries(link)) {
    const input = openForm.elements.namedItem(name)
    if (input instanceof HTMLInputElement) Object.assign(input, { value, disabled: false })
  }
  // It says that there is no link.
  document.body.hidden = true
  openForm.submit()
}

const button = document.querySelector<HTMLButtonElement>('#submit')
const status = document.querySelector('#form-status')
function showSending(isSending: boolean): void {
  // Not `disabled`, which would throw the focus away.
  if (button) button.ariaDisabled = String(isSending)
  if (status) status.textContent = isSending ? 'Sending…' : ''
}
button?.form?.addEventListener('submit', (event) => {
  if (button.ariaDisabled === 'true') event.preventDefault()
  showSending(true)
})
// By the browser's way back the page comes as it was left.
addEventListener('pageshow', () => showSending(false))

const showPasswords = document.querySelector<HTMLButtonElement>('#show-passwords')
const passwords = document.querySelectorAll<HTMLInputElement>('input[type=password]')
showPasswords?.addEventListener('click', () => {
  const isShown = showPasswords.ariaPressed !== 'true'
  showPasswords.ariaPressed = String(isShown)
  for (const input of passwords) input.type = isShown ? 'text' : 'password'
})
if (showPasswords) showPasswords.hidden = false
