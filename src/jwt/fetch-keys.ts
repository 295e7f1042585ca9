// Fetches a JSON Web Key Set (RFC 7517), bounded in time and size.

import type { createLocalJWKSet } from 'jose'
import { nameFetchFailure } from '../core/fetch-failure.ts'

const TIMEOUT_MS = 5000
const MOST_BYTES = 256 * 1024

/** The keys that were published. */
export interface PublicKeys {
  readonly ids: readonly string[]
  /** @throws JOSEError when none of them fits the header of a JWT */
  readonly find: ReturnType<typeof createLocalJWKSet>
}

/** @throws Error that tells the operator why there are none, without the address */
export async function fetchKeys(url: string): Promise<PublicKeys> {
  const text = await fetchText(url)
  const { createLocalJWKSet } = await import('jose')
  try {
    const find = createLocalJWKSet(JSON.parse(text))
    const ids = find.jwks().keys.flatMap(({ kid }) => (typeof kid === 'string' ? kid : []))
    return { ids, find }
  } catch {
    throw new Error('it answers with something else than a key set')
  }
}

async function fetchText(url: string): Promise<string> {
  const reply = await fetch(url, {
    headers: { accept: 'application/jwk-set+json, application/json', 'user-agent': 'rekey' },
    redirect: 'manual',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch(fail)
  if (reply.status !== 200) {
    await reply.body?.cancel()
    throw new Error(`it answers ${reply.status}`)
  }
  const bytes = await readAtMost(MOST_BYTES, reply).catch(fail)
  if (!bytes) throw new Error(`it answers with more than ${MOST_BYTES / 1024} KiB`)
  return bytes.toString()
}

function fail(error: unknown): never {
  throw new Error(`it gives no answer (${nameFetchFailure(error)})`)
}

/** @returns undefined when there is more, of which the rest is not read */
async function readAtMost(mostBytes: number, { body }: Response): Promise<Buffer | undefined> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength
    if (bytes > mostBytes) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
