// The browser client: which URLs hold a link, what stays of them, and how each answer is told apart.

import { describe, expect, test } from 'vitest'
import { type CallOptions, createClient, parseLink, takeLink } from '../../src/page/client.ts'

const SIGNATURE = 'q61Sr3O5YPbTMAEobhOET8TadzAwN3OleQl_6KCGN-I'
const VALUES = `timestamp=1700000000&user_id=42&signature=${SIGNATURE}`
const LINK = { user_id: '42', timestamp: '1700000000', signature: SIGNATURE }
const TOKEN = `${SIGNATURE}1700000000NDI`

describe('parseLink', () => {
  test.each([
    ['the query', `/reset?${VALUES}`, '/reset'],
    ['the query, before other values', `/reset?${VALUES}&to=%2Fhome&x`, '/reset?to=%2Fhome&x'],
    ['the query, after other values', `/reset?x=a%20b&${VALUES}#top`, '/reset?x=a%20b#top'],
    [
      'the query, in any order',
      `/reset?signature=${SIGNATURE}&x=1&user_id=42&timestamp=1700000000`,
      '/reset?x=1',
    ],
    ['the query, escaped as in HTML', `/reset?${VALUES.replaceAll('&', '&amp;')}`, '/reset'],
    ['the fragment', `/reset#${VALUES}`, '/reset'],
    ['the fragment, beside a query', `/reset?x=1#${VALUES}`, '/reset?x=1'],
    ['the fragment, before other values', `/reset#${VALUES}&x=1`, '/reset#x=1'],
    ['the fragment, rewritten by a hash router', `/#/${VALUES}`, '/'],
    ['the fragment, with a tracker glued to it', `/reset#${VALUES}?utm=1`, '/reset?utm=1'],
    ['a hash route', `/#/reset?${VALUES}`, '/#/reset'],
    ['a hash route, before other values', `/#/reset?${VALUES}&x=1`, '/#/reset?x=1'],
    ['a hashbang route', `/#!/reset?${VALUES}`, '/#!/reset'],
    ['the path, where # became %23', `/reset/%23${VALUES}`, '/reset/'],
    ['the path without a slash, where # became %23', `/reset%23${VALUES}`, '/reset'],
    ['a hash route, where # became %23', `/reset%23/reset?${VALUES}`, '/reset%23/reset'],
    ['the query, where # after a value became %23', `/reset?x=1%23${VALUES}`, '/reset?x=1'],
  ])('finds the three values in %s', (_, path, clean) => {
    expect(parseLink(`https://app.example${path}`)).toEqual({
      link: LINK,
      cleanHref: `https://app.example${clean}`,
    })
  })

  test.each([
    ['the query', `/reset?token=${TOKEN}`, '/reset'],
    ['the query, beside a uid', `/reset?uid=NDI&token=${TOKEN}&x=1`, '/reset?x=1'],
    ['the fragment', `/reset#token=${TOKEN}`, '/reset'],
    ['a hash route', `/#/reset?token=${TOKEN}&uid=NDI`, '/#/reset'],
    ['the path, where # became %23', `/reset/%23token=${TOKEN}&uid=NDI`, '/reset/'],
  ])('finds a token in %s', (_, path, clean) => {
    expect(parseLink(`https://app.example${path}`)).toEqual({
      link: { token: TOKEN },
      cleanHref: `https://app.example${clean}`,
    })
  })

  test.each([
    '',
    '?',
    '?x=1&y#z',
    '#/reset',
    `#/reset/${TOKEN}`,
    '?my_token=1&tokens=2',
    '/%23top',
  ])('finds no link in a URL that ends in "%s", and leaves it as it is', (tail) => {
    const href = `https://app.example/reset${tail}`
    expect(parseLink(href)).toEqual({ link: undefined, cleanHref: href })
  })

  test.each([
    ['timestamp=1700000000&user_id=42', { ...LINK, signature: '' }],
    [`user_id=42&signature=${SIGNATURE}`, { ...LINK, timestamp: '' }],
    ['user_id=42&timestamp=1700000000&signature=q61S', { ...LINK, signature: 'q61S' }],
    [`×tamp=1700000000&user_id=42&signature=${SIGNATURE}`, { ...LINK, timestamp: '' }],
    ['token=', { token: '' }],
    ['uid=NDI', { token: '' }],
  ])('keeps what is left of a damaged link: %s', (query, link) => {
    expect(parseLink(`https://app.example/?${query}`).link).toEqual(link)
  })

  test.each([
    ['a%2Bb%20c%26d%23e%3Ff%3Dg', 'a+b c&d#e?f=g'],
    ['a+b', 'a b'],
    ['%C3%BC%F0%9F%94%91', 'ü🔑'],
    ['%2541', '%41'],
    ['x%23token%3D1', 'x#token=1'],
    ['007', '007'],
  ])('decodes a value once: %s', (encoded, userId) => {
    const query = `timestamp=1700000000&user_id=${encoded}&signature=${SIGNATURE}`
    for (const separator of ['?', '#']) {
      const { link, cleanHref } = parseLink(`https://app.example/reset${separator}${query}`)
      expect(link).toEqual({ ...LINK, user_id: userId })
      expect(cleanHref).toBe('https://app.example/reset')
    }
  })

  test.each([
    '.',
    ',',
    ';',
    ':',
    '!',
    ')',
    ').',
    '>',
    '%3E',
    '%22',
    "'",
    '…',
    '。',
    '”',
    '%20',
    '*',
    '،',
    '؟',
    '」',
    '）',
    '：',
    '`',
    '|',
    '%E2%80%8B',
  ])('leaves out what a mail program took along from the sentence: %s', (behind) => {
    const { link, cleanHref } = parseLink(`https://app.example/reset?${VALUES}${behind}`)
    expect([link, cleanHref]).toEqual([LINK, 'https://app.example/reset'])
    const token = parseLink(`https://app.example/#token=${TOKEN}${behind}`).link
    expect(token).toEqual({ token: TOKEN })
  })

  test.each([
    ['42.', '42'],
    ['-7).', '-7'],
    ['7D2F0C9E-51a4-4c1b-9a53-0e6f2b8d4c71。', '7D2F0C9E-51a4-4c1b-9a53-0e6f2b8d4c71'],
    ['A.', 'A.'],
    ['4.2.', '4.2.'],
  ])('trims an id where an integer or a UUID is left, else not: %s', (written, userId) => {
    const { link } = parseLink(`https://app.example/?timestamp=1&signature=a&user_id=${written}`)
    expect(link).toEqual({ user_id: userId, timestamp: '1', signature: 'a' })
  })

  test('takes no time that grows faster than what it reads', () => {
    const dots = `${'.'.repeat(100_000)}a`
    const start = performance.now()
    expect(parseLink(`https://app.example/?token=${dots}`).link).toEqual({ token: dots })
    expect(performance.now() - start).toBeLessThan(500)
  })

  test('a broken percent sign does not throw', () => {
    expect(parseLink('https://app.example/?token=100%').link).toEqual({ token: '100' })
    expect(parseLink('https://app.example/?user_id=100%').link).toMatchObject({ user_id: '100' })
    expect(parseLink('https://app.example/?user_id=a%').link).toMatchObject({ user_id: 'a%' })
  })
})

