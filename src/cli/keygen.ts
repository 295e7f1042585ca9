// `rekey keygen`: prints a new secret for LINK_SECRETS.

import { generateSecret } from '../core/key-ring.ts'
import type { ExitStatus, Terminal } from './terminal.ts'

export function keygen(terminal: Terminal): ExitStatus {
  terminal.out(generateSecret())
  return 0
}
