// Which of the mails that are ready goes out next.

import type { MailOrder } from '../ports.ts'
import type { Reservation } from './daily-budget.ts'

/** A mail in the line. */
export interface Item {
  /** There is one mail of a slot at a time. */
  readonly slot: string
  order: MailOrder
  /** The newest one of its slot that came while it was on its way. */
  next: MailOrder | undefined
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
 * The notice of a change goes first. What was tried before takes turns with what is new, so that
 * neither can hold up the other; mails for addresses that had one within 24 hours go last.
 */
export type Rank = 'change' | 'tried-change' | 'tried' | 'new' | 'repeat'

const TURNS: readonly Rank[] = ['tried-change', 'tried', 'new']

export interface ReadyMails {
  add(item: Item): void
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
  const queues: Readonly<Record<Rank, Set<Item>>> = {
    change: new Set(),
    'tried-change': new Set(),
    tried: new Set(),
    new: new Set(),
    repeat: new Set(),
  }
  /** Whose turn it is. */
  let turn = 0
  const drop = (item: Item) => queues[item.rank].delete(item)
  return {
    add: (item) => queues[item.rank].add(item),
    *inTurn() {
      yield* queues.change
      const inTurn = [...TURNS.slice(turn), ...TURNS.slice(0, turn)]
      yield* alternate(inTurn.map((rank) => queues[rank].values()))
      yield* queues.repeat
    },
    take(item) {
      const taken = TURNS.indexOf(item.rank)
      if (taken >= 0) turn = (taken + 1) % TURNS.length
      drop(item)
    },
    drop,
    count: (rank) => queues[rank].size,
    size: () => Object.values(queues).reduce((sum, queue) => sum + queue.size, 0),
  }
}

function* alternate<T>(sources: readonly Iterator<T>[]): Generator<T> {
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