describe('takeLink', () => {
  test('replaces the address and keeps the state of the history', () => {
    const history = recordedHistory({ route: 1 })
    expect(takeLink({ href: `https://app.example/reset?${VALUES}&x=1` }, history)).toEqual(LINK)
    expect(history.replaced).toEqual([[{ route: 1 }, 'https://app.example/reset?x=1']])
  })

  test('leaves the history alone where there is no link', () => {
    const history = recordedHistory(null)
    expect(takeLink({ href: 'https://app.example/reset?x=1' }, history)).toBeUndefined()
    expect(history.replaced).toEqual([])
  })
})

describe('createClient', () => {
  test.each([
    ['a link, as its three values', LINK],
    ['a link, as a token', { token: TOKEN }],
  ])('posts %s exactly', async (_, link) => {
    const { client, requests } = answering(200, { detail: 'Link is valid', expires_at: 'x' })
    expect(await client.checkLink(link)).toEqual({
      ok: true,
      body: { detail: 'Link is valid', expires_at: 'x' },
    })
    expect(requests[0]?.url).toBe('https://api.example/accounts/check-reset-link')
    expect(await requests[0]?.json()).toEqual(link)
  })

  test('a password is sent exactly as typed, its confirmation only when there is one', async () => {
    const { client, requests } = answering(200, { detail: 'Reset password successful' })
    await client.resetPassword(LINK, ' pässword ')
    await client.resetPassword(LINK, ' pässword ', '')
    expect(requests[0]?.url).toBe('https://api.example/accounts/reset-password')
    expect(await requests[0]?.json()).toEqual({ ...LINK, password: ' pässword ' })
    expect(await requests[1]?.json()).toEqual({
      ...LINK,
      password: ' pässword ',
      password_confirm: '',
    })
  })

  test('a link is asked for by email or by login', async () => {
    const { client, requests } = answering(200, { detail: 'Reset link sent' })
    await client.requestLink({ email: 'a@b.c' })
    await client.requestLink({ login: 'ana' })
    expect(requests[0]?.url).toBe('https://api.example/accounts/send-reset-password-link')
    expect(await Promise.all(requests.map((request) => request.json()))).toEqual([
      { email: 'a@b.c' },
      { login: 'ana' },
    ])
  })

  test('a password is changed with the token of the application, in its header alone', async () => {
    const { client, requests } = answering(200, { detail: 'Password changed successfully' })
    await client.changePassword('ey.J.x', ' old ', ' new ')
    await client.changePassword('ey.J.x', ' old ', ' new ', '')
    expect(requests[0]?.url).toBe('https://api.example/accounts/change-password')
    expect(requests[0]?.headers.get('authorization')).toBe('Bearer ey.J.x')
    const body = { old_password: ' old ', password: ' new ' }
    expect(await requests[0]?.json()).toEqual(body)
    expect(await requests[1]?.json()).toEqual({ ...body, password_confirm: '' })
  })

  test('the rules are read with GET and given on whole', async () => {
    const rules = { min_length: 8, max_length: 128, max_bytes: null, edge_spaces: 'keep', more: 1 }
    const { client, requests } = answering(200, rules)
    expect(await client.passwordRules()).toEqual({ ok: true, body: rules })
    expect(requests[0]?.method).toBe('GET')
    expect(requests[0]?.url).toBe('https://api.example/accounts/password-rules')
  })

  test('a request is JSON without credentials, and asks for problem details', async () => {
    const { client, requests } = answering(200, { detail: '' })
    await client.requestLink({ email: 'a@b.c' })
    const request = requests[0]
    expect(request?.headers.get('content-type')).toBe('application/json')
    expect(request?.headers.get('accept')).toContain('application/problem+json')
    expect(request).toMatchObject({
      method: 'POST',
      credentials: 'omit',
      referrerPolicy: 'no-referrer',
      cache: 'no-store',
      redirect: 'error',
    })
  })

  test.each([
    [400, 'invalid_request'],
    [400, 'link_invalid'],
    [400, 'link_expired'],
    [400, 'link_superseded'],
    [400, 'old_password_incorrect'],
    [401, 'not_authenticated'],
    [400, 'account_unknown'],
    [429, 'throttled'],
    [503, 'unavailable'],
  ])('a problem of status %i keeps its code %s', async (status, code) => {
    const { client } = answering(status, { type: 'about:blank', status, detail: 'Why', code })
    expect(await client.checkLink(LINK)).toEqual({
      ok: false,
      code,
      detail: 'Why',
      fieldErrors: [],
    })
  })

  test('a refused password comes with what is wrong with it', async () => {
    const errors = [
      { field: 'password', code: 'password_too_short', detail: 'This password is too short.' },
      { field: 'password', code: 'password_too_common', detail: 'This password is too common.' },
    ]
    const { client } = answering(400, { code: 'password_rejected', errors })
    expect(await client.resetPassword(LINK, '1234')).toEqual({
      ok: false,
      code: 'password_rejected',
      detail: '',
      fieldErrors: errors,
    })
  })

  test.each([
    ['7', { retryAfterSeconds: 7 }],
    ['0', { retryAfterSeconds: 0 }],
    ['Wed, 21 Oct 2026 07:28:00 GMT', {}],
  ])('Retry-After: %s is told in seconds where it is a number', async (value, expected) => {
    const { client } = answering(429, { code: 'throttled' }, { 'retry-after': value })
    expect(await client.checkLink(LINK)).toEqual({
      ok: false,
      code: 'throttled',
      detail: '',
      fieldErrors: [],
      ...expected,
    })
  })

  test.each([
    [401, 'not_authenticated'],
    [429, 'throttled'],
    [503, 'unavailable'],
    [403, 'invalid_request'],
    [404, 'invalid_request'],
    [500, 'network'],
    [502, 'network'],
    [504, 'network'],
    [200, 'network'],
  ])('a page of a proxy with status %i is taken for %s', async (status, code) => {
    const { client } = answering(status, '<h1>Hello</h1>')
    expect(await client.passwordRules()).toMatchObject({ ok: false, code, fieldErrors: [] })
  })

  test('a code that the client does not know falls back to the status', async () => {
    const { client } = answering(415, { code: 'unsupported_media_type', detail: 'JSON only' })
    expect(await client.checkLink(LINK)).toMatchObject({
      code: 'invalid_request',
      detail: 'JSON only',
    })
  })

  test('field errors of another kind, as a gateway has them, are left out', async () => {
    const ours = { field: 'email', code: 'blank', detail: 'This field may not be blank.' }
    const errors = [null, 'email is wrong', { detail: 'of no field' }, ours]
    const { client } = answering(400, { code: 'invalid_request', errors })
    expect(await client.requestLink({ email: '' })).toMatchObject({ fieldErrors: [ours] })
  })

  test('a connection that fails is an outcome, not an exception', async () => {
    const client = createClient({
      baseUrl: '/api',
      fetch: () => Promise.reject(new TypeError('Failed to fetch')),
    })
    expect(await client.checkLink(LINK)).toEqual({
      ok: false,
      code: 'network',
      detail: '',
      fieldErrors: [],
    })
  })
})

