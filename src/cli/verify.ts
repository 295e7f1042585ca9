// `rekey verify <address, login or id>`: says whether a password opens the hash of an account.

import { isUsableHash } from '../core/usable-hash.ts'
import type { HashFormats } from '../hashing/registry.ts'
import { assembleFormats } from '../service/assemble-hasher.ts'
import type { Asked } from './read-arguments.ts'
import { showText } from './show-text.ts'
import { atSupportDesk, type FoundAccount, type SupportDesk } from './support-desk.ts'
import { EXIT_USAGE, type ExitStatus, type Terminal } from './terminal.ts'

const YES: ExitStatus = 0
const NO: ExitStatus = 1
const CANNOT_TELL: ExitStatus = 2

/** @returns 0 yes, 1 no, 2 when it cannot tell, 64 without a password, 78 for faults */
export function verify(terminal: Terminal, { argument }: Asked): Promise<ExitStatus> {
  const work = async (desk: SupportDesk) => {
    const found = await desk.find(argument)
    const formats = assembleFormats(desk.config)
    const hashes = found.map((each) => readHash(each, formats))
    const known = hashes.filter((hash) => 'stored' in hash)
    if (found.length === 0) terminal.err('cannot tell: there is no such account')
    for (const hash of hashes) {
      if ('obstacle' in hash) terminal.err(`${hash.account}: cannot tell: ${hash.obstacle}`)
    }
    if (known.length === 0 || known.length < hashes.length) return CANNOT_TELL
    const password = await terminal.readPassword('Password, which is not shown: ')
    if (password === undefined) {
      terminal.err('no password was given: type one, or pipe one in, as UTF-8')
      terminal.err('(in a container: `docker run -it` to type, `docker run -i` to pipe)')
      return EXIT_USAGE
    }
    return tryPassword(terminal, desk, known, password)
  }
  return atSupportDesk(terminal, work, CANNOT_TELL)
}

interface KnownHash {
  readonly account: string
  readonly stored: string
  /** Format and parameters. */
  readonly description: string
  /** What a reset would do other than keep that format. */
  readonly note: string | undefined
}

function readHash(
  { account: { id, passwordHash } }: FoundAccount,
  { formats, named }: HashFormats,
): KnownHash | { readonly account: string; readonly obstacle: string } {
  const account = `account ${showText(id)}`
  if (passwordHash === null || !isUsableHash(passwordHash)) {
    return { account, obstacle: 'it has no password' }
  }
  const format = formats.find((each) => each.recognise(passwordHash))
  if (!format) {
    return {
      account,
      obstacle: 'its hash is in no format that Rekey reads; `rekey doctor` counts the formats',
    }
  }
  const note =
    named && !named.recognise(passwordHash)
      ? `A reset writes ${named.name} in its place, as PASSWORD_HASH says: whether the application reads that, this cannot show.`
      : undefined
  return {
    account,
    stored: passwordHash,
    description: `${format.name}, ${format.describe(passwordHash)}`,
    note,
  }
}

async function tryPassword(
  terminal: Terminal,
  { composer: { hasher } }: SupportDesk,
  hashes: readonly KnownHash[],
  password: string,
): Promise<ExitStatus> {
  const answers = new Set<boolean>()
  for (const { account, stored, description, note } of hashes) {
    const isOpened = await hasher.verify(password, stored)
    answers.add(isOpened)
    const answer = isOpened ? 'yes, the password opens' : 'no, the password does not open'
    terminal.out(`${account}: ${answer} the hash (${description})`)
    if (isOpened && note) terminal.out(note)
  }
  if (answers.size > 1) {
    terminal.err('cannot tell: the accounts disagree; name one by its id')
    return CANNOT_TELL
  }
  if (answers.has(true)) return YES
  for (const line of MEANING_OF_NO) terminal.out(line)
  return NO
}

const MEANING_OF_NO = [
  'Either it is not the password, or the application changes a password before it hashes it, as',
  "Flask-Security does by an HMAC, Metabase by the row's salt, and others by a pepper (Devise's is",
  'PASSWORD_PEPPER). Sign in to the application with this password. If it lets you in, do not go live:',
  'a reset by Rekey would lock the account out.',
]
