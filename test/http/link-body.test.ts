// In which forms a body may bring a link, and which spellings of its values are none.

import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { INVALID_LINK, VALID_LINK } from '../support/answers.ts'
import { forgedLink, type LinkValues, sealedLink, tokenOf } from '../support/links.ts'
import { startService, type TestService } from '../support/service.ts'
import { createSurroundings, type Surroundings } from '../support/surroundings.ts'
import { addUser, createUsers, type IdType, idTypes, type StoredUser } from '../support/users.ts'

const ROUTE = 'check-reset-link'
const integerTypes: readonly IdType[] = ['bigint', 'integer', 'smallint']

describe.each(idTypes)('with ids of type %s', (idType) => {
  let surroundings: Surroundings
  let service: TestService
  let user: StoredUser
  let link: LinkValues

  beforeAll(async () => {
    surroundings = await createSurroundings()
    await createUsers(surroundings.database.sql, idType)
    user = await addUser(surroundings.database.sql)
    service = await startService(surroundings)
    link = await service.mailedLink(user.email)
  })

  afterAll(async () => {
    await service?.stop()
    await surroundings?.end()
  })

  test('a link is its three values as mailed, or one token', async () => {
    const { user_id, timestamp, signature } = link
    expect((await service.post(ROUTE, { user_id, timestamp, signature })).answer).toMatch(
      VALID_LINK,
    )
    expect((await service.post(ROUTE, { token: tokenOf(link) })).answer).toMatch(VALID_LINK)
  })

  test('the timestamp may be a JSON integer', async () => {
    const { answer } = await service.post(ROUTE, { ...link, timestamp: Number(link.timestamp) })
    expect(answer).toMatch(VALID_LINK)
  })

  test('the id may be one where ids are integers, and nowhere else', async () => {
    const isInteger = integerTypes.includes(idType)
    const user_id = isInteger ? Number(link.user_id) : 42
    const { answer } = await service.post(ROUTE, { ...link, user_id })
    if (isInteger) expect(answer).toMatch(VALID_LINK)
    else expect(answer).toBe('400 {"user_id":["Not a valid string."]}')
  })

  test('an id that may not be one is named with all other faulty fields', async () => {
    const body = { user_id: 42, timestamp: 1.5, signature: 'x', password: '' }
    const { text } = await service.post('reset-password', body)
    expect(JSON.parse(text)).toEqual({
      ...(!integerTypes.includes(idType) && { user_id: ['Not a valid string.'] }),
      timestamp: ['A valid integer is required.'],
      password: ['This field may not be blank.'],
    })
  })

  test.each<[string, (id: string) => string]>([
    ['nothing', () => ''],
    ['a blank before it', (id) => ` ${id}`],
    ['a blank after it', (id) => `${id} `],
    ['a line break after it', (id) => `${id}\n`],
    ['a sign', (id) => `+${id}`],
    ['a leading zero', (id) => `0${id}`],
    ['a fraction', (id) => `${id}.0`],
    ['an exponent', (id) => `${id}e0`],
    ['a prefix for hexadecimal', (id) => `0x${id}`],
    ['braces', (id) => `{${id}}`],
    ['a URN around it', (id) => `urn:uuid:${id}`],
    ['a NUL after it', (id) => `${id}\u0000`],
    ['a zero-width space after it', (id) => `${id}\u200b`],
    ['a per cent sign', (id) => `%${id}`],
    ['full-width digits', (id) => id.replace(/\d/g, fullWidth)],
    ['every letter escaped', (id) => id.replace(/./g, escaped)],
    ['a capital letter at its end', (id) => `${id}F`],
  ])('the id with %s is that of no link', async (_, spell) => {
    const user_id = spell(link.user_id)
    expect((await service.post(ROUTE, { ...link, user_id })).answer).toBe(INVALID_LINK)
    const token = tokenOf({ ...link, user_id })
    expect((await service.post(ROUTE, { token })).answer).toBe(INVALID_LINK)
  })

  test('an id of letters has one spelling only', async () => {
    const user_id = link.user_id.toUpperCase()
    const { answer } = await service.post(ROUTE, { ...link, user_id })
    if (integerTypes.includes(idType)) expect(answer).toMatch(VALID_LINK)
    else expect(answer).toBe(INVALID_LINK)
  })

  test('the link of another account is none of mine', async () => {
    const other = await addUser(surroundings.database.sql)
    expect((await service.post(ROUTE, { ...link, user_id: other.id })).answer).toBe(INVALID_LINK)
  })
})

