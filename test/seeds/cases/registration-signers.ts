// django-rest-registration's test_signers.py: each of its kinds of signer is a way to send a link.

import { expect } from 'vitest'
import { generateSecret } from '../../../src/core/key-ring.ts'
import { parseLink } from '../../../src/page/client.ts'
import { INVALID_LINK, VALID_LINK } from '../../support/answers.ts'
import { confide } from '../../support/discretion.ts'
import { type LinkValues, sealedLink, tokenOf } from '../../support/links.ts'
import { seconds } from '../../support/seconds.ts'
import { fromFile, type SeedCase } from '../case.ts'
import { world } from './registration-world.ts'

const ROUTE = 'check-reset-link'
const INVALID_OR_MISSING = /^400 \{"(?:detail":"Invalid signature"|signature":\["This field is)/

const urlOf = (link: Partial<LinkValues>) => {
  const query = new URLSearchParams({ ...link })
  return `https://app.example/reset-password/?${query}`
}
const kinds: Readonly<Record<string, (link: LinkValues) => object>> = {
  ExampleSigner: (link) => link,
  ExampleTimestampSigner: (link) => ({ token: tokenOf(link) }),
  ExampleURLSigner: (link) => parseLink(urlOf(link)).link ?? {},
}

const check = async (body: object) => (await (await world.serve()).post(ROUTE, body)).answer
const ofEachKind = Object.entries(kinds).flatMap(([kind, send]): Omit<SeedCase, 'file'>[] => [
  {
    name: `test_verify_ok[${kind}]`,
    means: 'a link is good in each of its forms, and may be checked twice',
    async run() {
      const link = await world.linkFor(await world.addUser())
      for (let times = 0; times < 2; times++) expect(await check(send(link))).toMatch(VALID_LINK)
    },
  },
  {
    name: `test_verify_tamper_email_fail[${kind}]`,
    means: 'a link with another user_id is refused',
    async run() {
      const link = await world.linkFor(await world.addUser())
      const other = await world.addUser()
      expect(await check(send({ ...link, user_id: other.id }))).toBe(INVALID_LINK)
    },
  },
  {
    name: `test_verify_tamper_signature_fail[${kind}]`,
    means: 'a link with a character before its signature is refused',
    async run() {
      const link = await world.linkFor(await world.addUser())
      const signature = `a${link.signature}`
      expect(await check(send({ ...link, signature }))).toBe(INVALID_LINK)
    },
  },
  {
    name: `test_verify_missing_singature_fail[${kind}]`,
    means: 'a link without its signature is refused',
    async run() {
      const { user_id, timestamp } = await world.linkFor(await world.addUser())
      const { signature: _, ...body } = {
        signature: '',
        ...send({ user_id, timestamp, signature: '' }),
      }
      expect(await check(body)).toMatch(INVALID_OR_MISSING)
    },
  },
])

const secretCases = fromFile('tests/unit_tests/signers/test_reset_password.py', [
  {
    name: 'test_signer_with_different_secret_keys',
    means: 'a link under another secret is another one, and neither works for the other',
    async run() {
      const user = await world.addUser()
      const env = { LINK_SECRETS: confide(generateSecret()) }
      const [ours, theirs] = [await world.linkFor(user), await world.linkFor(user, env)]
      expect(ours.signature).not.toBe(theirs.signature)
      expect(await check(ours)).toMatch(VALID_LINK)
      expect(await check(theirs)).toBe(INVALID_LINK)
    },
  },
])

const ofAnyKind = fromFile('tests/unit_tests/utils/test_signers.py', [
  ...ofEachKind,
  {
    name: 'test_verify_missing_timestamp',
    means: 'no timestamp is filled in for one that is missing',
    async run() {
      const { user_id, signature } = await world.linkFor(await world.addUser())
      const missing = '400 {"timestamp":["This field is required."]}'
      expect(await check({ user_id, signature })).toBe(missing)
      expect(await check({ user_id, signature, timestamp: seconds() + 1 })).toBe(INVALID_LINK)
    },
  },
  {
    name: 'test_verify_expired',
    means: 'a genuine link is refused once its lifetime is over',
    async run() {
      const link = sealedLink(await world.addUser(), seconds() - 2 * 86_400)
      expect(await check(link)).toBe('400 {"detail":"Signature expired"}')
    },
  },
  {
    name: 'test_get_url',
    means: 'the mailed URL has the page and the values, percent-encoded',
    async run() {
      const user = await world.addUser({ username: 'a@b c&d' })
      const mail = await world.mailFor(user, { USERS_ID_COLUMN: 'username' })
      expect(mail.text).toContain('https://app.example/reset-password/?timestamp=')
      expect(mail.text).toMatch(/&user_id=a%40b(?:%20|\+)c%26d&signature=/)
    },
  },
])

export const signerCases: readonly SeedCase[] = [...secretCases, ...ofAnyKind]
