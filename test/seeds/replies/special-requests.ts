// What only some routes are asked.

import {
  type Body,
  confirmBody,
  NEW_PASSWORD,
  newPasswords,
  request,
  resetBody,
  routes,
  type SeedRequest,
  type Setting,
} from './routes.ts'

const severalFaults: readonly (readonly [string, string, Body])[] = [
  ['reset-password', 'all null', nulls('user_id', 'timestamp', 'signature', 'password')],
  ['reset-password', 'half of it', { user_id: '$user_id$', password: '' }],
  ['reset-password', 'no link and a weak password', { password: '1' }],
  ['change-password', 'all null', nulls('old_password', 'password')],
  ['change-password', 'no old password and a weak one', { password: '12345' }],
  ['change-password', 'a wrong old password and none', { old_password: 'wrong' }],
  ['password_reset/confirm', 'all null', nulls('password', 'token')],
  ['password_reset/confirm', 'a bad token and no password', { token: 'not-a-proof' }],
  ['password_reset/confirm', 'a bad token and a blank password', { token: 'x', password: '' }],
  ['password/reset/confirm', 'all null', nulls('new_password1', 'new_password2', 'uid', 'token')],
  [
    'password/reset/confirm',
    'two passwords and no good link',
    { ...confirmBody, new_password2: 'another one', token: 'not-a-proof' },
  ],
  [
    'password/reset/confirm',
    'two passwords and no uid',
    { new_password1: NEW_PASSWORD, new_password2: 'another one', token: '$token$' },
  ],
  ['password/change', 'all null', nulls('old_password', 'new_password1', 'new_password2')],
  [
    'password/change',
    'a wrong old password and two new ones',
    { old_password: 'wrong', new_password1: NEW_PASSWORD, new_password2: 'another one' },
  ],
  ['password/change', 'a wrong old password and none', { old_password: 'wrong' }],
  [
    'password/change',
    'no old password and two new ones',
    { new_password1: NEW_PASSWORD, new_password2: 'another one' },
  ],
]

/** The requests. */
export function listSpecialRequests(): SeedRequest[] {
  const at = (name: string, what: string, more: Partial<SeedRequest>): SeedRequest => {
    const route = routes.find((each) => each.name === name)
    if (!route) throw new TypeError(name)
    return request(route, what, more)
  }
  const send = (what: string, body: Body, setting?: Setting) =>
    at('send-reset-password-link', what, { body, ...(setting && { setting }) })
  const addresses = {
    unknown: 'nobody@example.com',
    'without an @': 'nobody',
    'with blanks around it': '  $email$ ',
    'in capitals': 'NOBODY@EXAMPLE.COM',
    'with a letter beyond ASCII': 'u\u0455er5@mail.com',
    'of 260 characters': `nobody@${'long.'.repeat(50)}com`,
  }
  const askers = ['password_reset', 'password/reset']
  return [
    send('unknown', { login: 'nobody' }),
    send('in capitals', { login: 'NOBODY' }),
    send('with blanks around it', { login: '  $username$ ' }),
    send('unknown, silent', { login: 'nobody' }, 'silent'),
    send('known, silent', { login: '$username$' }, 'silent'),
    send('by email, known', { email: '$email$' }, 'by email'),
    send('by email, unknown', { email: 'nobody@example.com' }, 'by email'),
    send('by email, {}', {}, 'by email'),
    send('by email, blank', { email: '' }, 'by email'),
    send('by email, without an @', { email: 'nobody' }, 'by email'),
    at('reset-password', 'user_id of nobody', { body: { ...resetBody, user_id: '987654' } }),
    at('reset-password', 'user_id of another', { body: { ...resetBody, user_id: '$other_id$' } }),
    at('reset-password', 'user_id of letters', { body: { ...resetBody, user_id: 'abc' } }),
    at('reset-password', 'user_id huge', { body: { ...resetBody, user_id: '9'.repeat(400) } }),
    at('reset-password', 'timestamp of letters', { body: { ...resetBody, timestamp: 'abc' } }),
    at('reset-password', 'weak password and no good link', {
      body: { ...resetBody, signature: '$tampered_signature$', password: '1' },
    }),
    at('reset-password', 'link used, one-time', { situation: 'used', setting: 'one-time' }),
    ...askers.flatMap((name) =>
      Object.entries(addresses).map(([what, email]) =>
        at(name, `email ${what}`, { body: { email } }),
      ),
    ),
    ...['password_reset', 'password/reset'].map((name) =>
      at(name, 'of a user who is disabled', { situation: 'disabled' }),
    ),
    at('password_reset', 'unknown, revealing', {
      body: { email: 'nobody@example.com' },
      setting: 'revealing',
    }),
    at('password_reset', 'known, revealing', { setting: 'revealing' }),
    at('password_reset', 'the fourth of a day', { setting: 'default throttle', times: 4 }),
    at('password_reset/validate_token', 'details', { setting: 'details' }),
    at('password_reset/confirm', 'weak password and no good link', {
      body: { password: '1', token: 'not-a-proof' },
    }),
    at('password/reset/confirm', 'uid of nobody', { body: { ...confirmBody, uid: 'OTg3NjU0' } }),
    at('password/reset/confirm', 'uid of another', {
      body: { ...confirmBody, uid: '$other_uid$' },
    }),
    at('password/reset/confirm', 'uid undecodable', { body: { ...confirmBody, uid: '-wrong-' } }),
    at('password/reset/confirm', 'uid and token wrong', {
      body: { ...confirmBody, uid: '-wrong-', token: '-wrong-token-' },
    }),
    at('password/reset/confirm', 'weak password and no good link', {
      body: { ...confirmBody, new_password1: '1', new_password2: '1', token: 'not-a-proof' },
    }),
    ...severalFaults.map(([name, what, body]) => at(name, what, { body })),
    at('password/change', 'old password optional, and missing', {
      body: newPasswords,
      setting: 'old password optional',
    }),
  ]
}

function nulls(...fields: string[]): Body {
  return Object.fromEntries(fields.map((field) => [field, null]))
}
