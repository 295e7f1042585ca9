// One log line per request: what was asked, how it ended. No URL, no header, no body.

import { type FastifyReply, type FastifyRequest, LogController } from 'fastify'
import type { ErrorCode } from '../errors.ts'
import { addressOf } from './client-address.ts'

/** What the log line says beyond method, route and status. */
export interface Outcome {
  readonly code?: ErrorCode
  /** Why, for the operator. */
  readonly cause?: string
  /** Only of an account whose link has worked, or whose JWT is good. */
  readonly accountId?: string
  /** A keyed hash of what was typed: the same text gives the same letters. */
  readonly identifierHash?: string
}

const OUTCOME = Symbol('outcome')

type NotedRequest = FastifyRequest & { [OUTCOME]?: Outcome }

/** Remembers what the log line of a request is to say. */
export function noteOutcome(request: NotedRequest, outcome: Outcome): void {
  request[OUTCOME] = { ...request[OUTCOME], ...outcome }
}

/** Fastify's request logging, less everything that may hold something secret. */
export class RequestLog extends LogController {
  override incomingRequest(): void {}
  override routeNotFound(): void {}

  override requestCompleted(
    error: Error | null | undefined,
    request: NotedRequest,
    reply: FastifyReply,
  ): void {
    const line = {
      method: request.method,
      route: request.routeOptions.url,
      status: reply.statusCode,
      ms: Math.round(reply.elapsedTime * 10) / 10,
      client: addressOf(request) ?? 'no address',
      ...request[OUTCOME],
    }
    // A client may abort at any time.
    if (error) reply.log.info(line, 'request aborted')
    else if (reply.statusCode >= 500) reply.log.error(line, 'request failed')
    else reply.log.info(line, 'request completed')
  }
}