describe('an id of any letters', () => {
  let surroundings: Surroundings
  let service: TestService

  beforeAll(async () => {
    surroundings = await createSurroundings()
    await createUsers(surroundings.database.sql, 'text')
    service = await startService(surroundings)
  })

  afterAll(async () => {
    await service?.stop()
    await surroundings?.end()
  })

  test.each([
    'a&signature=x',
    'a#b',
    'a b',
    ' ',
    'a+b',
    '100%',
    '%41',
    'é',
    '👩‍💻',
    '../x',
    'a?b=c',
    '"<script>',
    "'",
    '0',
    'x'.repeat(200),
  ])('comes back out of the link as it was: %j', async (id) => {
    const user = await addUser(surroundings.database.sql, { id })
    const { url, ...link } = await service.mailedLink(user.email)
    expect([...new URL(url).searchParams.keys()]).toEqual(['timestamp', 'user_id', 'signature'])
    expect(link.user_id).toBe(id)
    expect((await service.post(ROUTE, link)).answer).toMatch(VALID_LINK)
    const body = { token: tokenOf(link), password: 'a brand new pass phrase' }
    expect((await service.post('reset-password', body)).status).toBe(200)
  })

  test('is told apart from another one in every letter', async () => {
    const composed = await addUser(surroundings.database.sql, { id: 'ü'.normalize('NFC') })
    const link = await service.mailedLink(composed.email)
    for (const user_id of ['ü'.normalize('NFD'), 'Ü', 'ü ', 'u']) {
      expect((await service.post(ROUTE, { ...link, user_id })).answer).toBe(INVALID_LINK)
    }
  })
})

