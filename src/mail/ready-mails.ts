// Which of the mails that are ready goes out next.

import type { MailOrder } from '../ports.ts'
import type { Reservation } from './daily-budget.ts'

/** A mail in the line. */
export interface Item {
  /** One mail of a slot waits at a time. */
  readonly slot: string
  order: MailOrder
  rank: Rank
  attempts: number
  /** What became of the last one. */
  reason: string
  /** Whether an attempt may have delivered it, unheard. */
  isInDoubt: boolean
  /** What is set aside of the budget for it. */
  reservation: Reservation | undefined
  /** Takes back that its address was mailed. */
  forgetAddress: (() => void) | undefined
}

/**
 * The notice of a change goes first. Mails that were tried before take turns with new ones, so that
 * neither can hold up the other; those for addresses that had a mail within 24 hours go last.
 */
export type Rank = 'change' | 'retry' | 'new' | 'repeat'

export interface ReadyMails {
  add(item: Item): void
  find(slot: string): Item | undefined
  /** All of them, the next one first; any may be taken or dropped meanwhile. */
  inTurn(): Iterable<Item>
  /** Takes one out to be sent. */
  take(item: Item): void
  /** Takes one out that is over. */
  drop(item: Item): void
  count(rank: Rank): number
  size(): number
}

/** Makes an empty collection. */
export function createReadyMails(): ReadyMails {
  const queues: Readonly<Record<Rank, Map<string, Item>>> = {
    change: new Map(),
    retry: new Map(),
    new: new Map(),
    repeat: new Map(),
  }
  const all = Object.values(queues)
  const drop = (item: Item) => queues[item.rank].delete(item.slot)
  /** Of those two that take turns. */
  let last: Rank = 'new'
  return {
    add: (item) => queues[item.rank].set(item.slot, item),
    find: (slot) => all.find((queue) => queue.has(slot))?.get(slot),
    *inTurn() {
      yield* queues.change.values()
      const [first, second]: [Rank, Rank] = last === 'new' ? ['retry', 'new'] : ['new', 'retry']
      yield* alternate(queues[first].values(), queues[second].values())
      yield* queues.repeat.values()
    },
    take(item) {
      if (item.rank === 'retry' || item.rank === 'new') last = item.rank
      drop(item)
    },
    drop,
    count: (rank) => queues[rank].size,
    size: () => all.reduce((sum, queue) => sum + queue.size, 0),
  }
}

function* alternate<T>(...sources: Iterator<T>[]): Generator<T> {
  for (let rest = sources; rest.length > 0; ) {
    const open: Iterator<T>[] = []
    for (const source of rest) {
      const { done, value } = source.next()
      if (done) continue
      yield value
      open.push(source)
    }
    rest = open
  }
}