describe('a call with a signal', () => {
  /** Waits until it is told to stop, as a request that gets no answer does. */
  const hanging = createClient({
    baseUrl: '/api',
    fetch: (_, init) =>
      new Promise((_resolve, reject) => {
        const stop = () => reject(init?.signal?.reason)
        if (init?.signal?.aborted) stop()
        init?.signal?.addEventListener('abort', stop)
      }),
  })
  const aborted = { ok: false, code: 'aborted', detail: '', fieldErrors: [] }

  test.each([
    ['requestLink', (options: CallOptions) => hanging.requestLink({ email: 'a@b.c' }, options)],
    ['checkLink', (options: CallOptions) => hanging.checkLink(LINK, options)],
    ['resetPassword', (options: CallOptions) => hanging.resetPassword(LINK, 'x', 'x', options)],
    [
      'changePassword',
      (options: CallOptions) => hanging.changePassword('t', 'x', 'y', undefined, options),
    ],
    ['passwordRules', (options: CallOptions) => hanging.passwordRules(options)],
  ])('ends when it is aborted: %s', async (_, call) => {
    const controller = new AbortController()
    const result = call({ signal: controller.signal })
    controller.abort()
    expect(await result).toEqual(aborted)
    expect(await call({ signal: controller.signal })).toEqual(aborted)
  })

  test('needs nothing of AbortSignal that browsers of 2023 lack', async () => {
    const { any, timeout } = AbortSignal
    Object.assign(AbortSignal, { any: undefined, timeout: undefined })
    try {
      const { client } = answering(200, { detail: 'Link is valid' })
      const { signal } = new AbortController()
      expect(await client.checkLink(LINK, { signal })).toMatchObject({ ok: true })
    } finally {
      Object.assign(AbortSignal, { any, timeout })
    }
  })

  test('tells a time limit of the caller from a network that fails', async () => {
    expect(await hanging.checkLink(LINK, { signal: AbortSignal.timeout(1) })).toEqual(aborted)
    const failing = createClient({ baseUrl: '/api', fetch: () => Promise.reject(new TypeError()) })
    const { signal } = new AbortController()
    expect(await failing.checkLink(LINK, { signal })).toMatchObject({ code: 'network' })
  })
})

function recordedHistory(state: unknown) {
  const replaced: [unknown, string][] = []
  return {
    state,
    replaced,
    replaceState: (newState: unknown, _: string, url: string) => replaced.push([newState, url]),
  }
}

function answering(status: number, body: unknown, headers: Record<string, string> = {}) {
  const requests: Request[] = []
  const client = createClient({
    baseUrl: 'https://api.example/accounts/',
    fetch: async (input, init) => {
      requests.push(new Request(input, init))
      return new Response(typeof body === 'string' ? body : JSON.stringify(body), {
        status,
        headers,
      })
    },
  })
  return { client, requests }
}
