// Replies that differ by methods, media types and the shape of bodies.

import { detail, fault, nativeRules, type ReplyDifference } from './reply-difference.ts'

const native = ['send-reset-password-link', 'reset-password', 'change-password']
const asking = ['password_reset', 'password/reset']
const confirming = ['password_reset/confirm', 'password/reset/confirm']
const changing = ['change-password', 'password/change']
const everywhere = [
  ...native,
  ...asking,
  ...confirming,
  'password_reset/validate_token',
  'password/change',
]

const NO_STRING = 'Not a valid string.'
const LONG = 'Ensure this field has no more than 128 characters.'
const NO_ADDRESS = 'Enter a valid email address.'

const ofAll: readonly ReplyDifference[] = [
  {
    rule: 'error texts never echo the request (method, media type, type of the body, position in the JSON)',
    routes: everywhere,
    requests: ['broken JSON'],
    reply: detail(400, 'JSON parse error'),
  },
  {
    rule: 'error texts never echo the request (method, media type, type of the body, position in the JSON)',
    routes: everywhere,
    requests: ['a list', 'a string', 'a number', 'null'],
    reply: fault('non_field_errors', 'Invalid data. Expected a dictionary.'),
  },
  {
    rule: 'error texts never echo the request (method, media type, type of the body, position in the JSON)',
    routes: everywhere,
    requests: ['as text/plain', 'as application/xml'],
    reply: detail(415, 'Unsupported media type in request.'),
  },
  {
    rule: 'error texts never echo the request (method, media type, type of the body, position in the JSON)',
    routes: everywhere,
    requests: ['GET', 'PUT', 'PATCH', 'DELETE'],
    reply: detail(405, 'Method not allowed.'),
  },
  {
    rule: 'JSON only (dialects also take `application/x-www-form-urlencoded` from no origin or an allowed one)',
    routes: everywhere,
    requests: ['as multipart/form-data; boundary=x'],
    reply: detail(415, 'Unsupported media type in request.'),
  },
  {
    rule: 'JSON only (dialects also take `application/x-www-form-urlencoded` from no origin or an allowed one)',
    routes: native,
    requests: ['as a form', 'as a form, with a blank', 'as a form, with a field missing'],
    reply: detail(415, 'Unsupported media type in request.'),
  },
  {
    rule: 'no GET or OPTIONS metadata',
    routes: everywhere,
    requests: ['OPTIONS'],
    reply: { status: 204, body: null },
  },
  {
    rule: 'no GET or OPTIONS metadata',
    routes: changing,
    requests: ['nobody signed in, GET'],
    reply: detail(405, 'Method not allowed.'),
  },
  {
    rule: 'a missing sign-in is 401, never 403',
    routes: changing,
    requests: ['nobody signed in', 'nobody signed in, broken JSON'],
    reply: detail(401, 'Authentication credentials were not provided.'),
  },
  {
    rule: 'passwords have a maximum',
    routes: ['reset-password', 'change-password', 'password_reset/confirm'],
    requests: ['password of 129 characters', 'password of 300 characters'],
    reply: fault('password', LONG),
  },
]

const ofTypes: readonly ReplyDifference[] = [
  ['send-reset-password-link', 'login', 'an integer', 'a float'],
  ['reset-password', 'user_id', 'a float'],
  ['reset-password', 'signature', 'an integer', 'a float'],
  ['reset-password', 'password', 'an integer', 'a float'],
  ['change-password', 'old_password', 'an integer', 'a float'],
  ['change-password', 'password', 'an integer', 'a float'],
  ['password_reset/confirm', 'password', 'a float'],
  ['password/reset/confirm', 'new_password1', 'a float'],
  ['password/reset/confirm', 'new_password2', 'a float'],
  ['password/change', 'old_password', 'a float'],
  ['password/change', 'new_password1', 'a float'],
  ['password/change', 'new_password2', 'a float'],
].map(([route = '', field = '', ...types]) => ({
  rule: 'wrong JSON types are refused, never coerced',
  routes: [route],
  requests: types.map((type) => `${field} ${type}`),
  reply: fault(field, NO_STRING),
}))

const ofAsking: readonly ReplyDifference[] = [
  {
    rule: '`email` without @, `email` and `login` together, and control characters in them are refused',
    routes: ['send-reset-password-link'],
    requests: ['login with NUL'],
    reply: fault('login', NO_ADDRESS),
  },
  {
    rule: '`email` without @, `email` and `login` together, and control characters in them are refused',
    routes: ['send-reset-password-link'],
    requests: ['by email, without an @'],
    reply: fault('email', NO_ADDRESS),
  },
  {
    rule: nativeRules.length,
    routes: ['send-reset-password-link'],
    requests: ['login of 300 characters'],
    reply: fault('login', 'Ensure this field has no more than 254 characters.'),
  },
  {
    rule: nativeRules.exactlyOne,
    routes: ['send-reset-password-link'],
    requests: ['by email, {}'],
    reply: fault('login', 'This field is required.'),
  },
]

export const shapeDifferences: readonly ReplyDifference[] = [...ofAll, ...ofTypes, ...ofAsking]
