// Whether the receiver of webhooks can be reached, and is where WEBHOOK_URL says.

import { nameFetchFailure } from '../../core/fetch-failure.ts'
import { type Finding, reportFault, reportOk, reportWarning } from '../../core/finding.ts'
import type { WebhookReceiver } from '../post-webhook.ts'

const TIMEOUT_MS = 5000
const NAME = 'webhook'

/** Asks for the head of the page, which a receiver need not have: any answer shows that it is there. */
export async function checkWebhook(receiver: WebhookReceiver | undefined): Promise<Finding[]> {
  if (!receiver) return []
  try {
    const signal = AbortSignal.timeout(TIMEOUT_MS)
    const { status } = await fetch(receiver.url, { method: 'HEAD', redirect: 'manual', signal })
    if (status >= 300 && status < 400) {
      const remedy =
        'set WEBHOOK_URL to where the receiver is in the end: redirects are not followed'
      return [reportWarning(NAME, `the receiver leads somewhere else (${status})`, remedy)]
    }
    return [reportOk(NAME, 'the receiver answers; no event was sent')]
  } catch (error) {
    const says = `the receiver cannot be reached from here (${nameFetchFailure(error)})`
    return [reportFault(NAME, says, 'correct WEBHOOK_URL, or open the way to it')]
  }
}
