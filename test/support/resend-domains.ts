// What Resend answers about the domains of an account, after https://resend.com/docs/api-reference/domains.

import { failure, type ReceivedRequest, type ResendAnswer } from './resend-rules.ts'

export interface ResendDomain {
  readonly id: string
  readonly name: string
  readonly status: string
  readonly click_tracking: boolean
}

/** @returns The answer to a request about domains, else undefined. A list says nothing of tracking. */
export function domainAnswerTo(
  { method, path, headers }: ReceivedRequest,
  apiKey: string,
  domains: readonly ResendDomain[],
): ResendAnswer | undefined {
  const [, id] = /^\/domains(?:\/([^/?]+))?(?:\?.*)?$/.exec(path) ?? []
  if (method !== 'GET' || !path.startsWith('/domains')) return undefined
  if (headers.authorization !== `Bearer ${apiKey}`) {
    return failure(403, 'invalid_api_key', 'API key is invalid.')
  }
  if (id === undefined) {
    const data = domains.map(({ click_tracking: _, ...domain }) => domain)
    return { status: 200, body: { object: 'list', has_more: false, data } }
  }
  const body = domains.find((domain) => domain.id === id)
  return body ? { status: 200, body } : failure(404, 'not_found', 'Domain not found')
}
