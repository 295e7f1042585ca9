// The load: a process of its own that keeps n connections busy, each with one request at a time.
// Its own CPU time is nobody's: only the server's is read.

import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'

/** Bodies of which no two are alike. */
export type Bodies =
  /** Every `##########` is replaced by the request's number in ten digits, counted from `first`. */
  | { readonly template: string; readonly first: number }
  /** One each, in order; with the last one the load ends. */
  | { readonly list: readonly string[] }

export interface LoadPlan {
  readonly port: number
  readonly path: string
  readonly connections: number
  readonly durationMs: number
  readonly bodies: Bodies
  /** Any other reply voids the run. */
  readonly expected: { readonly status: number; readonly body?: string }
}

export interface LoadOutcome {
  /** Replies by status; all of them as expected, or it would have been void. */
  readonly statuses: Readonly<Record<number, number>>
  readonly replies: number
  /** Unix milliseconds of the first request. */
  readonly startedAt: number
  /** From the first request to the last reply. */
  readonly elapsedMs: number
  /** Of each request, in the order of the replies. */
  readonly latenciesMs: readonly number[]
}

/** What the process answers. */
export type LoadAnswer = { readonly outcome: LoadOutcome } | { readonly void: string }

export interface Load {
  /** Replies by status, over all runs. */
  readonly replies: ReadonlyMap<number, number>
  /** @throws VoidRun when one reply was not as expected */
  run(plan: LoadPlan): Promise<LoadOutcome>
  stop(): Promise<void>
}

/** A run that says nothing about speed, because something else than the work was done in it. */
export class VoidRun extends Error {}

/** Starts the process. It makes no load yet. */
export function startLoad(): Load {
  const file = new URL('./load-process.ts', import.meta.url)
  const child = fork(file, { serialization: 'advanced' })
  const replies = new Map<number, number>()
  return {
    replies,
    async run(plan) {
      child.send(plan)
      const answer = await nextMessage<LoadAnswer>(child)
      if ('void' in answer) throw new VoidRun(answer.void)
      for (const [status, count] of Object.entries(answer.outcome.statuses)) {
        replies.set(Number(status), (replies.get(Number(status)) ?? 0) + count)
      }
      return answer.outcome
    },
    async stop() {
      const exited = once(child, 'exit')
      child.disconnect()
      await exited
    },
  }
}

/** @throws Error when the process ends instead of answering */
export async function nextMessage<T>(child: ChildProcess): Promise<T> {
  const done = new AbortController()
  const { signal } = done
  try {
    const [message] = await Promise.race([
      once(child, 'message', { signal }),
      once(child, 'exit', { signal }).then(() => {
        throw new Error('a process of the benchmark has ended early')
      }),
    ])
    return message
  } finally {
    done.abort()
  }
}
