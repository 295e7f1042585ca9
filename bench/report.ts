// Puts the results into a table for people.

import type { Machine } from './machine.ts'
import type { JudgedComparison } from './pairs.ts'
import type { Summary } from './statistics.ts'

const COLUMNS = ['benchmark', '', 'floor', 'Rekey', 'Rekey to floor', 'target', '']

export function formatMachine(machine: Machine): string {
  const { cpu, cores, memoryGb, loadAverage, system, node, postgres, packages } = machine
  const versions = Object.entries(packages).map(([name, version]) => `${name} ${version}`)
  return [
    `${cores} x ${cpu}, ${memoryGb} GB, ${system}, load average ${loadAverage} before`,
    ['Node', node, '· PostgreSQL', postgres, '·', versions.join(' · ')].join(' '),
  ].join('\n')
}

/** Medians, and in brackets the least and the most of all pairs. */
export function formatTable(comparisons: readonly JudgedComparison[]): string {
  const rows = comparisons.map((comparison, index) => [
    comparisons[index - 1]?.name === comparison.name ? '' : comparison.name,
    comparison.quantity,
    `${formatSummary(comparison.judgement.floor)} ${comparison.unit}`,
    `${formatSummary(comparison.judgement.rekey)} ${comparison.unit}`,
    `${formatSummary(comparison.judgement.score)}${excessUnit(comparison)}`,
    formatTarget(comparison),
    formatVerdict(comparison.judgement.isMet),
  ])
  const widths = COLUMNS.map((title, column) =>
    Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)),
  )
  return [COLUMNS, ...rows]
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

/** @param replies by status */
export function formatReplies(replies: Readonly<Record<string, number>>): string {
  const counts = Object.entries(replies).map(([status, count]) => `${count} of status ${status}`)
  if (counts.length === 0) return 'No request was made.'
  return `Replies: ${counts.join(', ')}. None was unexpected.`
}

function formatSummary({ median, least, most }: Summary): string {
  if (Number.isNaN(median)) return 'not measured'
  return `${round(median)} (${round(least)}–${round(most)})`
}

/** Three digits that count. */
function round(value: number): string {
  const size = Math.abs(value)
  return size >= 100 ? value.toFixed(0) : size >= 10 ? value.toFixed(1) : value.toFixed(2)
}

function excessUnit({ target, unit }: JudgedComparison): string {
  return target.kind === 'excess-at-most' ? ` ${unit} more` : ''
}

function formatTarget({ target, unit }: JudgedComparison): string {
  switch (target.kind) {
    case 'ratio-at-least':
      return `at least ${target.value}`
    case 'ratio-at-most':
      return `at most ${target.value}`
    case 'excess-at-most':
      return `at most ${target.value} ${unit} more`
  }
}

function formatVerdict(isMet: boolean | undefined): string {
  if (isMet === undefined) return 'not judged'
  return isMet ? 'met' : 'MISSED'
}
