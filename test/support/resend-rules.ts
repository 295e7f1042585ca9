// What Resend's `POST /emails` takes and how it refuses, after https://resend.com/docs/api-reference/errors.

import { randomUUID } from 'node:crypto'
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'

export interface ReceivedRequest {
  readonly method: string
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly rawBody: string
  /** The parsed body, or undefined where it is not JSON. */
  readonly body: unknown
}

export interface ReceivedMail {
  readonly id: string
  readonly from: string
  readonly to: readonly string[]
  readonly subject: string
  readonly text: string | undefined
  readonly html: string | undefined
  readonly replyTo: string | readonly string[] | undefined
  readonly headers: Readonly<Record<string, string>>
  readonly idempotencyKey: string | undefined
}

export interface ResendAnswer {
  readonly status: number
  readonly headers?: Record<string, string>
  readonly body: unknown
}

interface MailBody {
  from: string
  to: string | string[]
  subject: string
  text?: string
  html?: string
  reply_to?: string | string[]
  headers?: Record<string, string>
}

const addressPattern = /^(?:[^<>]+ <[^\s@<>]+@[^\s@<>]+>|[^\s@<>]+@[^\s@<>]+)$/

/** @param rawBody What was read of it; anything but JSON is kept as it is. */
export function requestOf(incoming: IncomingMessage, rawBody: string): ReceivedRequest {
  const { method = '', url: path = '', headers } = incoming
  let body: unknown
  try {
    body = JSON.parse(rawBody)
  } catch {
    body = undefined
  }
  return { method, path, headers, rawBody, body }
}

export function idempotencyKeyOf(request: ReceivedRequest): string | undefined {
  return request.headers['idempotency-key']?.toString()
}

/** @returns The error that Resend would answer, or undefined for a request it would take. */
export function refusalOf(request: ReceivedRequest, apiKey: string): ResendAnswer | undefined {
  if (request.path !== '/emails') return failure(404, 'not_found', 'No such endpoint.')
  if (request.method !== 'POST') return failure(405, 'method_not_allowed', 'Use POST.')
  const { authorization } = request.headers
  if (!authorization) return failure(401, 'missing_api_key', 'Missing API key.')
  if (authorization !== `Bearer ${apiKey}`) {
    return failure(403, 'invalid_api_key', 'API key is invalid.')
  }
  const isJson = request.headers['content-type']?.split(';')[0] === 'application/json'
  const { body } = request
  if (!isJson || typeof body !== 'object' || body === null || Array.isArray(body)) {
    return failure(400, 'validation_error', 'The body must be a JSON object.')
  }
  const key = idempotencyKeyOf(request)
  if (key !== undefined && (key.length < 1 || key.length > 256)) {
    return failure(400, 'invalid_idempotency_key', 'The key must be between 1-256 chars.')
  }
  return refusalOfFields(body as Record<string, unknown>)
}

function refusalOfFields(body: Record<string, unknown>): ResendAnswer | undefined {
  const { from, to, subject, text, html } = body
  for (const [name, value] of Object.entries({
    from,
    to,
    subject,
    'html` or `text': html || text,
  })) {
    if (!value) return failure(422, 'missing_required_field', `Missing \`${name}\` field.`)
  }
  const isAddress = (value: unknown) => typeof value === 'string' && addressPattern.test(value)
  if (!isAddress(from)) return failure(422, 'validation_error', 'Invalid `from` field.')
  const recipients = [to].flat()
  if (!recipients.every(isAddress) || recipients.length > 50) {
    return failure(422, 'validation_error', 'Invalid `to` field.')
  }
  return undefined
}

export function failure(statusCode: number, name: string, message: string): ResendAnswer {
  return { status: statusCode, body: { statusCode, name, message } }
}

/** Reads the mail out of a request that `refusalOf` let pass. */
export function mailOf(request: ReceivedRequest): ReceivedMail {
  const body = request.body as MailBody
  return {
    id: randomUUID(),
    from: body.from,
    to: [body.to].flat(),
    subject: body.subject,
    text: body.text,
    html: body.html,
    replyTo: body.reply_to,
    headers: body.headers ?? {},
    idempotencyKey: idempotencyKeyOf(request),
  }
}