describe('a body', () => {
  let surroundings: Surroundings
  let service: TestService
  let link: LinkValues

  beforeAll(async () => {
    surroundings = await createSurroundings()
    await createUsers(surroundings.database.sql, 'bigint')
    service = await startService(surroundings)
    link = sealedLink(await addUser(surroundings.database.sql))
  })

  afterAll(async () => {
    await service?.stop()
    await surroundings?.end()
  })

  const required = ['This field is required.']
  const notNull = ['This field may not be null.']
  const notAString = ['Not a valid string.']
  const notAnInteger = ['A valid integer is required.']
  const either = ['Send either token or user_id, timestamp and signature.']

  test.each<[object, object]>([
    [{}, { user_id: required, timestamp: required, signature: required }],
    [{ user_id: '1' }, { timestamp: required, signature: required }],
    [{ timestamp: 1 }, { user_id: required, signature: required }],
    [{ signature: 'x' }, { user_id: required, timestamp: required }],
    [
      { signature: null, timestamp: null, user_id: null },
      { user_id: notNull, timestamp: notNull, signature: notNull },
    ],
    [
      { signature: 7, timestamp: false, user_id: true },
      { user_id: notAString, timestamp: notAnInteger, signature: notAString },
    ],
    [
      { user_id: [42], timestamp: [1], signature: ['x'] },
      { user_id: notAString, timestamp: notAnInteger, signature: notAString },
    ],
    [
      { user_id: { id: 42 }, timestamp: {}, signature: {} },
      { user_id: notAString, timestamp: notAnInteger, signature: notAString },
    ],
    [
      { user_id: 1.5, timestamp: 1.5, signature: 'x' },
      { user_id: notAString, timestamp: notAnInteger },
    ],
    [
      { user_id: 2 ** 53, timestamp: -(2 ** 53), signature: 'x' },
      { user_id: notAString, timestamp: notAnInteger },
    ],
    [{ user_id: 1e300, timestamp: 1, signature: 'x' }, { user_id: notAString }],
    [{ token: null }, { token: notNull }],
    [{ token: 5 }, { token: notAString }],
    [{ token: ['x'] }, { token: notAString }],
    [{ token: 'x', user_id: '1' }, { non_field_errors: either }],
    [{ token: 'x', timestamp: '1' }, { non_field_errors: either }],
    [{ token: 'x', signature: 'x' }, { non_field_errors: either }],
    [{ token: 'x', user_id: '1', timestamp: 1, signature: 'x' }, { non_field_errors: either }],
  ])('%j is refused field by field', async (body, faults) => {
    expect((await service.post(ROUTE, body)).answer).toBe(`400 ${JSON.stringify(faults)}`)
  })

  test.each([
    '',
    ' ',
    '-1',
    '+1700000000',
    '1700000000.0',
    '1.7e9',
    '0x6553f100',
    '01700000000',
    '1700000000\n',
    ' 1700000000',
    'Infinity',
    'NaN',
    '1e400',
    'null',
    '0',
    '１７００００００００',
  ])('the timestamp %j is that of no link', async (timestamp) => {
    const answers = [
      await service.post(ROUTE, { ...link, timestamp }),
      await service.post(ROUTE, sealedLink(await addUser(surroundings.database.sql), timestamp)),
    ]
    expect(answers.map(({ answer }) => answer)).toEqual([INVALID_LINK, INVALID_LINK])
  })

  test.each([0, -1, 1, 2 ** 53 - 1, Number('-0')])('nor is the integer %d', async (timestamp) => {
    expect((await service.post(ROUTE, { ...link, timestamp })).answer).toBe(INVALID_LINK)
  })

  const last = (signature: string) => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    return alphabet[alphabet.indexOf(signature.at(-1) ?? '') ^ 1] ?? ''
  }

  test.each<[string, (signature: string) => string]>([
    ['nothing', () => ''],
    ['its first half', (signature) => signature.slice(0, 22)],
    ['one letter less', (signature) => signature.slice(0, 42)],
    ['one letter more', (signature) => `${signature}A`],
    ['padding', (signature) => `${signature}=`],
    ['a line break', (signature) => `${signature}\n`],
    ['a blank instead of a letter', (signature) => `${signature.slice(0, 42)} `],
    ['text after padding', (signature) => `${signature}=AAAA`],
    ['junk inside', (signature) => `${signature.slice(0, 20)}!*${signature.slice(20)}`],
    ['a NUL inside', (signature) => `${signature.slice(0, 20)}\u0000${signature.slice(20)}`],
    ['other unused bits', (signature) => signature.slice(0, 42) + last(signature)],
    ['hexadecimal', (signature) => Buffer.from(signature, 'base64url').toString('hex')],
    ['the other alphabet', (signature) => Buffer.from(signature, 'base64url').toString('base64')],
    ['a prefix', (signature) => `sha256=${signature}`],
    ['letters 256 places up', (signature) => up(signature)],
  ])('the signature with %s is none', async (_, spell) => {
    const signature = spell(link.signature)
    expect((await service.post(ROUTE, { ...link, signature })).answer).toBe(INVALID_LINK)
    const token = tokenOf({ ...link, signature })
    expect((await service.post(ROUTE, { token })).answer).toBe(INVALID_LINK)
  })

  test('no bit of the outer seal can be altered', async () => {
    const bytes = Buffer.from(link.signature, 'base64url')
    const answers = new Set<string>()
    for (let bit = 0; bit < 128; bit++) {
      const altered = Buffer.from(bytes)
      altered.writeUInt8(altered.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
      const signature = altered.toString('base64url')
      answers.add(await service.code(ROUTE, { ...link, signature }))
    }
    expect([...answers]).toEqual(['link_invalid'])
  })

  test('nor of the inner one, which only the account can tell', async () => {
    const bytes = Buffer.from(link.signature, 'base64url')
    const answers = new Set<string>()
    for (let bit = 128; bit < 256; bit++) {
      const altered = Buffer.from(bytes)
      altered.writeUInt8(altered.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3)
      const signature = altered.toString('base64url')
      answers.add(await service.code(ROUTE, { ...link, signature }))
    }
    expect([...answers]).toEqual(['link_superseded'])
  })

  test.each([
    '',
    'x',
    'A'.repeat(53),
    'A'.repeat(54),
    tokenOf(forgedLink()),
    `${tokenOf(forgedLink())}=`,
    ` ${tokenOf(forgedLink())}`,
  ])('the token %j is that of no link', async (token) => {
    expect((await service.post(ROUTE, { token })).answer).toBe(INVALID_LINK)
  })

  test('of duplicate keys the last counts, in the link as everywhere', async () => {
    const { user_id, timestamp, signature } = link
    const rest = `"timestamp":"${timestamp}","signature":"${signature}"}`
    const mineLast = `{"user_id":"999","user_id":"${user_id}",${rest}`
    const mineFirst = `{"user_id":"${user_id}","user_id":"999",${rest}`
    expect((await service.post(ROUTE, mineLast)).answer).toMatch(VALID_LINK)
    expect((await service.post(ROUTE, mineFirst)).answer).toBe(INVALID_LINK)
  })
})

function fullWidth(digit: string): string {
  return String.fromCharCode(0xff10 + Number(digit))
}

function escaped(letter: string): string {
  return `%${letter.charCodeAt(0).toString(16)}`
}

/** What a decoder that looks at the low byte only would read as the same. */
function up(signature: string): string {
  return signature.replace(/^./, (letter) => String.fromCharCode(letter.charCodeAt(0) + 256))
}
