// Makes a certificate for servers on this machine, which Node.js trusts once it is told to.

import { generateKeyPairSync } from 'node:crypto'
import forge from 'node-forge'

export interface Certificate {
  /** PEM. */
  readonly key: string
  readonly cert: string
}

const DAY_MS = 86_400_000
const NAME = [{ name: 'commonName', value: 'rekey tests' }]

/**
 * Signs a certificate with its own key, good from yesterday to tomorrow.
 *
 * @param names host names
 * @param addresses IP addresses
 */
export function makeCertificate(
  names: readonly string[],
  addresses: readonly string[] = [],
): Certificate {
  const { publicKey, privateKey: key } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
  })
  const certificate = forge.pki.createCertificate()
  certificate.publicKey = forge.pki.publicKeyFromPem(publicKey)
  certificate.serialNumber = '01'
  certificate.validity.notBefore = new Date(Date.now() - DAY_MS)
  certificate.validity.notAfter = new Date(Date.now() + DAY_MS)
  certificate.setSubject(NAME)
  certificate.setIssuer(NAME)
  // Their types, as RFC 5280 numbers them: 2 for a name, 7 for an address.
  const altNames = [
    ...names.map((value) => ({ type: 2, value })),
    ...addresses.map((ip) => ({ type: 7, ip })),
  ]
  certificate.setExtensions([{ name: 'subjectAltName', altNames }])
  certificate.sign(forge.pki.privateKeyFromPem(key), forge.md.sha256.create())
  return { key, cert: forge.pki.certificateToPem(certificate) }
}
