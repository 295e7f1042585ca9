// What the codes of PostgreSQL, the network and the driver mean, in words, and what to do about each.

/** A failure in words. */
export interface FailureWords {
  readonly says: string
  readonly remedy: string
}

const say = (says: string, remedy: string): FailureWords => ({ says, remedy })
const SERVER_LOG = 'look into the log of the server or pooler'
const POOLER = 'behind a transaction pooler set DATABASE_PREPARE=false'

const AWAY = say(
  'there is no route to the host',
  'correct the host in DATABASE_URL, or the network on the way',
)
const CUT = say('the connection was cut', `${SERVER_LOG}, which ended it; it may have no TLS`)
const SILENT = say(
  'no answer came in time',
  'open the way to host and port of DATABASE_URL in the firewall, and see whether the server hangs',
)
const TLS = say(
  "the server's certificate is not accepted",
  "name the CA of the server's certificate in DATABASE_CA_FILE, and the host as it is in the certificate",
)

const WORDS: Readonly<Record<string, FailureWords>> = {
  ECONNREFUSED: say(
    'nobody listens there',
    'start the server, or correct host and port in DATABASE_URL',
  ),
  ENOENT: say('there is no such socket', 'start the server, or correct the host in DATABASE_URL'),
  ENOTFOUND: say('there is no such host', 'correct the host in DATABASE_URL'),
  EAI_AGAIN: say(
    'the name service does not answer',
    'check the name service, or correct the host in DATABASE_URL',
  ),
  HUNG_UP: say(
    'the other side hangs up without a word',
    'start the server behind the proxy or pooler, or correct host and port in DATABASE_URL',
  ),
  EHOSTUNREACH: AWAY,
  ENETUNREACH: AWAY,
  CONNECT_TIMEOUT: SILENT,
  ETIMEDOUT: SILENT,
  CONNECTION_DESTROYED: SILENT,
  ECONNRESET: CUT,
  EPIPE: CUT,
  CONNECTION_CLOSED: CUT,
  '08P01': say(
    'the server or a pooler does not take the settings of the connection, or not this user',
    `${POOLER}, else ${SERVER_LOG}`,
  ),
  '22023': say(
    'a setting of the connection has a value that the server refuses',
    'correct the parameters of DATABASE_URL',
  ),
  '25006': say(
    'the database can only be read',
    'name the primary in DATABASE_URL, or several hosts of which one is it',
  ),
  '26000': say('a prepared statement is gone', POOLER),
  '28000': say(
    'the server does not let the role in from here',
    'let the role in with a line in pg_hba.conf, or add ?sslmode=verify-full',
  ),
  '28P01': say(
    'the password is wrong, or there is no such role',
    'correct the password in DATABASE_URL, or set it with ALTER ROLE',
  ),
  '3D000': say(
    'there is no such database',
    'correct the name of the database in DATABASE_URL, or create it',
  ),
  '42501': say('the role lacks a right', 'run what `rekey grants` prints'),
  '42704': say(
    'the server does not know a setting of the connection',
    'correct the parameters of DATABASE_URL',
  ),
  '42P05': say('a prepared statement is there already', POOLER),
  '53100': say('the disk of the server is full', 'make room on it'),
  '53200': say('the server is out of memory', 'give it more memory, or fewer connections'),
  '53300': say(
    'no connection is left for the role',
    'lower DATABASE_POOL_MAX, or raise max_connections of the server',
  ),
  '57014': say(
    'a statement took too long and was ended',
    'see what holds it up: a lock, or an index that is missing',
  ),
  '57P01': say('the server shuts down', 'wait for it to come back, or start it'),
  '57P02': say('the server has crashed', SERVER_LOG),
  '57P03': say('the server is starting up', 'wait; if it lasts, look into its log'),
  XX000: say('the server or a pooler has an internal error', SERVER_LOG),
}
const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO|ERR_TLS|ERR_SSL|EPROTO/

/** @param code as `nameFailure` gives it. @returns undefined for one that nothing is known of */
export function findWords(code: string): FailureWords | undefined {
  return WORDS[code] ?? (CERTIFICATE.test(code) ? TLS : undefined)
}
