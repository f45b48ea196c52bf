// What a database error is about: the data that was sent, something that passes by itself, or neither for certain. Knows
// codes, not statements: whether a statement is safe to send twice is for its owner to say.
import { DataError } from './data-error.ts'
import { TransientError } from './transient-error.ts'

/** Class 22 is data exception, class 23 integrity constraint violation. All others say nothing about the data. */
const DATA_STATE = /^2[23][0-9A-Z]{3}$/

/** Class 08 is the connection, class 53 is the server short of something (connections, memory, disk). */
const TRANSIENT_CLASSES = new Set(['08', '53'])

const TRANSIENT_STATES = new Set([
  '25006', // read_only_sql_transaction: the old primary, for a moment after a failover
  '25P03', // idle_in_transaction_session_timeout: the session was ended, the work rolled back
  '26000', // invalid_sql_statement_name: a prepared statement that somebody between us and the server forgot
  '40001', // serialization_failure
  '40P01', // deadlock_detected
  '55P03', // lock_not_available: lock_timeout
  '57P01', // admin_shutdown: a restart, or pg_terminate_backend
  '57P02', // crash_shutdown: another backend crashed and took this one along
  '57P03', // cannot_connect_now: starting up or recovering
  '57P05', // idle_session_timeout
])
// Not 57014 (statement_timeout): what was too slow once is too slow again, and sent again it doubles the load.

const TRANSIENT_SOCKET_CODES = new Set([
  'EAI_AGAIN',
  'ECONNABORTED',
  'ECONNREFUSED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EPIPE',
  'ETIMEDOUT',
])

/** What pg and pg-pool say without any code (pg 8.23, pg-pool 3.14; they have no other mark). */
const TRANSIENT_MESSAGES = [
  'Connection terminated', // also "… unexpectedly" and "… due to connection timeout"
  'timeout exceeded when trying to connect',
  'Query read timeout',
  'Client has encountered a connection error and is not queryable',
  'Client was closed and is not queryable',
]

/** True where the database refuses the data itself: the same data will be refused again. */
export function isDataError(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  const { code } = error as { code?: unknown }
  return error instanceof DataError || (typeof code === 'string' && DATA_STATE.test(code))
}

/** True where the same work may well succeed a little later: the caller answers 503 or tries again. */
export function isTransient(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (error instanceof TransientError || hasTransientCode(error)) return true
  if (TRANSIENT_MESSAGES.some((message) => error.message.startsWith(message))) return true
  // A name with two addresses fails as one AggregateError over both.
  if (error instanceof AggregateError && error.errors.some(isTransient)) return true
  return isTransient(error.cause)
}

function hasTransientCode(error: Error & { code?: unknown; syscall?: unknown }): boolean {
  const { code } = error
  if (typeof code !== 'string') return false
  if (TRANSIENT_STATES.has(code) || TRANSIENT_SOCKET_CODES.has(code)) return true
  // No such file, but of a unix socket: the server is not up yet.
  if (code === 'ENOENT') return error.syscall === 'connect'
  return /^[0-9A-Z]{5}$/.test(code) && TRANSIENT_CLASSES.has(code.slice(0, 2))
}
