// Makes a certificate for servers on this machine, which Node.js trusts once it is told to.

import { generateKeyPairSync, sign } from 'node:crypto'

export interface Certificate {
  /** PEM. */
  readonly key: string
  readonly cert: string
}

const ECDSA_WITH_SHA256 = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02]
const COMMON_NAME = [0x55, 0x04, 0x03]
const SUBJECT_ALT_NAME = [0x55, 0x1d, 0x11]
const DAY_MS = 86_400_000

/**
 * Signs a certificate with its own key, good from yesterday to tomorrow (RFC 5280).
 *
 * @param names host names
 * @param addresses IPv4 addresses
 */
export function makeCertificate(
  names: readonly string[],
  addresses: readonly string[] = [],
): Certificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const algorithm = sequence(objectId(ECDSA_WITH_SHA256))
  const name = sequence(der(0x31, sequence(objectId(COMMON_NAME), der(0x0c, 'rekey tests'))))
  const alternatives = sequence(
    ...names.map((each) => der(0x82, each)),
    ...addresses.map((each) => der(0x87, Buffer.from(each.split('.').map(Number)))),
  )
  const extension = sequence(objectId(SUBJECT_ALT_NAME), der(0x04, alternatives))
  const toBeSigned = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))),
    der(0x02, Buffer.from([1])),
    algorithm,
    name,
    sequence(time(Date.now() - DAY_MS), time(Date.now() + DAY_MS)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(extension)),
  )
  const signature = Buffer.concat([Buffer.from([0]), sign('sha256', toBeSigned, privateKey)])
  const certificate = sequence(toBeSigned, algorithm, der(0x03, signature))
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? []
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n'),
  }
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(0x30, Buffer.concat(parts))
}

function objectId(bytes: readonly number[]): Buffer {
  return der(0x06, Buffer.from(bytes))
}

function time(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replace(/\D/g, '').slice(2, 14)
  return der(0x17, `${digits}Z`)
}

/** One value in the Distinguished Encoding Rules (X.690): tag, length, content. */
function der(tag: number, content: Buffer | string): Buffer {
  const bytes = Buffer.from(content as string)
  const { length } = bytes
  const size = length < 0x80 ? [length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), bytes])
}
