// Hashes that the host frameworks made with their own code, or publish in their own tests. `npm run
// vectors` makes those anew that the installed frameworks can make.

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

/**
 * Formats that are newer than the frameworks in Debian 12, so that `npm run test:interop` cannot ask
 * there. Their vectors are by later releases from PyPI, Django 5.2.17 and Werkzeug 3.1.9, and from
 * tests/auth_tests/test_hashers.py of Django.
 */
export const vectorsOnly: readonly string[] = ['django_scrypt', 'werkzeug_scrypt']
