// The host frameworks whose own code checks what Rekey writes, and makes what Rekey has to read.
//
// Each has a driver in drivers/: a program that reads a JSON list of jobs from its input and writes
// {"version", "formats", "answers"}: `formats` as PASSWORD_HASH names them, `answers` one for each
// job, a hash for `hash`, true or false for `verify`.

import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { hashPassword, verifyPassword } from '@better-auth/utils/password'
import manifest from '../../package.json' with { type: 'json' }

export interface Job {
  readonly do: 'hash' | 'verify'
  readonly format: string
  readonly password: string
  /** What Devise appends. */
  readonly pepper?: string
  /** To be verified. */
  readonly hash?: string
  /** To hash with, by the framework's own names; without them, as it does by default. */
  readonly parameters?: Readonly<Record<string, number | string | boolean>>
}

export interface Answers {
  readonly version: string
  /** What this version of the framework can do. */
  readonly formats: readonly string[]
  readonly answers: readonly (string | boolean)[]
}

export interface Framework {
  readonly name: string
  /** What it is asked to check; an older version may lack some of them. */
  readonly formats: readonly string[]
  /** @throws Error that says what to install when the framework is missing */
  run(jobs: readonly Job[]): Promise<Answers>
}

export const frameworks: readonly Framework[] = [
  driven(
    'Django',
    [
      'django_pbkdf2_sha256',
      'django_pbkdf2_sha1',
      'django_argon2',
      'django_bcrypt_sha256',
      'django_bcrypt',
      'django_scrypt',
    ],
    ['python3', 'ask_django.py'],
    'python3-django python3-argon2 python3-bcrypt',
  ),
  driven(
    'Werkzeug',
    ['werkzeug_scrypt', 'werkzeug_pbkdf2'],
    ['python3', 'ask_werkzeug.py'],
    'python3-werkzeug',
  ),
  driven('argon2-cffi', ['argon2id', 'argon2i'], ['python3', 'ask_argon2.py'], 'python3-argon2'),
  driven("Python's bcrypt", ['bcrypt'], ['python3', 'ask_bcrypt.py'], 'python3-bcrypt'),
  driven('PHP', ['bcrypt_2y', 'argon2id', 'argon2i'], ['php', 'ask_php.php'], 'php-cli'),
  // By the steps of Devise, pepper included.
  driven("Ruby's bcrypt", ['bcrypt'], ['ruby', 'ask_ruby.rb'], 'ruby ruby-bcrypt'),
  {
    // The package that better-auth/crypto hands on as it is.
    name: 'Better Auth',
    formats: ['better_auth_scrypt'],
    async run(jobs) {
      const answers = []
      for (const { hash, password } of jobs) {
        answers.push(
          hash === undefined ? await hashPassword(password) : await verifyPassword(hash, password),
        )
      }
      const version = manifest.devDependencies['@better-auth/utils']
      return { version: `utils ${version}`, formats: ['better_auth_scrypt'], answers }
    },
  },
]

/** Not among them: it makes an HMAC of a password before bcrypt, which Rekey does not. */
export const flaskSecurity = driven(
  'Flask-Security',
  ['bcrypt'],
  ['python3', 'ask_flask_security.py'],
  'python3-flask-security python3-bcrypt',
)

function driven(
  name: string,
  formats: readonly string[],
  [program, file]: readonly [string, string],
  packages: string,
): Framework {
  const install = `apt-get install --no-install-recommends ${packages}`
  const driver = fileURLToPath(new URL(`drivers/${file}`, import.meta.url))
  // Debian's interpreters know Debian's packages; others on the path may not. PYTHONPATH may add
  // newer ones.
  const env = { ...process.env, PATH: `/usr/bin:${process.env['PATH']}` }
  return {
    name,
    formats,
    run: (jobs) =>
      new Promise((resolve, reject) => {
        const child = execFile(program, [driver], { env, maxBuffer: 2 ** 24 }, (error, output) => {
          if (error) {
            // With what the driver said last, such as which module it lacks.
            reject(
              new Error(`${name} cannot be asked. Is it installed? ${install}`, { cause: error }),
            )
          } else resolve(JSON.parse(output))
        })
        // A program that is not there takes no input.
        child.stdin?.on('error', () => {})
        child.stdin?.end(JSON.stringify(jobs))
      }),
  }
}
