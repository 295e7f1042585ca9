// Makes webhooks of what happened, each once.

import { randomUUID } from 'node:crypto'
import type { Events } from '../ports.ts'
import { describeEvent, type Webhook } from './webhook.ts'

interface WebhookEventsOptions {
  readonly line: { add(webhook: Webhook): boolean }
  /** @returns unix milliseconds */
  readonly clock: () => number
}

/** What one person can bring about as often as they like, without anything having changed. */
const REPEATABLE: readonly string[] = [
  'password_reset.requested',
  'password_reset.refused',
  'password_reset.mail_failed',
]
const REPEATED_WITHIN_MS = 60_000
const MAX_REMEMBERED = 10_000

/** Makes events that go into the line. Of those that repeat each other within a minute the first does. */
export function createWebhookEvents({ line, clock }: WebhookEventsOptions): Events {
  /** When each was last told; the one told longest ago first. */
  const told = new Map<string, number>()
  const isRepeat = (said: string, now: number) => {
    const isRecent = (at: number) => Math.abs(now - at) < REPEATED_WITHIN_MS
    for (const [each, at] of told) {
      if (isRecent(at) && told.size < MAX_REMEMBERED) break
      told.delete(each)
    }
    return told.has(said)
  }
  return {
    record(event) {
      const described = describeEvent(event)
      if (!described) return
      const { type, data } = described
      const occurredAt = clock()
      const said = REPEATABLE.includes(type) ? JSON.stringify([type, data]) : undefined
      if (said !== undefined && isRepeat(said, occurredAt)) return
      const isTaken = line.add({ id: randomUUID(), occurredAt, type, data })
      if (said !== undefined && isTaken) told.set(said, occurredAt)
    },
  }
}
