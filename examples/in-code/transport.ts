// Links by SMS, and everything else too, through a gateway that has an API.

import type { MailMessage, Transport } from 'rekey'

/** @param phoneOf finds the number of an account */
export function smsThrough(
  gatewayUrl: string,
  phoneOf: (accountId: string) => string | undefined,
): Transport {
  return {
    // The gateway delivers a message once, however often it is sent under one key.
    knowsKeys: true,
    async send({ accountId, message, idempotencyKey }) {
      const to = phoneOf(accountId)
      // Of this message, for good: it is not tried again.
      if (to === undefined) return { status: 'refused', reason: 'no phone number' }
      const reply = await fetch(gatewayUrl, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': idempotencyKey },
        body: JSON.stringify({ to, text: textOf(message) }),
        signal: AbortSignal.timeout(5000),
      })
      if (reply.ok) return { status: 'sent' }
      const reason = `the gateway says ${reply.status}`
      // `unsent` is tried again. So is what has thrown, which may have been sent all the same.
      return { status: reply.status < 500 ? 'refused' : 'unsent', reason }
    },
    close() {},
  }
}

function textOf(message: MailMessage): string {
  switch (message.kind) {
    case 'reset-link':
      return `Choose a new password: ${message.link}`
    case 'password-changed':
      return 'Your password was changed. If that was not you, call us.'
    case 'no-password':
      return 'Somebody asked for a new password. You have none here: sign in as you always do.'
  }
}
