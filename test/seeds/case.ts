// A case of the test suite of a system that Rekey descends from, re-created over HTTP.

import type { Difference } from './differences.ts'

export interface SeedCase {
  /** The file of the system's own suite that has the case. */
  readonly file: string
  /** As that suite calls it, with its class and its parameters. */
  readonly name: string
  /** What it says of Rekey, where the suite says it of pages, settings or Python objects. */
  readonly means?: string
  /** The sentence of the contract by which Rekey does something else, which the case then asserts. */
  readonly differs?: Difference
  readonly run: () => Promise<void>
}

/** A case that nothing sent to Rekey could tell apart. */
export interface CaseWithoutWire {
  readonly file: string
  readonly name: string
  readonly why: string
}

/** The suite of a system, as far as it is about reset and change. */
export interface SeedSuite {
  readonly system: string
  readonly version: string
  readonly cases: readonly SeedCase[]
  readonly withoutWire: readonly CaseWithoutWire[]
}

/** Puts cases into their file, and their class where it has classes. */
export function fromFile(
  file: string,
  cases: readonly Omit<SeedCase, 'file'>[],
  inClass?: string,
): SeedCase[] {
  return cases.map((each) => ({ ...each, file, name: nameIn(inClass, each.name) }))
}

/** Says of cases of one file, for one reason, that they have no wire. */
export function withoutWire(
  file: string,
  why: string,
  names: readonly string[],
  inClass?: string,
): CaseWithoutWire[] {
  return names.map((name) => ({ file, name: nameIn(inClass, name), why }))
}

function nameIn(inClass: string | undefined, name: string): string {
  return inClass ? `${inClass}::${name}` : name
}
