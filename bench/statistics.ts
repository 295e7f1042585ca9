// What pairs of runs amount to: medians, spread, and whether a target is met.

/** What both sides gave, pair by pair: index n of one ran right beside index n of the other. */
export interface Pairs {
  readonly floor: readonly number[]
  readonly rekey: readonly number[]
}

/** What a comparison has to reach. `least` is for ratios in which more is better for Rekey. */
export type Target =
  | { readonly kind: 'ratio-at-least'; readonly value: number; readonly of: 'rate' | 'cost' }
  | { readonly kind: 'ratio-at-most'; readonly value: number }
  | { readonly kind: 'excess-at-most'; readonly value: number }

export interface Summary {
  readonly median: number
  readonly least: number
  readonly most: number
}

export interface Judgement {
  readonly floor: Summary
  readonly rekey: Summary
  /** The ratio or excess of each pair, not of the medians. */
  readonly score: Summary
  /** Undefined where this platform could not measure. */
  readonly isMet: boolean | undefined
}

/** @param values at least one; any NaN makes every figure NaN */
export function summarize(values: readonly number[]): Summary {
  if (values.some(Number.isNaN)) return { median: NaN, least: NaN, most: NaN }
  const sorted = [...values].sort((a, b) => a - b)
  const low = sorted[Math.floor((sorted.length - 1) / 2)] ?? NaN
  const high = sorted[Math.ceil((sorted.length - 1) / 2)] ?? NaN
  return { median: (low + high) / 2, least: sorted[0] ?? NaN, most: sorted.at(-1) ?? NaN }
}

/** Judges the median of the pairs' scores. */
export function judge({ floor, rekey }: Pairs, target: Target): Judgement {
  const score = summarize(rekey.map((ours, pair) => scoreOf(floor[pair] ?? NaN, ours, target)))
  const isMet =
    target.kind === 'ratio-at-least' ? score.median >= target.value : score.median <= target.value
  return {
    floor: summarize(floor),
    rekey: summarize(rekey),
    score,
    isMet: Number.isNaN(score.median) ? undefined : isMet,
  }
}

function scoreOf(floor: number, rekey: number, target: Target): number {
  if (target.kind === 'excess-at-most') return rekey - floor
  // Of a cost, such as CPU time, the floor is the smaller one.
  return target.kind === 'ratio-at-least' && target.of === 'cost' ? floor / rekey : rekey / floor
}
