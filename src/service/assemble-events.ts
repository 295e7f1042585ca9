// Puts together where events go: to the log, and to the host application where it wants them.

import type { FastifyBaseLogger } from 'fastify'
import type { Config } from '../config/config.ts'
import { createLogEvents } from '../events/log-events.ts'
import { createPoster } from '../events/post-webhook.ts'
import { createWebhookEvents } from '../events/webhook-events.ts'
import { createWebhookLine, type WebhookLine } from '../events/webhook-line.ts'
import type { Events } from '../ports.ts'

export interface EventParts {
  readonly events: Events
  /** There where webhooks are wanted. */
  readonly webhookLine: WebhookLine | undefined
}

const WEBHOOK_CAPACITY = 10_000
const WEBHOOKS_AT_ONCE = 4

/** Puts it together. It connects to nothing before the first event. */
export function assembleEvents(
  { webhooks }: Pick<Config, 'webhooks'>,
  /** @returns unix milliseconds */
  clock: () => number,
  logger: FastifyBaseLogger,
): EventParts {
  const logEvents = createLogEvents(logger)
  if (!webhooks) return { events: logEvents, webhookLine: undefined }
  const webhookLine = createWebhookLine({
    capacity: WEBHOOK_CAPACITY,
    atOnce: WEBHOOKS_AT_ONCE,
    post: createPoster(webhooks, clock),
    log: logger,
    clock,
  })
  const webhookEvents = createWebhookEvents({ line: webhookLine, clock })
  const events: Events = {
    record(event) {
      logEvents.record(event)
      webhookEvents.record(event)
    },
  }
  return { events, webhookLine }
}
