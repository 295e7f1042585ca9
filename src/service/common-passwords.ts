// The passwords that everybody knows: those that Django refuses, and those that zxcvbn-ts ranks.

import zxcvbnPasswords from '@zxcvbn-ts/language-common/src/passwords.json' with { type: 'json' }
import type { PasswordRules } from '../core/password-policy.ts'
// One text, each entry between line breaks: a start has no time to take 20,000 apart.
import djangoPasswords from './django-passwords.json' with { type: 'json' }

/** Both lists, in lower case. */
export function loadCommonPasswords(): PasswordRules['commonPasswords'] {
  const ranked = new Set(zxcvbnPasswords)
  const isDjangos = (password: string) =>
    !password.includes('\n') && djangoPasswords.includes(`\n${password}\n`)
  return { has: (password) => ranked.has(password) || isDjangos(password) }
}
