// Host applications on real frameworks, to whose users a password is reset and who sign them in.
//
// Each is a program that runs on the database that libpq's variables name. Its first line of output
// is {"version", "variants"}; then it answers each line of input, a step as JSON, by a line of JSON:
// `sign-up` by what the framework calls the hash it made, `sign-in` by proofs of it or by null, and
// `still` by which of those proofs the framework still takes.

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'

/** What a browser keeps of a sign-in, by its kind. */
export type Proofs = Readonly<Record<string, string>>

export interface HostApp {
  readonly version: string
  /** The ways to hash that this version has. */
  readonly variants: readonly string[]
  signUp(variant: string, email: string, password: string): Promise<string>
  /** @returns null when the framework refuses the password */
  signIn(variant: string, email: string, password: string): Promise<Proofs | null>
  still(variant: string, proofs: Proofs): Promise<Readonly<Record<string, boolean>>>
  stop(): Promise<void>
}

/** How to start one: a program with its file, and what has to be installed for it. */
export interface HostProgram {
  readonly program: string
  readonly file: string
  readonly install: string
}

export const hostPrograms = {
  django: {
    program: 'python3',
    file: 'drivers/app_django.py',
    install: aptGet(
      'python3-django python3-djangorestframework python3-psycopg2 python3-argon2 python3-bcrypt',
    ),
  },
  laravel: {
    program: 'php',
    file: 'drivers/app_laravel.php',
    install: aptGet(
      'php-cli php-pgsql php-illuminate-auth php-illuminate-cookie php-illuminate-database php-illuminate-hashing php-illuminate-session',
    ),
  },
  devise: {
    program: 'ruby',
    file: 'drivers/app_devise.rb',
    install: aptGet('ruby ruby-activerecord ruby-devise ruby-pg'),
  },
  'better-auth': {
    program: process.execPath,
    file: 'better-auth/app.mjs',
    install: 'npm ci --prefix test/interop/better-auth',
  },
} as const satisfies Readonly<Record<string, HostProgram>>

/**
 * Starts an application on a database, and waits until its tables are there.
 *
 * @throws Error that says what to install when it cannot start
 */
export async function startHostApp(
  { program, file, install }: HostProgram,
  databaseUrl: string,
  env: Readonly<Record<string, string>> = {},
): Promise<HostApp> {
  const { hostname, port, username, password, pathname } = new URL(databaseUrl)
  const child = spawn(program, [fileURLToPath(new URL(file, import.meta.url))], {
    env: {
      ...process.env,
      // Debian's interpreters know Debian's packages; others on the path may not.
      PATH: `/usr/bin:${process.env['PATH']}`,
      PGHOST: hostname,
      PGPORT: port,
      PGUSER: username,
      PGPASSWORD: decodeURIComponent(password),
      PGDATABASE: pathname.slice(1),
      ...env,
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const ended = once(child, 'close')
  // A program that is not there, or has ended, takes no input.
  child.stdin.on('error', () => {})
  ended.catch(() => {})
  const complaint = text(child.stderr)
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]()
  const read = async () => {
    const { done, value } = await lines.next()
    if (!done) return JSON.parse(value)
    const cause = await ended.then(
      async () => new Error(await complaint),
      (error: Error) => error,
    )
    throw new Error(`${file} cannot be asked. Is everything there? ${install}`, { cause })
  }
  const ask = async (step: object) => {
    child.stdin.write(`${JSON.stringify(step)}\n`)
    return read()
  }
  return {
    ...(await read()),
    signUp: (variant, email, password) => ask({ do: 'sign-up', variant, email, password }),
    signIn: (variant, email, password) => ask({ do: 'sign-in', variant, email, password }),
    still: (variant, proofs) => ask({ do: 'still', variant, proofs }),
    async stop() {
      child.stdin.end()
      await ended
    },
  }
}

function aptGet(packages: string): string {
  return `apt-get install --no-install-recommends ${packages}`
}
