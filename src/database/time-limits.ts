// Time limits that the server enforces on every statement of a pool, also through a pooler in transaction mode
// (PgBouncer, which is what Heroku's connection pooling runs).
//
// Such a pooler refuses time limits as startup parameters, and a session-level `set` stays on the server connection for
// the client that gets it next. So each transaction sets them for itself, with its first statement and in the same round
// trip: Postgres runs everything before a Sync, or in one text, as one transaction, and a `begin` in it continues that
// transaction (PostgreSQL manual: Message Flow, "Pipelining", "Multiple Statements in a Simple Query").
import pg, { type ClientBase, type QueryConfig } from 'pg'
import { serialize } from 'pg-protocol'

export interface TimeLimits {
  /** The server cancels a statement that takes longer. */
  statementMs: number
  /** The server ends a session that is silent for longer inside a transaction: it holds locks. */
  idleInTransactionMs: number
}

const limitsByClient = new WeakMap<ClientBase, TimeLimits>()

/**
 * For the extended query protocol, the statement to send first; its answer has no row. Null inside a transaction. To be
 * asked when it is sent: while an earlier statement is not answered, nobody knows whether there is a transaction.
 */
export function limitsStatement(client: ClientBase): string | null {
  const limits = limitsByClient.get(client)
  if (limits === undefined || isInTransaction(client)) return null
  const { statementMs, idleInTransactionMs } = limits
  const idle = setConfig('idle_in_transaction_session_timeout', idleInTransactionMs)
  return `select where ${setConfig('statement_timeout', statementMs)} or ${idle}`
}

function isInTransaction(client: ClientBase): boolean {
  return client.getTransactionStatus() !== 'I'
}

/**
 * A condition that sets it, and is false. Not `set local`: outside a transaction block, which a Sync does not make, that
 * logs a warning.
 */
function setConfig(name: string, value: number): string {
  return `set_config('${name}', '${value}', true) is null`
}

const messagesByLimits = new WeakMap<TimeLimits, Buffer>()

/** Before a statement with parameters. That begins no transaction, so that one limit is the only one that matters. */
function limitsMessages(limits: TimeLimits): Buffer {
  let messages = messagesByLimits.get(limits)
  if (messages === undefined) {
    const text = `select where ${setConfig('statement_timeout', limits.statementMs)}`
    messages = Buffer.concat([serialize.parse({ text }), serialize.bind(), serialize.execute()])
    messagesByLimits.set(limits, messages)
  }
  return messages
}

/** Not a `select`, which takes the snapshot that `set transaction isolation level` must come before. */
function limitsSet({ statementMs, idleInTransactionMs }: TimeLimits): string[] {
  return [
    `set local statement_timeout = ${statementMs}`,
    `set local idle_in_transaction_session_timeout = ${idleInTransactionMs}`,
  ]
}

/** A class for pg.Pool, whose clients send the limits with whatever begins a transaction. */
export function limitedClient(limits: TimeLimits): typeof pg.Client {
  class LimitedClient extends pg.Client {
    constructor(config?: pg.ClientConfig) {
      super(config)
      limitsByClient.set(this, limits)
    }
  }
  // Apart from its overloads, which TypeScript would have repeated.
  Object.defineProperty(LimitedClient.prototype, 'query', { value: limitedQuery })
  return LimitedClient
}

type Callback = (error: Error | null, result: unknown) => void
type QueryArguments = [config: string | QueryConfig | pg.Submittable, values?: unknown, callback?: Callback]

function limitedQuery(this: pg.Client, ...args: QueryArguments): unknown {
  const send = pg.Client.prototype.query as (...args: QueryArguments) => unknown
  const [config, values, callback] = args
  const limits = limitsByClient.get(this)
  // Round trips bring their own (round-trip.ts).
  if (limits === undefined || (typeof config === 'object' && 'submit' in config))
    return send.apply(this, args)
  const query = new LimitedQuery(this, limits, config as QueryConfig, values, callback)
  if (query.callback) return send.call(this, query as unknown as pg.Submittable)
  const answered = new Promise((resolve, reject) => {
    query.callback = (error, result) => (error ? reject(error) : resolve(result))
  })
  send.call(this, query as unknown as pg.Submittable)
  // As pg does: the stack of a socket's event says nothing.
  return answered.catch((error) => {
    Error.captureStackTrace(error)
    throw error
  })
}

/** What pg 8.23 has and its types do not. */
interface Query {
  text: string
  callback: Callback | undefined
  requiresPreparation(): boolean
  submit(connection: pg.Connection): unknown
  prepare(connection: pg.Connection): void
  handleCommandComplete(message: object, connection: pg.Connection): void
}
const PgQuery = pg.Query as unknown as new (
  config: QueryConfig,
  values: unknown,
  callback?: Callback,
) => Query

/** Sets the limits first, unless it is sent inside a transaction. The answers to that are left out of the result. */
class LimitedQuery extends PgQuery {
  /** Read by pg.Client. */
  readonly query_timeout: number | undefined
  readonly #client: ClientBase
  readonly #limits: TimeLimits
  #answersToSkip = 0

  constructor(
    client: ClientBase,
    limits: TimeLimits,
    config: QueryConfig,
    values: unknown,
    callback?: Callback,
  ) {
    super(config, values, callback)
    this.query_timeout = (config as { query_timeout?: number }).query_timeout
    this.#client = client
    this.#limits = limits
  }

  override submit(connection: pg.Connection): unknown {
    if (!this.requiresPreparation() && !isInTransaction(this.#client)) {
      const first = limitsSet(this.#limits)
      this.#answersToSkip = first.length
      this.text = [...first, this.text].join(';\n')
    }
    return super.submit(connection)
  }

  override prepare(connection: pg.Connection): void {
    if (!isInTransaction(this.#client)) {
      this.#answersToSkip = 1
      connection.stream.write(limitsMessages(this.#limits))
    }
    super.prepare(connection)
  }

  override handleCommandComplete(message: object, connection: pg.Connection): void {
    if (this.#answersToSkip === 0) super.handleCommandComplete(message, connection)
    else this.#answersToSkip--
  }
}
