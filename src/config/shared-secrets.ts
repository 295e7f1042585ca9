// Finds a secret that has two uses: one leak would then break both.

import type { Environment } from './environment.ts'
import type { Judge } from './judge.ts'

/** Reads the secrets of each variable that holds some. */
const holders: Readonly<Partial<Record<keyof Environment, (env: Environment) => unknown>>> = {
  DATABASE_URL: (env) => passwordIn(env.DATABASE_URL),
  LINK_SECRETS: (env) => env.LINK_SECRETS,
  RESEND_API_KEY: (env) => env.RESEND_API_KEY,
  SMTP_URL: (env) => passwordIn(env.SMTP_URL),
  WEBHOOK_SECRETS: (env) => env.WEBHOOK_SECRETS,
  JWT_SECRET: (env) => env.JWT_SECRET,
  PASSWORD_PEPPER: (env) => env.PASSWORD_PEPPER,
}

/** Refuses a secret that stands in two variables, or twice in one. */
export function judgeSecrets(env: Environment, { check }: Judge): void {
  const seen = new Map<string, string>()
  for (const [name, secretsOf] of Object.entries(holders)) {
    for (const secret of [secretsOf(env)].flat()) {
      if (typeof secret !== 'string' || secret === '') continue
      const spelling = stripSpelling(secret)
      const other = seen.get(spelling)
      const fault =
        other === name
          ? 'has the same secret twice: each has to be one of its own'
          : `has the same secret as ${other}: each needs one of its own`
      check(name as keyof Environment, other === undefined, fault)
      seen.set(spelling, name)
    }
  }
}

/** Makes one text of the spellings of one secret: either alphabet of base64, with or without prefix. */
function stripSpelling(secret: string): string {
  return secret
    .replace(/^(?:rk1|whsec)_/, '')
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '')
}

/** Reads the password of a URL, which may name several hosts. */
function passwordIn(url: string | undefined): string | undefined {
  const [, password] = /^\w+:\/\/[^/?#:@]*:([^/?#@]*)@/.exec(url ?? '') ?? []
  try {
    return password && decodeURIComponent(password)
  } catch {
    return password
  }
}
