// The request page: asks for an address and has a link mailed to it.
// The texts of its states are in request.html; here are those that depend on an answer.

import { createClient } from './client.ts'
import {
  byId,
  hasFieldFor,
  onSubmit,
  pageReady,
  setting,
  showErrors,
  showState,
  waitPhrase,
} from './view.ts'

await pageReady()

const TEXTS = {
  refused: 'No mail was sent. Please see the note next to the field.',
  notUnderstood: 'The service could not work with that. Please check the address.',
  accountUnknown: 'There is no account with this address. Please check how it is written.',
  throttled: (wait: string) =>
    `Too many requests for now. Please wait ${wait}, and see whether a mail has come already.`,
  unavailable: (wait: string) =>
    `The service is busy, and no mail was sent. Please wait ${wait}, then send it again.`,
  network: 'No answer came back. Please check your connection, then send it again.',
}

const client = createClient({ baseUrl: setting('api') })
const form = byId('form', HTMLFormElement)
const email = byId('email', HTMLInputElement)

onSubmit(form, requestLink)
byId('another-address', HTMLButtonElement).addEventListener('click', () => {
  showState('form')
  email.select()
})

async function requestLink(): Promise<void> {
  const request = await client.requestLink({ email: email.value })
  if (request.ok) {
    byId('asked-address', HTMLElement).textContent = email.value.trim()
    return showState('asked')
  }
  if (hasFieldFor(form, request)) return showErrors(form, TEXTS.refused, request.fieldErrors)
  switch (request.code) {
    case 'throttled':
    case 'unavailable':
      return showErrors(form, TEXTS[request.code](waitPhrase(request)))
    case 'network':
      return showErrors(form, TEXTS.network)
    case 'account_unknown':
      return showErrors(form, TEXTS.accountUnknown)
    default:
      return showErrors(form, TEXTS.notUnderstood)
  }
}
