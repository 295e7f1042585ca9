// Which events go out as webhooks, and what each of them says.

import type { RekeyEvent } from '../ports.ts'

/** An event on its way to the receiver. Nothing secret in it, and no mail address. */
export interface Webhook {
  /** The same for every attempt. */
  readonly id: string
  /** When it happened; unix milliseconds. */
  readonly occurredAt: number
  readonly type: string
  readonly data: Readonly<Record<string, string>>
}

/** @returns undefined for what concerns the operator alone, or no account at all */
export function describeEvent(event: RekeyEvent): Pick<Webhook, 'type' | 'data'> | undefined {
  const { type } = event
  switch (type) {
    case 'password_reset.requested':
    case 'password_reset.completed':
    case 'password.changed':
      return { type, data: { user_id: event.accountId } }
    case 'password_reset.refused':
      return { type, data: { user_id: event.accountId, reason: event.reason } }
    case 'password_reset.mailed':
      return { type, data: { user_id: event.accountId, message: event.kind } }
    case 'password_reset.mail_failed': {
      const { accountId, kind, reason } = event
      return { type, data: { user_id: accountId, message: kind, reason } }
    }
    case 'password_reset.link_printed':
    case 'password_reset.ignored':
    case 'password_reset.mail_unconfirmed':
      return undefined
  }
}

/** @returns the body of the request: the same bytes for every attempt */
export function writePayload({ type, occurredAt, data }: Webhook): string {
  return JSON.stringify({ type, timestamp: new Date(occurredAt).toISOString(), data })
}

/** Whether a password was set: nobody without a right to it can bring that about. */
export function isChange({ type }: Pick<Webhook, 'type'>): boolean {
  return type === 'password_reset.completed' || type === 'password.changed'
}
