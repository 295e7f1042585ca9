// The fault of a server that takes no writes, as readiness and doctor both report it.

import { reportFault } from '../core/finding.ts'

export const READ_ONLY = reportFault(
  'read-only',
  'the database can only be read: no password can be written',
  'name the primary in DATABASE_URL, or several hosts of which one is it, or set default_transaction_read_only to off',
)
