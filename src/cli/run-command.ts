// Finds the command that is asked for, and runs it with arguments that it takes.

import { type Asked, readArguments } from './read-arguments.ts'
import { showText } from './show-text.ts'
import { EXIT_USAGE, type ExitStatus, type Terminal } from './terminal.ts'
import {
  type CommandName,
  describeCommand,
  describeCommands,
  findUsage,
  synopsis,
  usages,
} from './usages.ts'

type Command = (terminal: Terminal, asked: Asked) => ExitStatus | Promise<ExitStatus>

// Imported when asked for: a short command does not load the whole service.
const commands: Readonly<Record<CommandName, () => Promise<Command>>> = {
  serve: async () => (await import('./serve.ts')).serve,
  doctor: async () => (await import('./doctor.ts')).doctor,
  verify: async () => (await import('./verify.ts')).verify,
  explain: async () => (await import('./explain.ts')).explain,
  link: async () => (await import('./link.ts')).link,
  grants: async () => (await import('./grants.ts')).grants,
  migrate: async () => (await import('./migrate.ts')).migrate,
  keygen: async () => (await import('./keygen.ts')).keygen,
  preview: async () => (await import('./preview.ts')).preview,
}

const HELP = ['help', '--help', '-h']

/**
 * Runs what the words behind `rekey` ask for. What is asked in a way that the command does not take is
 * refused before any of the command is loaded.
 *
 * @returns what the command ends with; 0 for help and version, 64 for other words
 */
export async function runCommand(
  [word = 'serve', ...args]: readonly string[],
  terminal: Terminal,
): Promise<ExitStatus> {
  if (HELP.includes(word)) return help(terminal, args)
  if (word === '--version') return version(terminal, args)
  const found = findUsage(word)
  if (!found) return refuseWord(terminal, word)
  const { name, usage } = found
  const reading = readArguments(usage, args)
  if (reading === 'help') {
    terminal.out(describeCommand(name))
    return 0
  }
  if ('fault' in reading) {
    terminal.err(`rekey ${name}: ${reading.fault}`)
    terminal.err(synopsis(name))
    terminal.err(`\`rekey ${name} --help\` says more of it.`)
    return EXIT_USAGE
  }
  const command = await commands[name]()
  return command(terminal, reading.asked)
}

function help(terminal: Terminal, args: readonly string[]): ExitStatus {
  const [word, ...extra] = args.filter((arg) => !HELP.includes(arg))
  const found = word === undefined ? undefined : findUsage(word)
  if (word !== undefined && !found) return refuseWord(terminal, word)
  if (extra.length > 0) {
    terminal.err('usage: rekey help [command]')
    return EXIT_USAGE
  }
  terminal.out(found ? describeCommand(found.name) : describeCommands())
  return 0
}

async function version(terminal: Terminal, extra: readonly string[]): Promise<ExitStatus> {
  if (extra.length > 0) {
    terminal.err('usage: rekey --version')
    return EXIT_USAGE
  }
  terminal.out((await import('./version.ts')).readVersion())
  return 0
}

/** Without what may follow an equals sign: it may be a secret. */
function refuseWord(terminal: Terminal, word: string): ExitStatus {
  const shown = showText(word.replace(/=.*/s, ''))
  const names = Object.keys(usages).join(', ')
  terminal.err(`rekey has no command ${shown}; use one of ${names}, or --help`)
  return EXIT_USAGE
}
