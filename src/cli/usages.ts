// What each command takes and says of itself: the one place for arguments, options and help.

import { isPrintable, MAX_IDENTIFIER_LENGTH, trimIdentifier } from '../core/email-address.ts'

export interface Usage {
  /** What it does, in a line. */
  readonly summary: string
  /** At most one: what `--help` calls it, and how it is read. */
  readonly argument?: Argument
  /** By name, without the dashes: what each does. None has a value. */
  readonly options?: Readonly<Record<string, string>>
  /** What it changes, and what has to be known beside the summary. */
  readonly details: readonly string[]
  readonly statuses: readonly string[]
}

export interface Argument {
  readonly shown: string
  readonly isRequired: boolean
  /** @returns undefined for what it cannot be */
  readonly read: (typed: string) => string | undefined
}

const CONFIG = '78 for faults in the configuration'
const OTHER = '64 for other arguments'

/** As a request would name an account; what none could hold is refused. */
const account: Argument = {
  shown: '<address, login or id>',
  isRequired: true,
  read(typed) {
    const text = trimIdentifier(typed)
    const fits = text !== '' && [...text].length <= MAX_IDENTIFIER_LENGTH && isPrintable(text)
    return fits ? text : undefined
  },
}
const optional = (shown: string): Argument => ({
  shown,
  isRequired: false,
  read: (typed) => typed || undefined,
})

/** By the name of the command, in the order of the help. */
export const usages = {
  serve: {
    summary: 'runs the service until SIGTERM or Ctrl-C; `rekey` alone does the same',
    details: [
      'Everything is set by the environment, also address and port (HOST, PORT). At the first signal it',
      'finishes what it has accepted, for SHUTDOWN_GRACE_SECONDS; a second one ends it at once.',
    ],
    statuses: ['0 after a clean stop', '1 when accepted work was lost or it cannot listen', CONFIG],
  },
  doctor: {
    summary: 'says whether the service will work here, and what to do where not',
    options: { json: 'prints the findings as JSON' },
    details: [
      'Looks at database, table, rights, hash formats, mail, reset page and keys. It changes nothing and',
      'mails nothing.',
    ],
    statuses: ['0 without a fault', '1 with one', CONFIG],
  },
  verify: {
    summary: 'says whether a password opens the hash of an account',
    argument: account,
    details: [
      'It asks for the password, or reads it from standard input, and names format and parameters of the',
      'hash. Try one test account before you go live: an application that changes a password before it hashes',
      'it would not accept what Rekey writes. It changes nothing.',
    ],
    statuses: ['0 yes', '1 no', '2 when it cannot tell', CONFIG],
  },
  explain: {
    summary: 'says what a request for a link would come to, and why',
    argument: account,
    options: { json: 'prints the same as JSON' },
    details: [
      'Which accounts the request would find, whether a mail would go to them, and why not. It mails nothing,',
      'changes nothing, and shows no link and no hash. What has an @ is tried as an id last, anything else',
      'first.',
    ],
    statuses: ['0 when a mail would go out', '1 when not', CONFIG],
  },
  link: {
    summary: 'mails a reset link to an account, or prints it',
    argument: account,
    options: { print: 'mails nothing and prints the link of one account' },
    details: [
      'Each account that it finds is mailed one, as a request would do. What has an @ is looked up as the',
      'service does it, by address, else by USERS_LOGIN_COLUMNS, and only then as an id; anything else as an',
      'id first, spelled as the table has it.',
    ],
    statuses: [
      '0 mailed or printed',
      '1 not',
      '75 when nobody knows whether it was mailed',
      CONFIG,
    ],
  },
  grants: {
    summary: 'prints the least rights that the mapping needs, as SQL',
    argument: optional('[role]'),
    details: [
      'For the role of DATABASE_URL where none is named. It changes nothing: you run the SQL.',
    ],
    statuses: ['0 printed', CONFIG],
  },
  migrate: {
    summary: "makes Rekey's own users table, for those who have none yet",
    details: [
      'It brings an older one up to date, and leaves a table that it did not make as it is.',
    ],
    statuses: ['0 when the table is up to date', '1 when it could not be made', CONFIG],
  },
  keygen: {
    summary: 'prints a new secret for LINK_SECRETS',
    details: ['Each run prints another one. It stores none.'],
    statuses: ['0 printed'],
  },
  preview: {
    summary: 'writes every mail in every language to a folder, and serves it to a browser',
    argument: optional('[folder]'),
    options: { 'write-only': 'writes the folder and serves nothing' },
    details: ['Without a folder it uses one of its own, and removes it at Ctrl-C.'],
    statuses: ['0 written, or stopped by Ctrl-C', '1 when it cannot write or listen', CONFIG],
  },
} as const satisfies Readonly<Record<string, Usage>>

export type CommandName = keyof typeof usages

/** @returns undefined for what is no command */
export function findUsage(
  name: string,
): { readonly name: CommandName; readonly usage: Usage } | undefined {
  return Object.hasOwn(usages, name)
    ? { name: name as CommandName, usage: usages[name as CommandName] }
    : undefined
}

/** How a command is called, in a line. */
export function synopsis(name: CommandName): string {
  const { argument, options = {} }: Usage = usages[name]
  const words = [...Object.keys(options).map((option) => `[--${option}]`), argument?.shown]
  return ['usage: rekey', name, ...words.filter(Boolean)].join(' ')
}

/** What `rekey <command> --help` prints. */
export function describeCommand(name: CommandName): string {
  const { summary, details, options = {}, statuses }: Usage = usages[name]
  const lines = Object.entries(options).map(([option, does]) => `  --${option}  ${does}`)
  return [
    synopsis(name),
    '',
    `${summary.charAt(0).toUpperCase()}${summary.slice(1)}.`,
    '',
    ...details,
    ...(lines.length > 0 ? ['', ...lines] : []),
    '',
    `status: ${[...statuses, OTHER].join('; ')}`,
  ].join('\n')
}

/** What `rekey --help` prints. */
export function describeCommands(): string {
  const lines = Object.entries<Usage>(usages).map(
    ([name, { summary }]) => `  ${name.padEnd(9)}${summary}`,
  )
  return [
    'usage: rekey [command] [options]',
    '',
    ...lines,
    '',
    '`rekey <command> --help` says more of a command, `rekey --version` which version this is. Settings come',
    'from the environment: .env.example explains every variable.',
  ].join('\n')
}
