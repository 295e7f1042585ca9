// Hashes that the host frameworks made with their own code; `npm run vectors` makes the file anew.

import vectorsFile from './vectors.json' with { type: 'json' }

export interface Vector {
  /** As PASSWORD_HASH names it. */
  readonly format: string
  /** Framework and version. */
  readonly madeBy: string
  readonly password: string
  /** What Devise appended. */
  readonly pepper?: string
  readonly hash: string
}

export const vectors: readonly Vector[] = vectorsFile
