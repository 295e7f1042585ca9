// Judges the variables of the webhooks, and makes their receiver of them.

import type { WebhookReceiver } from '../events/post-webhook.ts'
import type { Environment } from './environment.ts'
import type { Judge } from './judge.ts'
import { parseEndpointUrl } from './values.ts'

const PREFIX = 'whsec_'
/** As the Standard Webhooks specification has it. */
const FEWEST_BYTES = 24
const MOST_BYTES = 64

/** @returns undefined where no webhooks are wanted */
export function readWebhooks(
  env: Environment,
  { attempt, check }: Judge,
): WebhookReceiver | undefined {
  const hasBoth = (env.WEBHOOK_URL === undefined) === (env.WEBHOOK_SECRETS === undefined)
  check(['WEBHOOK_SECRETS', 'WEBHOOK_URL'], hasBoth, 'goes with WEBHOOK_URL: set both or neither')
  const url = attempt('WEBHOOK_URL', () =>
    env.WEBHOOK_URL === undefined ? undefined : parseEndpointUrl(env.WEBHOOK_URL).href,
  )
  const secrets = attempt('WEBHOOK_SECRETS', () => env.WEBHOOK_SECRETS?.map(parseSecret))
  return url === undefined || secrets === undefined ? undefined : { url, secrets }
}

/** @throws TypeError when it is no such secret; the message does not repeat it */
function parseSecret(secret: string): string {
  const bytes = Buffer.from(secret.slice(PREFIX.length), 'base64')
  const isSecret =
    PREFIX + bytes.toString('base64') === secret &&
    bytes.length >= FEWEST_BYTES &&
    bytes.length <= MOST_BYTES
  if (!isSecret) {
    throw new TypeError(
      `must be ${PREFIX} and the base64 of ${FEWEST_BYTES} to ${MOST_BYTES} random bytes each`,
    )
  }
  return secret
}
