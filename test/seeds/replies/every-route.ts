// What every route is asked: each field wrong in every way, bodies of another shape, methods and types; and
// what those routes are asked that take links, passwords or sign-ins.

import { type Body, NEW_PASSWORD, type Route, request, type SeedRequest } from './routes.ts'

const wrongValues: Readonly<Record<string, unknown>> = {
  null: null,
  blank: '',
  'blanks alone': '   ',
  'a boolean': true,
  'a list': [],
  'an object': {},
  'an integer': 7,
  'a float': 1.5,
  'with NUL': 'nu\0l@example.com',
  'with a lone surrogate': 'half \ud83d',
  'of 300 characters': 'x'.repeat(300),
}

const bodies: Readonly<Record<string, string>> = {
  'no body': '',
  'broken JSON': '{',
  'a list': '[]',
  'a string': '"text"',
  'a number': '7',
  null: 'null',
}

const passwords: Readonly<Record<string, string>> = {
  'too short': 'ftayx',
  'entirely numeric': '563495763456',
  'too common': 'creative',
  'too short, common and numeric': '12345',
  'the user name': '$username$',
  'the address': '$email$',
  'of 129 characters': 'pass phrase'.repeat(12).slice(0, 129),
  'of 128 characters': 'pass phrase'.repeat(12).slice(0, 128),
  'with blanks around it': '  a new passphrase  ',
}

/** The requests to one route. */
export function listRequestsTo(route: Route): SeedRequest[] {
  const { good, hasLink } = route
  const fields = Object.keys(good)
  const post = (name: string, body: unknown, more: Partial<SeedRequest> = {}) =>
    request(route, name, { body, ...more })
  return [
    post('good', good),
    post('with an unknown field', { ...good, nonsense: 'x' }),
    post('{}', {}),
    ...Object.entries(bodies).map(([name, body]) => post(name, body)),
    ...fields.flatMap((field) => [
      post(`${field} missing`, without(good, field)),
      ...Object.entries(wrongValues).map(([name, value]) =>
        post(`${field} ${name}`, { ...good, [field]: value }),
      ),
    ]),
    ...Object.entries(formsOf(good)).map(([name, body]) =>
      post(name, body, { type: 'application/x-www-form-urlencoded' }),
    ),
    ...['text/plain', 'multipart/form-data; boundary=x', 'application/xml'].map((type) =>
      post(`as ${type}`, 'x', { type }),
    ),
    ...['GET', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'].map((method) => post(method, '', { method })),
    ...(hasLink ? aboutLinks(route) : []),
    ...(JSON.stringify(good).includes(NEW_PASSWORD) ? aboutPasswords(route) : []),
    ...(route.signedIn ? aboutSignIns(route) : []),
  ]
}

function aboutLinks(route: Route): SeedRequest[] {
  const { good } = route
  const proof = 'signature' in good ? 'signature' : 'token'
  const value = String(good[proof]).replaceAll('$', '')
  const situations = ['expired', 'used', 'moved', 'signed in since', 'disabled'] as const
  return [
    ...situations.map((situation) => request(route, `link ${situation}`, { situation })),
    request(route, 'link tampered with', { body: { ...good, [proof]: `$tampered_${value}$` } }),
    request(route, 'link of nobody', { body: { ...good, [proof]: 'not-a-proof' } }),
    request(route, 'link expired and tampered with', {
      body: { ...good, [proof]: `$tampered_${value}$` },
      situation: 'expired',
    }),
    request(route, 'link used, sent again and again', { times: 2 }),
  ]
}

function aboutPasswords(route: Route): SeedRequest[] {
  const fields = Object.keys(route.good).filter((name) => route.good[name] === NEW_PASSWORD)
  const choosing = (password: string, more: Body = {}) => ({
    ...route.good,
    ...Object.fromEntries(fields.map((field) => [field, password])),
    ...more,
  })
  const [, second] = fields
  const repeated = second ?? 'password_confirm'
  const confirmed: Partial<SeedRequest> = second ? {} : { setting: 'confirmed' }
  const isNative = route.path.includes('/v1/')
  return [
    ...Object.entries(passwords).map(([name, password]) =>
      request(route, `password ${name}`, { body: choosing(password) }),
    ),
    ...(isNative || second
      ? [
          request(route, 'password repeated otherwise', {
            body: choosing(NEW_PASSWORD, { [repeated]: 'another one' }),
            ...confirmed,
          }),
          request(route, 'password weak and repeated otherwise', {
            body: choosing('creative', { [repeated]: 'another one' }),
            ...confirmed,
          }),
        ]
      : []),
    ...(isNative
      ? [
          request(route, 'password repeated', {
            body: choosing(NEW_PASSWORD, { [repeated]: NEW_PASSWORD }),
            ...confirmed,
          }),
          request(route, 'password not repeated, as is required', { ...confirmed }),
          request(route, 'password repeated blank', {
            body: choosing(NEW_PASSWORD, { [repeated]: '' }),
            ...confirmed,
          }),
          request(route, 'password repeated otherwise, as nobody asked', {
            body: choosing(NEW_PASSWORD, { [repeated]: 'another one' }),
          }),
          request(route, '{}, with a repetition required', { body: {}, ...confirmed }),
        ]
      : []),
  ]
}

function aboutSignIns(route: Route): SeedRequest[] {
  const nobody = (name: string, body: unknown, more: Partial<SeedRequest> = {}): SeedRequest => {
    const { signedIn: _, ...rest } = request(route, name, { body, ...more })
    return rest
  }
  return [
    nobody('nobody signed in', route.good),
    nobody('nobody signed in, broken JSON', '{'),
    nobody('nobody signed in, GET', '', { method: 'GET' }),
    request(route, 'old password wrong', {
      body: { ...route.good, old_password: 'not the old one' },
    }),
    request(route, 'old password wrong and new one weak', {
      body: {
        ...route.good,
        ...Object.fromEntries(
          Object.keys(route.good)
            .filter((name) => name !== 'old_password')
            .map((name) => [name, 'creative']),
        ),
        old_password: 'not the old one',
      },
    }),
    request(route, 'new password the old one', {
      body: JSON.parse(JSON.stringify(route.good).replaceAll(NEW_PASSWORD, '$old_password$')),
    }),
  ]
}

function without(body: Body, field: string): Body {
  return Object.fromEntries(Object.entries(body).filter(([name]) => name !== field))
}

/** The same body as a form, and two that lack something. */
function formsOf(good: Body): Readonly<Record<string, string>> {
  const [first = '', ...rest] = Object.entries(good).map(([name, value]) => `${name}=${value}`)
  return {
    'as a form': [first, ...rest].join('&'),
    'as a form, with a blank': [first.replace(/=.*/, '='), ...rest].join('&'),
    'as a form, with a field missing': rest.join('&'),
  }
}
