// What Rekey's own pages say: the states without a form, and what is wrong with a form that comes back.

import type { FieldFault, RekeyError } from '../errors.ts'

/** A state that has something to say and nothing to ask. `{wait}` is a time such as "5 minutes". */
export interface Message {
  readonly heading: string
  readonly paragraphs: readonly string[]
  /** Whether to offer the request form. */
  readonly offersLink: boolean
}

const USE_NEWEST = 'If you have several mails, use the newest.'

export const messages = {
  asked: {
    heading: 'Check your mail',
    paragraphs: [
      'If an account exists for this address, a mail with a link is on its way. It can take a minute; look in the spam folder too.',
      `No mail after some minutes? Ask again, and see that the address is spelled right. ${USE_NEWEST}`,
    ],
    offersLink: true,
  },
  done: {
    heading: 'Your password is changed',
    paragraphs: [
      'You can sign in with your new password now.',
      'You will get a mail about this change. The links in earlier mails no longer work.',
      'You can close this page.',
    ],
    offersLink: false,
  },
  no_link: {
    heading: 'Please open the link from your mail',
    paragraphs: [
      'For your safety this page forgets your link when it is reloaded. Open the link from the mail once more: it still works if you have not used it yet.',
      `No mail at hand? Ask for a new link. ${USE_NEWEST}`,
    ],
    offersLink: true,
  },
  link_invalid: {
    heading: 'This link is not complete',
    paragraphs: [
      'A part of it was lost or changed on the way. Copy the whole link from the mail into the address bar, or ask for a new one.',
      USE_NEWEST,
    ],
    offersLink: true,
  },
  link_expired: {
    heading: 'This link has expired',
    paragraphs: [
      'For your safety a link works for some time only. Your password was not changed.',
      `Ask for a new link. ${USE_NEWEST}`,
    ],
    offersLink: true,
  },
  link_superseded: {
    heading: 'This link no longer works',
    paragraphs: [
      'It was already used, or your password or address has changed since it was mailed to you, or you have signed in since.',
      `If you have just set a new password, sign in with it. Otherwise ask for a new link. ${USE_NEWEST}`,
    ],
    offersLink: true,
  },
  throttled: {
    heading: 'Please wait a little',
    paragraphs: [
      'Many tries came from your network. Please wait {wait}, then open the link from the mail again. Your link is not used up.',
    ],
    offersLink: false,
  },
  unavailable: {
    heading: 'We cannot check your link just now',
    paragraphs: [
      'The service is busy, or does not run as it should. Your link is not used up. Please wait a moment, then open the link from the mail again.',
    ],
    offersLink: false,
  },
  cross_origin: {
    heading: 'Nothing was changed',
    paragraphs: [
      'Your browser did not say that this form comes from our own page, so we took nothing from it. Please open the page again, in a browser that is up to date, and send the form from there.',
    ],
    offersLink: true,
  },
  not_understood: {
    heading: 'Nothing was changed',
    paragraphs: [
      'The service could not work with what your browser sent. Please open the link from the mail once more.',
    ],
    offersLink: true,
  },
} as const satisfies Record<string, Message>

export type MessageName = keyof typeof messages

/** What is wrong with a form that comes back. */
export interface FormFaults {
  readonly summary: string
  readonly fields: readonly FieldFault[]
}

/** In the words of a page, where those of the API are for a program. */
const EMPTY_FIELDS: Readonly<Record<string, string>> = {
  email: 'Type the address of your account.',
  password: 'Type a new password.',
  password_confirm: 'Type your new password again.',
}

/** The message for an error that leaves no form to show. */
export function messageFor({ code, faults }: RekeyError): MessageName {
  if (code === 'internal') return 'unavailable'
  if (Object.hasOwn(messages, code)) return code as MessageName
  // A faulty field of such a form is one of the link's own: a value of it got lost.
  return code === 'invalid_request' && nameFields(faults) ? 'link_invalid' : 'not_understood'
}

/** @returns undefined where the form for a new password need not come back */
export function faultsOfReset(error: RekeyError): FormFaults | undefined {
  const fields = nameEmptyFields(error.faults)
  if (fields.length > 0 && fields.every(({ field }) => field.startsWith('password'))) {
    const summary = 'Your password was not changed yet. Please see the note next to the field.'
    return { summary, fields }
  }
  if (error.code !== 'unavailable') return undefined
  const summary = `The service is busy, and your password was not changed. Please wait ${waitPhrase(error)}, then send it again. Your link still works.`
  return { summary, fields: [] }
}

/** The form for an address always comes back. */
export function faultsOfRequest(error: RekeyError): FormFaults {
  return { summary: summaryOfRequest(error), fields: nameEmptyFields(error.faults) }
}

function summaryOfRequest(error: RekeyError): string {
  switch (error.code) {
    case 'throttled':
      return `Too many requests for now. Please wait ${waitPhrase(error)}, and see whether a mail has come already.`
    case 'unavailable':
    case 'internal':
      return `The service is busy, and no mail was sent. Please wait ${waitPhrase(error)}, then send it again.`
    case 'account_unknown':
      return 'There is no account with this address. Please check how it is written.'
    case 'cross_origin':
      return messages.cross_origin.paragraphs[0]
    default:
      return nameFields(error.faults)
        ? 'No mail was sent. Please see the note next to the field.'
        : 'The service could not work with that. Please check the address.'
  }
}

function nameFields(faults: readonly FieldFault[]): boolean {
  return faults.some(({ field }) => field !== 'non_field_errors')
}

function nameEmptyFields(faults: readonly FieldFault[]): FieldFault[] {
  return faults.map((fault) => {
    const isEmpty = fault.code === 'blank' || fault.code === 'required'
    return { ...fault, detail: (isEmpty && EMPTY_FIELDS[fault.field]) || fault.detail }
  })
}

/** How long to wait, rounded up: "5 minutes". */
export function waitPhrase({ retryAfterSeconds: seconds }: RekeyError): string {
  if (seconds === undefined) return 'a few minutes'
  return seconds < 60 ? 'a minute' : timePhrase(seconds, Math.ceil)
}

/** A time in minutes, or in hours where it is long: "42 minutes". */
export function timePhrase(seconds: number, round: (time: number) => number): string {
  const isLong = seconds >= 2 * 3600
  const count = Math.max(1, round(seconds / (isLong ? 3600 : 60)))
  return `${count} ${isLong ? 'hour' : 'minute'}${count === 1 ? '' : 's'}`
}
