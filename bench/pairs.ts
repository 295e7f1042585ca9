// Measures a floor and Rekey in turns, side by side, so that what else the machine does hits both.

import type { Judgement, Pairs, Target } from './statistics.ts'

/** One line of the report, before it is judged. */
export interface Comparison extends Pairs {
  /** What was done, such as `forged links, 16 connections`. */
  readonly name: string
  readonly quantity: string
  readonly unit: string
  readonly target: Target
}

/** One line of the report. */
export interface JudgedComparison extends Comparison {
  readonly judgement: Judgement
}

/**
 * Measures `count` pairs. Which side goes first changes from pair to pair.
 *
 * @param measure one short run of a side; what it measured, quantity by quantity
 */
export async function measurePairs<Side, Quantity extends string>(
  count: number,
  sides: { readonly floor: Side; readonly rekey: Side },
  measure: (side: Side) => Promise<Readonly<Record<Quantity, number>>>,
): Promise<(quantity: Quantity) => Pairs> {
  const floor: Readonly<Record<Quantity, number>>[] = []
  const rekey: Readonly<Record<Quantity, number>>[] = []
  for (let pair = 0; pair < count; pair += 1) {
    if (pair % 2 === 0) floor.push(await measure(sides.floor))
    rekey.push(await measure(sides.rekey))
    if (pair % 2 === 1) floor.push(await measure(sides.floor))
  }
  return (quantity) => ({
    floor: floor.map((values) => values[quantity]),
    rekey: rekey.map((values) => values[quantity]),
  })
}
